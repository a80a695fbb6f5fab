import { chmodSync, chownSync, fstatSync, lchownSync, readdirSync } from 'node:fs'
import { holding } from '../../linux/held-files.ts'

/** As the kubelet with fsGroup: everything belongs to the group and new files will too. With `onMismatch` only when the root does not yet. */
export function giveToGroup(path: string, group: number, { readOnly, onMismatch = false }: { readonly readOnly: boolean; readonly onMismatch?: boolean }): void {
  if (!onMismatch || !isGiven(path, group, readOnly)) give(path, group, readOnly)
}

const granted = (readOnly: boolean): number => (readOnly ? 0o440 : 0o660)
const directoryBits = 0o2110

function isGiven(path: string, group: number, readOnly: boolean): boolean {
  return holding(path, (held) => {
    const { gid, mode } = fstatSync(held)
    const wanted = granted(readOnly) | directoryBits
    return gid === group && (mode & wanted) === wanted
  })
}

/** Another pod that has the volume may put links in the place of files meanwhile: each is held, and what is below it found from there. */
function give(path: string, group: number, readOnly: boolean): void {
  holding(path, (held) => {
    const found = fstatSync(held)
    // Of a link itself: nothing follows it.
    if (found.isSymbolicLink()) { lchownSync(path, found.uid, group); return }
    const own = `/proc/self/fd/${held}`
    chownSync(own, found.uid, group)
    chmodSync(own, (found.mode & 0o7777) | granted(readOnly) | (found.isDirectory() ? directoryBits : 0))
    if (found.isDirectory()) for (const name of readdirSync(own)) give(`${own}/${name}`, group, readOnly)
  })
}
