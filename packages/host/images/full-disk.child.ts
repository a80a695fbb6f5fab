// In a mount namespace of its own: a store on a disk of 20 MB that images fill, and what is collected of them. Prints a line for each step.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { wordsOf } from '@kubeskiff/core/base'
import { ImageCollector } from './collector.ts'
import { openImageStore } from './store.ts'

const disk = mkdtempSync(`${tmpdir()}/skiff-full-`)
const source = mkdtempSync(`${tmpdir()}/skiff-source-`)
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'images', disk])
const store = openImageStore(disk)
const print = (line: string): void => { process.stdout.write(`${line}\n`) }
const inUse = new Set<string>()
let now = 0
const collector = new ImageCollector({ store, inUse: () => inUse, disk: async () => { const { bsize, blocks, bavail } = statfsSync(disk); return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize } }, now: () => now })

async function add(name: string, megabytes: number): Promise<void> {
  const directory = `${source}/${name}`
  mkdirSync(directory)
  writeFileSync(`${directory}/data`, randomBytes(megabytes << 20))
  execFileSync('tar', ['-C', directory, '-cf', `${directory}.tar`, '.'])
  const layer = await store.addLayer(createReadStream(`${directory}.tar`), undefined)
  store.addImage(`docker.io/library/${name}:1`, { configuration: JSON.stringify({ name, rootfs: { diff_ids: [layer] } }), sizeBytes: megabytes << 20, digest: `docker.io/library/${name}@sha256:${name}` })
}
const names = (references: readonly string[]): string => references.map((reference) => reference.replace('docker.io/library/', '')).join(' ')
const look = async (): Promise<void> => {
  const { removed, freedBytes, wantedBytes } = await collector.look()
  print(`removed [${names(removed)}]${freedBytes < wantedBytes ? ', too little' : ''}`)
}

for (const name of ['a', 'b', 'c', 'd']) await add(name, 4)
await look() // 80 %
now = 60_000
inUse.add('docker.io/library/a@sha256:a')
await look()
await add('e', 2) // 90 %
now = 119_999
await look() // all are too young
inUse.clear()
inUse.add('docker.io/library/c@sha256:c')
now = 130_000
await look() // b was never used; a was until a minute ago, and stays
print(`here [${names(store.list().map(({ reference }) => reference))}]`)
const failed = await add('huge', 12).then(() => 'it fitted', (error: unknown) => (wordsOf(error)))
print(`huge: ${failed}`)
print(`left over: ${readdirSync(`${disk}/layers`).filter((name) => name.startsWith('.')).length}`)
print(`here [${names(store.list().map(({ reference }) => reference))}]`)
for (const { reference } of store.list()) await store.remove(reference, new Set())
await add('after', 12)
print(`here [${names(store.list().map(({ reference }) => reference))}]`)
execFileSync('umount', [disk])
for (const directory of [disk, source]) rmSync(directory, { recursive: true, force: true })
