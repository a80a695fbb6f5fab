import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mirrorOf } from './static-pods.ts'

const manifest = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec: {containers: [{name: web, image: "web:1"}]}\n'
const at = { node: 'node-1', file: 'web.yaml' }

test('a manifest becomes a mirror pod of its node, known by what it says', () => {
  const pod = mirrorOf(manifest, at)
  assert.ok(typeof pod !== 'string')
  const { name, namespace, labels, annotations = {} } = pod.metadata
  assert.deepEqual([name, namespace, labels, pod.spec.nodeName, pod.spec.tolerations], ['web-node-1', 'default', { app: 'web' }, 'node-1', [{ effect: 'NoExecute', operator: 'Exists' }]])
  assert.deepEqual([annotations['kubernetes.io/config.source'], annotations['kubernetes.io/config.mirror'] === annotations['kubernetes.io/config.hash']], ['file', true])
  const other = mirrorOf(manifest.replace('web:1', 'web:2'), at)
  assert.ok(typeof other !== 'string')
  assert.notEqual(other.metadata.annotations?.['kubernetes.io/config.hash'], annotations['kubernetes.io/config.hash'])
})

test('what is no pod is told', () => {
  assert.deepEqual([mirrorOf('a: [', at), mirrorOf('kind: Service', at), mirrorOf('apiVersion: v1\nkind: Pod\nmetadata: {name: a}', at)], ['it is no YAML', 'it is no Pod of v1 with a name and a spec', 'it is no Pod of v1 with a name and a spec'])
})
