// Images are made by strangers: what their words and links may not reach.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { loadImages } from './load.ts'
import { pullImage } from './pull.ts'
import { digestOf, openImageStore } from './store.ts'
import { serve } from './testing.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-hostile-`)
after(() => { rmSync(work, { recursive: true, force: true }) })
const aStore = (name: string) => openImageStore(`${work}/${name}`)

test('an archive reaches no file outside itself, neither by name nor by link', async () => {
  writeFileSync(`${work}/secret.json`, '{"rootfs":{"diff_ids":[]},"secret":1}')
  for (const [config, link] of [['../secret.json', undefined], [`${work}/secret.json`, undefined], ['config.json', '../secret.json'], ['config.json', `${work}/secret.json`], ['folder/secret.json', '..']] as const) {
    const directory = mkdtempSync(`${work}/archive-`)
    if (link !== undefined) symlinkSync(link, `${directory}/${config.split('/')[0]}`)
    writeFileSync(`${directory}/manifest.json`, JSON.stringify([{ Config: config, RepoTags: ['stolen:1'], Layers: [] }]))
    await assert.rejects(loadImages(directory, aStore('outside')), { message: `the archive names a path outside itself: ${config}` })
  }
})

test('a link inside an archive is followed: docker save makes them', async () => {
  const directory = mkdtempSync(`${work}/archive-`)
  mkdirSync(`${directory}/a`)
  writeFileSync(`${directory}/a/config.json`, JSON.stringify({ rootfs: { diff_ids: [] } }))
  symlinkSync('a/config.json', `${directory}/config.json`)
  writeFileSync(`${directory}/manifest.json`, JSON.stringify([{ Config: 'config.json', RepoTags: ['fine:1'], Layers: [] }]))
  assert.deepEqual((await loadImages(directory, aStore('inside'))).map(({ reference }) => reference), ['docker.io/library/fine:1'])
})

test('a layer is named by its digest and by nothing else', () => {
  const store = aStore('digests')
  for (const diffId of ['sha256:../../../../../../etc/x', 'sha256:abc', '']) {
    assert.throws(() => store.addImage('a', { configuration: JSON.stringify({ rootfs: { diff_ids: [diffId] } }), sizeBytes: 0 }), { message: `${JSON.stringify(diffId)} is no SHA-256 digest` })
  }
})

test('what is asked for by digest is what comes, and a manifest has an end', async () => {
  const endless = Buffer.alloc(1 << 20, 32)
  const registry = await serve((request, response) => {
    if (request.url?.includes('endless') !== true) { response.end('{}'); return }
    const more = (): void => { while (!response.destroyed && response.write(endless)); }
    response.on('drain', more)
    more()
  })
  const failure = async (name: string): Promise<string> => { const answer = await pullImage(`${registry}/${name}`, aStore('pulled'), {}); return answer.is === 'failed' ? answer.message : answer.is }
  for (const digest of [`sha256:${'0'.repeat(64)}`, `sha512:${'0'.repeat(128)}`]) {
    assert.match(await failure(`a@${digest}`), new RegExp(`unexpected commit digest ${digestOf('{}')}, expected ${digest}`))
  }
  assert.match(await failure('endless:1'), /the answer is longer than 8388608 bytes/)
})
