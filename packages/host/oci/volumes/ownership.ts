import { chmodSync, lchownSync, lstatSync, readdirSync } from 'node:fs'

/** As the kubelet with fsGroup: everything belongs to the group and new files will too. With `onMismatch` only when the root does not yet. */
export function giveToGroup(path: string, group: number, { readOnly, onMismatch = false }: { readonly readOnly: boolean; readonly onMismatch?: boolean }): void {
  if (!onMismatch || !isGiven(path, group, readOnly)) give(path, group, readOnly)
}

const granted = (readOnly: boolean): number => (readOnly ? 0o440 : 0o660)
const directoryBits = 0o2110

function isGiven(path: string, group: number, readOnly: boolean): boolean {
  const { gid, mode } = lstatSync(path)
  const wanted = granted(readOnly) | directoryBits
  return gid === group && (mode & wanted) === wanted
}

function give(path: string, group: number, readOnly: boolean): void {
  const found = lstatSync(path)
  lchownSync(path, found.uid, group)
  if (found.isSymbolicLink()) return
  chmodSync(path, (found.mode & 0o7777) | granted(readOnly) | (found.isDirectory() ? directoryBits : 0))
  if (found.isDirectory()) for (const name of readdirSync(path)) give(`${path}/${name}`, group, readOnly)
}
