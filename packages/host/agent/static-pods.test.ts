import assert from 'node:assert/strict'
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type Action, nodes, type Pod, pods, type Submit } from '@kubeskiff/core/api'
import { createStore } from '@kubeskiff/core/store'
import { podOfManifest } from './manifest.ts'
import { ManifestFolder } from './manifests.ts'
import { StaticPods } from './static-pods.ts'

const manifest = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec: {containers: [{name: web, image: "web:1"}]}\n'
const at = { node: 'node-1', file: 'web.yaml' }
const podOf = (text: string): Pod => {
  const pod = podOfManifest(text, at)
  assert.ok(typeof pod !== 'string', String(pod))
  return pod
}

test('a manifest becomes a pod of its node, known by what it says and not by how it is written', () => {
  const { metadata: { name, namespace, labels, uid, annotations = {} }, spec, status } = podOf(manifest)
  assert.deepEqual([name, namespace, labels, spec.nodeName, spec.tolerations, spec.restartPolicy, status.phase], ['web-node-1', 'default', { app: 'web' }, 'node-1', [{ effect: 'NoExecute', operator: 'Exists' }], 'Always', 'Pending'])
  assert.deepEqual([annotations['kubernetes.io/config.source'], annotations['kubernetes.io/config.hash']], ['file', uid])
  assert.equal(podOf(`# a remark\n${manifest}`).metadata.uid, uid)
  assert.notEqual(podOf(manifest.replace('web:1', 'web:2')).metadata.uid, uid)
})

