import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { openImageStore } from './store.ts'
import { skip } from './testing.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-layer-`)
after(() => { rmSync(work, { recursive: true, force: true }) })

let archives = 0
/** An archive of these files; a path that ends with a slash is a directory. */
function archive(files: Readonly<Record<string, string>>): string {
  const directory = `${work}/${++archives}`
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(path.endsWith('/') ? `${directory}/${path}` : dirname(`${directory}/${path}`), { recursive: true })
    if (!path.endsWith('/')) writeFileSync(`${directory}/${path}`, content)
  }
  execFileSync('tar', ['-C', directory, '-cf', `${directory}.tar`, '.'])
  return `${directory}.tar`
}

test('what layers hide, show and repeat is seen as images mean it', { skip }, () => {
  const base = { 'file': 'old', 'd/a': 'a', 'd/b': 'b', 'e/a': 'a' }
  const rows: readonly (readonly [what: string, layers: readonly Readonly<Record<string, string>>[], shown: readonly string[]])[] = [
    ['a removed file and directory', [base, { '.wh.file': '', '.wh.d': '' }], ['e/', 'e/a a']],
    ['a directory that hides what was in it', [base, { 'd/.wh..wh..opq': '', 'd/c': 'c' }], ['d/', 'd/c c', 'e/', 'e/a a', 'file old']],
    ['a file that is removed and there again', [base, { '.wh.file': '', 'file': 'new' }], ['d/', 'd/a a', 'd/b b', 'e/', 'e/a a', 'file new']],
    ['a directory that is removed and there again', [base, { '.wh.d': '', 'd/c': 'c' }], ['d/', 'd/c c', 'e/', 'e/a a', 'file old']],
    ['a directory instead of a file', [base, { '.wh.file': '', 'file/in': 'x' }], ['d/', 'd/a a', 'd/b b', 'e/', 'e/a a', 'file/', 'file/in x']],
    ['a mark for what is not there', [{ 'a': '1' }, { '.wh.b': '' }], ['a 1']],
    ['an empty layer twice, and a layer that comes again', [{ 'a': '1' }, { 'x/': '' }, { '.wh.a': '' }, { 'x/': '' }, { 'a': '1' }], ['a 1', 'x/']],
  ]
  const images = JSON.stringify(rows.map(([, layers]) => layers.map(archive)))
  const said = execFileSync('unshare', ['--mount', '--propagation', 'private', process.execPath, join(import.meta.dirname, 'layer.child.ts'), images], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const seen: unknown = JSON.parse(said)
  assert.deepEqual(seen, rows.map(([, , shown]) => shown))
})

test('a mark that would hide another directory than its own is refused', { skip }, async () => {
  const store = openImageStore(`${work}/store`)
  for (const name of ['.wh.', '.wh..', '.wh...']) await assert.rejects(store.addLayer(createReadStream(archive({ [`d/${name}`]: '' })), undefined), { message: `invalid whiteout name: /d/${name}` })
})
