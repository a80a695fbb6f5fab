// In a mount namespace of its own: mounts images, each given by the archives of its layers, and prints what is to be seen of each.
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { openImageStore } from './store.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-layers-`)
execFileSync('mount', ['-t', 'tmpfs', 'layers', work])
const store = openImageStore(`${work}/store`)
const root = `${work}/root`
mkdirSync(root)
const shown = (directory: string): readonly string[] => readdirSync(`${root}/${directory}`).sort().flatMap((name) => {
  const path = `${directory}${name}`
  return statSync(`${root}/${path}`).isDirectory() ? [`${path}/`, ...shown(`${path}/`)] : [`${path} ${readFileSync(`${root}/${path}`, 'utf8')}`]
})
const seen: (readonly string[])[] = []
for (const archives of JSON.parse(process.argv[2] ?? '[]') as readonly (readonly string[])[]) { // the test wrote it
  const layers: string[] = []
  for (const archive of archives) layers.push(await store.addLayer(createReadStream(archive), undefined))
  const image = store.addImage(`a:${seen.length}`, { configuration: JSON.stringify({ rootfs: { diff_ids: layers } }), sizeBytes: 0 })
  // Of one layer alone no overlay without an upper directory is made.
  mkdirSync(`${work}/under`, { recursive: true })
  execFileSync('mount', ['-t', 'overlay', '-o', `lowerdir=${[...store.layerDirectories(image), `${work}/under`].join(':')}`, 'root', root])
  seen.push(shown(''))
  execFileSync('umount', [root])
}
process.stdout.write(JSON.stringify(seen))
execFileSync('umount', [work])
rmSync(work, { recursive: true })
