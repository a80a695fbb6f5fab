import assert from 'node:assert/strict'
import { at, type Fields, good, list, refused, text, until } from '../api.ts'
import { contains, sees, statusIsWritten, supports, update, withAnnotation } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { emptied } from './lists-and-watches.ts'

const maps = (world: World, name?: string): string => world.path('v1', 'configmaps', name)
const secrets = (world: World, name?: string): string => world.path('v1', 'secrets', name)
const pods = (world: World, name?: string): string => world.path('v1', 'pods', name)
const templates = (world: World, name?: string): string => world.path('v1', 'podtemplates', name)
const runtimeClasses = '/apis/node.k8s.io/v1/runtimeclasses'
const aTemplate = (name: string, label = 'life'): object => ({ metadata: { name, labels: { story: label } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } })
const aPod = (spec: object = {}, container: object = {}): object => ({ metadata: { name: 'one' }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'main:1', ...container }], ...spec } })

export const nodeStories: readonly Story[] = [
  {
    row: '[sig-node] ConfigMap should update ConfigMap successfully [Conformance] [NodeConformance]',
    tell: async (world) => {
      await world.create(maps(world), { metadata: { name: 'one' }, data: { a: '1' } })
      await update(world, maps(world, 'one'), (object) => ({ ...object, data: { a: '2', b: '3' } }))
      assert.deepEqual((await world.get(maps(world, 'one')))['data'], { a: '2', b: '3' })
    },
  },
  {
    row: '[sig-node] ConfigMap should fail to create ConfigMap with empty key [Conformance]',
    tell: async (world) => { refused(await world.ask('POST', maps(world), { metadata: { name: 'one' }, data: { '': 'value' } }), 422, 'Invalid', /^ConfigMap "one" is invalid: data\[\]: Invalid value: ""/) },
  },
  {
    row: '[sig-node] ConfigMap should run through a ConfigMap lifecycle [Conformance]',
    tell: async (world) => {
      const watch = await world.api.watch(`${maps(world)}?watch=true&labelSelector=story%3Dlife`)
      await world.create(maps(world), { metadata: { name: 'one', labels: { story: 'life' } }, data: { a: '1' } })
      await sees(watch, 'ADDED', ['one'])
      await world.patch(maps(world, 'one'), { metadata: { labels: { patched: 'yes' } }, data: { b: '2' } }, 'strategic-merge')
      await sees(watch, 'MODIFIED', ['one'])
      contains(await world.get(maps(world, 'one')), { metadata: { labels: { story: 'life', patched: 'yes' } }, data: { a: '1', b: '2' } })
      assert.deepEqual(await world.names(`${world.everywhere('v1', 'configmaps')}?labelSelector=story%3Dlife,patched%3Dyes`), ['one'])
      await emptied(world, maps(world), 'story=life')
      await sees(watch, 'DELETED', ['one'])
      watch.stop()
    },
  },
  {
    row: '[sig-node] Secrets should fail to create secret due to empty secret key [Conformance]',
    tell: async (world) => { refused(await world.ask('POST', secrets(world), { metadata: { name: 'one' }, data: { '': 'dmFsdWU=' } }), 422, 'Invalid', /^Secret "one" is invalid: data\[\]: Invalid value: ""/) },
  },
  {
    row: '[sig-node] Secrets should patch a secret [Conformance]',
    tell: async (world) => {
      const everywhere = (label: string): string => `${world.everywhere('v1', 'secrets')}?labelSelector=${label}`
      assert.deepEqual(await world.names(everywhere('story%3Dlife')), [])
      await world.create(secrets(world), { metadata: { name: 'one', labels: { story: 'life' } }, type: 'Opaque', data: { key: Buffer.from('value').toString('base64') } })
      const other = Buffer.from('other').toString('base64')
      await world.patch(secrets(world, 'one'), { metadata: { labels: { patched: 'yes' } }, data: { key: other } }, 'strategic-merge')
      const [found] = list(await world.get(everywhere('patched%3Dyes')), 'items')
      contains(found, { metadata: { name: 'one', labels: { story: 'life', patched: 'yes' } }, data: { key: other } })
      await emptied(world, secrets(world), 'patched=yes')
      assert.deepEqual(await world.names(everywhere('story%3Dlife')), [])
    },
  },
  {
    row: '[sig-node] Lease lease API should be available [Conformance]',
    tell: async (world) => {
      const leases = world.path('coordination.k8s.io/v1', 'leases')
      const spec = { holderIdentity: 'one', leaseDurationSeconds: 30, acquireTime: '2026-01-01T00:00:00.123456Z', renewTime: '2026-01-01T00:00:05.000000Z', leaseTransitions: 0 }
      await world.create(leases, { metadata: { name: 'lease', labels: { story: 'life' } }, spec })
      assert.deepEqual((await world.get(`${leases}/lease`))['spec'], spec)
      const next = { ...spec, holderIdentity: 'two', leaseTransitions: 1, acquireTime: '2026-01-01T00:01:00.000001Z', renewTime: '2026-01-01T00:01:00.000001Z' }
      await update(world, `${leases}/lease`, (object) => ({ ...object, spec: next }))
      assert.deepEqual((await world.get(`${leases}/lease`))['spec'], next)
      await world.patch(`${leases}/lease`, { spec: { leaseDurationSeconds: 40 } }, 'strategic-merge')
      assert.deepEqual((await world.get(`${leases}/lease`))['spec'], { ...next, leaseDurationSeconds: 40 })
      await world.create(leases, { metadata: { name: 'another', labels: { story: 'life' } }, spec })
      await emptied(world, leases, 'story=life')
      assert.ok(await world.isGone(`${leases}/lease`))
    },
  },
  {
    row: '[sig-node] Node Lifecycle should run through the lifecycle of a node [Conformance]',
    tell: async (world) => {
      const name = world.unique('node')
      const selected = `/api/v1/nodes?labelSelector=story%3D${world.namespace}`
      await world.create('/api/v1/nodes', { metadata: { name, labels: { story: world.namespace } }, spec: { unschedulable: true, taints: [{ key: 'example.com/story', effect: 'NoSchedule' }] }, status: { capacity: { cpu: '4', memory: '8Gi', pods: '10' }, conditions: [{ type: 'Ready', status: 'True' }] } })
      assert.equal(text(await world.get(`/api/v1/nodes/${name}`), 'metadata', 'name'), name)
      await world.patch(`/api/v1/nodes/${name}`, { metadata: { labels: { patched: 'yes' } } }, 'strategic-merge')
      assert.deepEqual(await world.names(`${selected},patched%3Dyes`), [name])
      await update(world, `/api/v1/nodes/${name}`, (object) => ({ ...object, metadata: { ...object['metadata'] as object, labels: { story: world.namespace, updated: 'yes' } } }))
      await statusIsWritten(world, `/api/v1/nodes/${name}`, [{ conditions: [{ type: 'Patched', status: 'True', reason: 'Story', message: 'patched' }] }, { phase: 'Running' }])
      await world.ask('DELETE', selected)
      await until(world.api, 'it is gone', () => world.isGone(`/api/v1/nodes/${name}`))
    },
  },
  {
    row: '[sig-node] PodTemplates should run the lifecycle of PodTemplates [Conformance]',
    tell: async (world) => {
      await world.create(templates(world), aTemplate('one'))
      const patched = await world.patch(templates(world, 'one'), { metadata: { labels: { patched: 'yes' } } }, 'strategic-merge')
      assert.equal(at(patched, 'metadata', 'labels', 'patched'), 'yes')
      assert.equal(at(await world.get(templates(world, 'one')), 'metadata', 'labels', 'patched'), 'yes')
      const everywhere = `${world.everywhere('v1', 'podtemplates')}?labelSelector=story%3Dlife,patched%3Dyes`
      assert.deepEqual(await world.names(everywhere), ['one'])
      await world.remove(templates(world, 'one'))
      assert.deepEqual(await world.names(everywhere), [])
    },
  },
  {
    row: '[sig-node] PodTemplates should replace a pod template [Conformance]',
    tell: async (world) => {
      await world.create(templates(world), aTemplate('one'))
      const replaced = await update(world, templates(world, 'one'), (object) => withAnnotation(object, 'updated'))
      assert.equal(at(replaced, 'metadata', 'annotations', 'updated'), 'true')
    },
  },
  {
    row: '[sig-node] PodTemplates should delete a collection of pod templates [Conformance]',
    tell: async (world) => {
      for (const name of ['one', 'two', 'three']) await world.create(templates(world), aTemplate(name, 'some'))
      assert.equal((await world.names(`${templates(world)}?labelSelector=story%3Dsome`)).length, 3)
      await emptied(world, templates(world), 'story=some')
    },
  },
  {
    row: '[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu [Conformance]',
    tell: async (world) => {
      const amounts = { cpu: '100m', memory: '100Mi' }
      assert.equal(text(await world.create(pods(world), aPod({}, { resources: { requests: amounts, limits: amounts } })), 'status', 'qosClass'), 'Guaranteed')
      assert.equal(text(await world.get(pods(world, 'one')), 'status', 'qosClass'), 'Guaranteed')
    },
  },
  {
    row: '[sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass [Conformance] [NodeConformance]',
    tell: async (world) => { refused(await world.ask('POST', pods(world), aPod({ runtimeClassName: 'absent' })), 403, 'Forbidden', 'pods "one" is forbidden: pod rejected: RuntimeClass "absent" not found') },
  },
  {
    row: '[sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass [Conformance] [NodeConformance]',
    tell: async (world) => {
      const name = world.unique('class')
      await world.create(runtimeClasses, { metadata: { name }, handler: 'some' })
      good(await world.ask('POST', `${pods(world)}?dryRun=All`, aPod({ runtimeClassName: name })), 201)
      await world.remove(`${runtimeClasses}/${name}`)
      await until(world.api, 'it is gone', () => world.isGone(`${runtimeClasses}/${name}`))
      refused(await world.ask('POST', pods(world), aPod({ runtimeClassName: name })), 403, 'Forbidden', `pods "one" is forbidden: pod rejected: RuntimeClass "${name}" not found`)
    },
  },
  {
    row: '[sig-node] RuntimeClass should support RuntimeClasses API operations [Conformance]',
    tell: (world) => supports(world, { apiVersion: 'node.k8s.io/v1', plural: 'runtimeclasses', kind: 'RuntimeClass', scope: 'Cluster', fields: { handler: 'some' } }),
  },
  {
    row: '[sig-node] Sysctls [LinuxOnly] should reject invalid sysctls [Conformance] [NodeConformance]',
    tell: async (world) => {
      const sysctls = ['foo-', 'kernel.shmmax', 'safe-and-unsafe', 'bar..'].map((name) => ({ name, value: '100000000' }))
      const body: Fields = refused(await world.ask('POST', pods(world), aPod({ securityContext: { sysctls } })), 422, 'Invalid')
      assert.deepEqual(list(body, 'details', 'causes').map(({ field }) => field), ['spec.securityContext.sysctls[0].name', 'spec.securityContext.sysctls[3].name'])
      assert.match(text(body, 'message'), /Invalid value: "foo-"[\s\S]*Invalid value: "bar\.\."/)
      assert.ok(await world.isGone(pods(world, 'one')))
    },
  },
]
