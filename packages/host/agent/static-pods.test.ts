import assert from 'node:assert/strict'
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodes, pods } from '@kubeskiff/core/api'
import { createStore } from '@kubeskiff/core/store'
import { followManifests, mirrorOf } from './static-pods.ts'

const manifest = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec: {containers: [{name: web, image: "web:1"}]}\n'
const at = { node: 'node-1', file: 'web.yaml' }

test('a manifest becomes a mirror pod of its node, known by what it says', async () => {
  const pod = await mirrorOf(manifest, at)
  assert.ok(typeof pod !== 'string')
  const { name, namespace, labels, annotations = {} } = pod.metadata
  assert.deepEqual([name, namespace, labels, pod.spec.nodeName, pod.spec.tolerations], ['web-node-1', 'default', { app: 'web' }, 'node-1', [{ effect: 'NoExecute', operator: 'Exists' }]])
  assert.deepEqual([annotations['kubernetes.io/config.source'], annotations['kubernetes.io/config.mirror'] === annotations['kubernetes.io/config.hash']], ['file', true])
  const other = await mirrorOf(manifest.replace('web:1', 'web:2'), at)
  assert.ok(typeof other !== 'string')
  assert.notEqual(other.metadata.annotations?.['kubernetes.io/config.hash'], annotations['kubernetes.io/config.hash'])
})

test('what is no pod is told', async () => {
  assert.deepEqual([await mirrorOf('a: [', at), await mirrorOf('kind: Service', at), await mirrorOf('apiVersion: v1\nkind: Pod\nmetadata: {name: a}', at)], ['it is no YAML', 'it is no Pod of v1 with a name and a spec', 'it is no Pod of v1 with a name and a spec'])
})

test('a manifest that cannot be read is told once and stops no other, and a folder that goes away takes its pods with it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-manifests-'))
  const folder = join(directory, 'manifests')
  mkdirSync(folder)
  writeFileSync(join(folder, 'web.yaml'), manifest)
  symlinkSync('nowhere', join(folder, 'away.yaml'))
  const store = createStore({ historyMax: 10 })
  store.load([{ key: { resource: nodes.resource, namespace: '', name: 'node-1' }, revision: 1, object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', uid: 'n', resourceVersion: '1' }, spec: {}, status: {} } as never }])
  const asked: string[] = []
  const troubles: string[] = []
  let heard = (): void => {}
  const next = (): Promise<void> => new Promise((resolve) => { heard = resolve })
  const connection = { request: async (method: string, path: string, options?: { readonly body?: string | Uint8Array }) => {
    asked.push(`${method} ${path}`)
    const key = { resource: pods.resource, namespace: 'default', name: 'web-node-1' }
    if (method === 'POST') store.load([{ key, revision: 2, object: { ...JSON.parse(String(options?.body)), status: {} } as never }])
    heard()
    return { status: 201, headers: {}, body: '{}' }
  } }
  const posted = next()
  const manifests = followManifests({ node: 'node-1', directory: folder, connection: connection as never, view: store.view, now: () => 0, onTrouble: (message) => { troubles.push(message) } })
  try {
    await posted
    assert.deepEqual(asked, ['POST /api/v1/namespaces/default/pods'])
    assert.equal(troubles.length, 1)
    assert.match(troubles[0] ?? '', /away\.yaml: ENOENT/)
    const deleted = next()
    rmSync(folder, { recursive: true })
    await deleted
    assert.deepEqual([asked.slice(1), troubles.length], [['DELETE /api/v1/namespaces/default/pods/web-node-1'], 1])
  } finally {
    manifests.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