test('what is no pod that a node could run without the API is told, in upstream\'s words', () => {
  const withSpec = (spec: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: ${spec}`
  const container = 'containers: [{name: a, image: a}]'
  for (const [text, fault] of [
    ['a: [', /^couldn't parse as pod\(.*\), please check config file$/s], ['kind: Service\napiVersion: v1', /^couldn't parse as pod\(/], ['apiVersion: v1\nkind: Pod\nmetadata: {}', /^invalid pod: name is needed for the pod$/],
    [withSpec('{}'), /^invalid pod: spec\.containers: Required value$/], [withSpec('{containers: 3}'), /^couldn't parse as pod\(/],
    [withSpec(`{${container}, serviceAccountName: default}`), /^static pods may not reference serviceaccounts$/], [withSpec(`{${container}, imagePullSecrets: [{name: s}]}`), /^static pods may not reference secrets$/],
    [withSpec(`{${container}, volumes: [{name: v, configMap: {name: c}}]}`), /^static pods may not reference configmaps$/], [withSpec(`{${container}, volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]}`), /^static pods may not reference persistentvolumeclaims$/],
  ] as const) assert.match(String(podOfManifest(text, at)), fault)
})

test('every file counts whose name does not begin with a dot, the first one of a name; what cannot be read stops no other', async (context) => {
  const folder = aFolder(context)
  for (const [name, text] of [['b.bak', manifest], ['a', manifest.replace('web:1', 'web:2')], ['.hidden.yaml', manifest.replace('name: web', 'name: hidden')], ['c.yaml', 'kind: List']] as const) writeFileSync(join(folder, name), text)
  mkdirSync(join(folder, 'deeper'))
  symlinkSync('nowhere', join(folder, 'away.yaml'))
  const { pods: found, faults, duplicates } = await new ManifestFolder(folder, 'node-1').read()
  assert.deepEqual([...found].map(([place, pod]) => [place, pod.spec.containers[0]?.image]), [['default/web-node-1', 'web:2']])
  assert.deepEqual([[...faults.keys()], duplicates.map(({ spec }) => spec.containers[0]?.image)], [['away.yaml', 'b.bak', 'c.yaml', 'deeper'], ['web:1']])
  assert.match(faults.get('away.yaml') ?? '', /ENOENT/)
})

test('one file may be named instead of a folder; where neither can be there are no pods', async (context) => {
  const file = join(aFolder(context), 'web.yaml')
  writeFileSync(file, manifest)
  assert.deepEqual([...(await new ManifestFolder(file, 'node-1').read()).pods.keys()], ['default/web-node-1'])
  const { statics, troubles } = aNode(context, join(file, 'manifests'))
  await statics.start()
  assert.match(troubles.join(), /^there can be no static pods in .*web\.yaml\/manifests: ENOTDIR/)
})

function aFolder(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-manifests-'))
  context.after(() => { rmSync(directory, { recursive: true, force: true }) })
  return directory
}

/** A node with its store, and an API that has mirrors and nothing else; what it is asked is written down. */
function aNode(context: TestContext, folder: string, { running = [], mirrors = new Map() }: { readonly running?: readonly string[]; readonly mirrors?: Map<string, Pod> } = {}) {
  const store = createStore({ historyMax: 100 })
  store.load([{ key: { resource: nodes.resource, namespace: '', name: 'node-1' }, revision: 1, object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', uid: 'n', resourceVersion: '1' }, spec: {}, status: {} } as never }])
  const asked: string[] = []
  const troubles: string[] = []
  const told: string[] = []
  let isAway = false
  let revision = 10
  let local = 2 ** 52
  let heard: (() => void) | undefined
  const keyOf = (name: string) => ({ resource: pods.resource, namespace: 'default', name })
  const show = (name: string, mirror: Pod | undefined): void => { statics.divert([{ key: keyOf(name), object: mirror, revision: Number(mirror?.metadata.resourceVersion ?? ++revision) }]) }
  const request = async (method: string, path: string, options: { readonly body?: string } = {}) => {
    if (isAway) throw new Error('the API is away')
    asked.push(`${method} ${path.replace('/api/v1/namespaces/default/pods', '')}`)
    const body = JSON.parse(options.body ?? '{}') as Pod
    const name = path.split('/')[6] ?? body.metadata.name
    revision++
    const mirror = method === 'DELETE' ? undefined : { ...body, metadata: { ...body.metadata, resourceVersion: String(revision), ...(method === 'POST' && { uid: `mirror-${revision}` }) }, ...(method === 'POST' && { status: { phase: 'Pending' } }) }
    if (mirror === undefined) mirrors.delete(name)
    else mirrors.set(name, mirror)
    queueMicrotask(() => { heard?.() })
    return { status: 200, headers: {}, body: JSON.stringify(mirror ?? {}) }
  }
  const statics = new StaticPods({ node: 'node-1', directory: folder, lookMs: 60_000, connection: { request } as never, store, runs: (uid) => running.includes(uid), nextRevision: () => ++local, now: () => Date.parse('2026-01-01T00:00:00Z'), onTrouble: (message) => { troubles.push(message) } })
  const submit = statics.submitting((action) => { if (action.do === 'record') told.push(`${action.reason}: ${action.message}`) })
  context.after(() => { statics.close() })
  for (const [name, mirror] of mirrors) show(name, mirror)
  const actor = { user: 'system:node:node-1', groups: [], component: 'kubelet' }
  const pod = (): Pod | undefined => store.view.get(pods, 'default', 'web-node-1')
  const carryOut = (action: Action): Promise<unknown> => new Promise((resolve) => { (submit satisfies Submit)(action, actor, resolve) })
  return {
    statics, asked, troubles, told, mirrors, pod, show,
    /** Waits until what the API was asked has this at its end. */
    async until(last: string): Promise<void> {
      while (!asked.some((each) => each === last)) await new Promise<void>((resolve) => { heard = resolve })
      asked.length = 0
    },
    away(is: boolean) { isAway = is },
    says: (phase: string) => carryOut({ do: 'replace', object: { ...pod(), status: { phase } } as Pod, part: 'status' }),
    ends: () => carryOut({ do: 'delete', key: keyOf('web-node-1'), uid: pod()?.metadata.uid ?? '', graceSeconds: 0 }),
  }
}

test('a mirror shows the pod; deleted it comes back, while the pod itself knows nothing of that', async (context) => {
  const folder = aFolder(context)
  writeFileSync(join(folder, 'web.yaml'), manifest)
  const node = aNode(context, folder)
  await node.statics.start()
  await node.until('POST ')
  const uid = node.pod()?.metadata.uid
  const mirror = node.mirrors.get('web-node-1')
  assert.deepEqual([mirror?.metadata.annotations?.['kubernetes.io/config.mirror'], mirror?.metadata.ownerReferences?.[0]?.kind], [uid, 'Node'])
  await node.says('Running')
  await node.until('PUT /web-node-1/status')
  assert.equal(node.mirrors.get('web-node-1')?.status.phase, 'Running')
  // As kubectl deletes it: the API waits for the node to let it go.
  node.show('web-node-1', { ...node.mirrors.get('web-node-1') as Pod, metadata: { ...(node.mirrors.get('web-node-1') as Pod).metadata, resourceVersion: '100', deletionTimestamp: '2026-01-01T00:00:30Z' } })
  await node.until('POST ')
  await node.until('PUT /web-node-1/status')
  assert.deepEqual([node.pod()?.metadata.uid, node.pod()?.metadata.deletionTimestamp, node.pod()?.status.phase, node.mirrors.get('web-node-1')?.status.phase], [uid, undefined, 'Running', 'Running'])
  assert.notEqual(node.mirrors.get('web-node-1')?.metadata.uid, mirror?.metadata.uid)
})

test('without the API pods begin and go on; it is shown them when it is back', async (context) => {
  const folder = aFolder(context)
  const node = aNode(context, folder)
  node.away(true)
  writeFileSync(join(folder, 'web.yaml'), manifest)
  await node.statics.start()
  assert.equal(node.pod()?.status.phase, 'Pending')
  await node.says('Running')
  node.away(false)
  await node.until('POST ')
  await node.until('PUT /web-node-1/status')
  assert.equal(node.mirrors.get('web-node-1')?.status.phase, 'Running')
})

test('a changed manifest ends its pod within the grace of before, and the next one begins when that is gone', async (context) => {
  const folder = aFolder(context)
  writeFileSync(join(folder, 'web.yaml'), manifest)
  const node = aNode(context, folder)
  await node.statics.start()
  await node.until('POST ')
  const before = node.pod()?.metadata.uid
  writeFileSync(join(folder, 'web.yaml'), manifest.replace('web:1', 'web:2'))
  while (node.pod()?.metadata.deletionTimestamp === undefined) await new Promise((resolve) => { setTimeout(resolve, 5) })
  assert.deepEqual([node.pod()?.metadata.uid, node.pod()?.metadata.deletionTimestamp, node.pod()?.spec.containers[0]?.image], [before, '2026-01-01T00:00:30Z', 'web:1'])
  await node.ends()
  await node.until('POST ')
  assert.deepEqual([node.pod()?.metadata.uid === before, node.pod()?.spec.containers[0]?.image, node.mirrors.get('web-node-1')?.metadata.annotations?.['kubernetes.io/config.mirror']], [false, 'web:2', node.pod()?.metadata.uid])
})

test('what its file does not say any more after a restart is ended if it runs, and its mirror goes with it', async (context) => {
  const folder = aFolder(context)
  const { uid } = podOf(manifest).metadata
  const mirror = (): Map<string, Pod> => new Map([['web-node-1', { ...podOf(manifest), metadata: { ...podOf(manifest).metadata, uid: 'm', resourceVersion: '5', annotations: { 'kubernetes.io/config.mirror': uid, 'kubernetes.io/config.hash': uid, 'kubernetes.io/config.source': 'file' } }, status: { phase: 'Running' } }]])
  const runs = aNode(context, folder, { running: [uid], mirrors: mirror() })
  await runs.statics.start()
  assert.deepEqual([runs.pod()?.metadata.uid, runs.pod()?.metadata.deletionTimestamp], [uid, '2026-01-01T00:00:30Z'])
  await runs.ends()
  await runs.until('DELETE /web-node-1')
  assert.deepEqual([runs.pod(), runs.mirrors.size], [undefined, 0])
  const gone = aNode(context, folder, { mirrors: mirror() })
  await gone.statics.start()
  await gone.until('DELETE /web-node-1')
  assert.equal(gone.pod(), undefined)
})

test('a pod goes on over a restart, with the status that its mirror tells', async (context) => {
  const folder = aFolder(context)
  writeFileSync(join(folder, 'web.yaml'), manifest)
  const { uid } = podOf(manifest).metadata
  const node = aNode(context, folder, { running: [uid], mirrors: new Map([['web-node-1', { ...podOf(manifest), metadata: { ...podOf(manifest).metadata, uid: 'm', resourceVersion: '5', annotations: { 'kubernetes.io/config.mirror': uid } }, status: { phase: 'Running', startTime: '2025-01-01T00:00:00Z' } }]]) })
  await node.statics.start()
  assert.deepEqual([node.pod()?.metadata.uid, node.pod()?.status.startTime, node.asked], [uid, '2025-01-01T00:00:00Z', []])
})

test('a file is told of once, and two of one name by an event, too', async (context) => {
  const folder = aFolder(context)
  for (const name of ['a.yaml', 'b.yaml']) writeFileSync(join(folder, name), manifest)
  writeFileSync(join(folder, 'c.yaml'), 'c: [')
  const node = aNode(context, folder)
  await node.statics.start()
  assert.equal(node.troubles.length, 2)
  assert.match(node.told[0] ?? '', /^FailedValidation: Error validating pod web-node-1_default\([0-9a-f]{32}\) from file due to duplicate pod name "web-node-1", ignoring$/)
})
