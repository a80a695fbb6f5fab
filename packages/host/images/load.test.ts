import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadImages } from './load.ts'
import { digestOf, openImageStore } from './store.ts'

const directory = mkdtempSync(join(tmpdir(), 'skiff-load-test-'))
after(() => { rmSync(directory, { recursive: true, force: true }) })

/** An OCI layout of an image without layers, whose configuration may be another than the one its manifest names. */
function aLayout(name: string, configuration: string, written = configuration): string {
  const layout = join(directory, name)
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
  const put = (text: string, as = digestOf(text)): { readonly mediaType: string; readonly digest: string; readonly size: number } => {
    writeFileSync(join(layout, 'blobs', as.replace(':', '/')), text)
    return { mediaType: 'application/json', digest: as, size: text.length }
  }
  const manifest = put(JSON.stringify({ config: put(written, digestOf(configuration)), layers: [] }))
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ manifests: [{ ...manifest, annotations: { 'org.opencontainers.image.ref.name': `localhost/${name}:1` } }] }))
  return layout
}
const configuration = JSON.stringify({ config: { Cmd: ['true'] }, rootfs: { type: 'layers', diff_ids: [] } })

test('an image of a layout is loaded under the name that it has in it', async () => {
  const store = openImageStore(join(directory, 'store'))
  const loaded = await loadImages(aLayout('good', configuration), store)
  assert.deepEqual([loaded.map(({ reference }) => reference), store.find('localhost/good:1')?.settings], [['localhost/good:1'], { Cmd: ['true'] }])
})

test('a configuration that is not what its digest says is not taken', async () => {
  const store = openImageStore(join(directory, 'store'))
  await assert.rejects(loadImages(aLayout('bad', configuration, configuration.replace('true', 'evil')), store), /the content of sha256:[0-9a-f]+ is sha256:/)
  assert.equal(store.find('localhost/bad:1'), undefined)
})
