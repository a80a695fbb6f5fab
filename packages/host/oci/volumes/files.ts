import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { VolumeSpec } from '@kubeskiff/core/kubelet'
import { giveToGroup } from './ownership.ts'

type FilesVolume = Extract<VolumeSpec, { readonly is: 'files' }>

/**
 * The kubelet's way of changing many files at once: real files in a directory of their own, `..data` pointing to it, and
 * each visible name pointing through `..data`. One rename changes all. `stamp` names the new directory.
 */
export function writeFiles(target: string, { files, group }: FilesVolume, stamp: string): void {
  const before = linkTarget(`${target}/..data`)
  if (before !== undefined && sameFiles(`${target}/${before}`, files, group)) return
  const next = `..${stamp}`
  // Left by a process that was stopped here.
  rmSync(`${target}/${next}`, { recursive: true, force: true })
  mkdirSync(`${target}/${next}`, { mode: 0o755 })
  chmodSync(`${target}/${next}`, 0o755)
  for (const file of files) {
    const path = `${target}/${next}/${file.path}`
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    writeFileSync(path, file.bytes, { mode: 0o600 })
    chmodSync(path, file.mode)
    if (file.user !== undefined) chownSync(path, file.user, statSync(path).gid)
  }
  // Before anybody sees them.
  if (group !== undefined) giveToGroup(`${target}/${next}`, group, { readOnly: true })
  rmSync(`${target}/..data_tmp`, { force: true })
  symlinkSync(next, `${target}/..data_tmp`)
  renameSync(`${target}/..data_tmp`, `${target}/..data`)
  const visible = new Set(files.flatMap((file) => file.path.split('/').slice(0, 1)))
  for (const name of visible) if (linkTarget(`${target}/${name}`) === undefined) symlinkSync(`..data/${name}`, `${target}/${name}`)
  for (const name of readdirSync(target)) if (!name.startsWith('..') && !visible.has(name)) rmSync(`${target}/${name}`, { recursive: true, force: true })
  if (before !== undefined && before !== next) rmSync(`${target}/${before}`, { recursive: true, force: true })
}

function sameFiles(directory: string, files: FilesVolume['files'], group: number | undefined): boolean {
  if (!existsSync(directory)) return false
  const there = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
  const granted = group === undefined ? 0 : 0o440
  return there === files.length && files.every((file) => {
    const path = `${directory}/${file.path}`
    return existsSync(path) && (statSync(path).mode & 0o777) === ((file.mode | granted) & 0o777) && readFileSync(path).equals(file.bytes)
  })
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined // Not there, or no link.
  }
}
