import { readFileSync } from 'node:fs'

let isOrdinary: boolean | undefined
/** Whether we are in a user namespace, where root is an ordinary user of the machine. */
export function inUserNamespace(): boolean {
  return isOrdinary ??= !/^\s*0\s+0\s+4294967295\s*$/.test(readOr('/proc/self/uid_map'))
}
/** The last group id that there is in our user namespace. */
export function lastGroup(): number {
  const ends = readOr('/proc/self/gid_map').trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number)).map(([first = 0, , count = 1]) => first + count - 1)
  return Math.max(...ends)
}
function readOr(path: string): string {
  try { return readFileSync(path, 'utf8') } catch {
    return '0 0 4294967295' // A kernel without them.
  }
}
