import assert from 'node:assert/strict'
import { list, refused, text, until } from '../api.ts'
import { contains, supports, update } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { emptied } from './lists-and-watches.ts'

const ranges = (world: World, name?: string): string => world.path('v1', 'limitranges', name)
const limits = {
  type: 'Container', min: { cpu: '50m', memory: '100Mi', 'ephemeral-storage': '100Gi' }, max: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
  default: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' }, defaultRequest: { cpu: '100m', memory: '200Mi', 'ephemeral-storage': '200Gi' },
}
const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'

export const schedulingStories: readonly Story[] = [
  {
    row: '[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied. [Conformance]',
    tell: async (world) => {
      const pods = world.path('v1', 'pods')
      const aPod = (name: string, resources: object = {}): object => ({ metadata: { name }, spec: { containers: [{ name: 'main', image: 'main:1', resources }] } })
      const resources = async (name: string, given: object): Promise<unknown> => list(await world.create(pods, aPod(name, given)), 'spec', 'containers')[0]?.['resources']
      await world.create(ranges(world), { metadata: { name: 'range' }, spec: { limits: [limits] } })
      assert.deepEqual(await resources('silent', {}), { limits: limits.default, requests: limits.defaultRequest })
      assert.deepEqual(await resources('partial', { requests: { cpu: '300m' } }), { limits: limits.default, requests: { ...limits.defaultRequest, cpu: '300m' } })
      assert.deepEqual(await resources('limited', { limits: { memory: '300Mi' } }), { limits: { ...limits.default, memory: '300Mi' }, requests: { ...limits.defaultRequest, memory: '300Mi' } })
      refused(await world.ask('POST', pods, aPod('small', { requests: { cpu: '10m', memory: '50Mi', 'ephemeral-storage': '50Gi' } })), 403, 'Forbidden', /minimum cpu usage per Container is 50m, but request is 10m/)
      refused(await world.ask('POST', pods, aPod('large', { limits: { cpu: '600m', memory: '600Mi', 'ephemeral-storage': '600Gi' } })), 403, 'Forbidden', /maximum cpu usage per Container is 500m, but limit is 600m/)
      await update(world, ranges(world, 'range'), (object) => ({ ...object, spec: { limits: [{ ...limits, min: { ...limits.min, cpu: '9m', memory: '9Mi', 'ephemeral-storage': '9Gi' } }] } }))
      await world.create(pods, aPod('small', { requests: { cpu: '10m', memory: '50Mi', 'ephemeral-storage': '50Gi' } }))
      await world.remove(ranges(world, 'range'))
      await until(world.api, 'it is gone', () => world.isGone(ranges(world, 'range')))
      await world.create(pods, aPod('large', { limits: { cpu: '600m', memory: '600Mi', 'ephemeral-storage': '600Gi' } }))
    },
  },
  {
    row: '[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection [Conformance]',
    tell: async (world) => {
      const other = world.unique('more')
      await world.create('/api/v1/namespaces', { metadata: { name: other } })
      const elsewhere = `/api/v1/namespaces/${other}/limitranges`
      for (const path of [ranges(world), elsewhere]) await world.create(path, { metadata: { name: 'range', labels: { story: world.namespace } }, spec: { limits: [limits] } })
      const everywhere = `${world.everywhere('v1', 'limitranges')}?labelSelector=story%3D${world.namespace}`
      assert.equal((await world.names(everywhere)).length, 2)
      const patched = await world.patch(ranges(world, 'range'), { metadata: { labels: { patched: 'yes' } }, spec: { limits: [{ ...limits, defaultRequest: { ...limits.defaultRequest, cpu: '150m' } }] } }, 'strategic-merge')
      contains(patched, { metadata: { labels: { patched: 'yes' } } })
      assert.equal(text(list(patched, 'spec', 'limits')[0], 'defaultRequest', 'cpu'), '150m')
      await emptied(world, ranges(world), 'patched=yes')
      assert.equal((await world.names(everywhere)).length, 1)
      await emptied(world, elsewhere, `story=${world.namespace}`)
      await world.remove(`/api/v1/namespaces/${other}`)
    },
  },
  {
    row: '[sig-scheduling] SchedulerPreemption PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods [Conformance] [Serial]',
    tell: async (world) => {
      await supports(world, { apiVersion: 'scheduling.k8s.io/v1', plural: 'priorityclasses', kind: 'PriorityClass', scope: 'Cluster', fields: { value: 10, description: 'of a story' } })
      const name = world.unique('class')
      const made = await world.create(classes, { metadata: { name }, value: 10 })
      refused(await world.ask('PATCH', `${classes}/${name}`, { value: 20 }), 422, 'Invalid', /value: (Forbidden: may not be changed in an update|Invalid value: 20: field is immutable)/)
      refused(await world.ask('PUT', `${classes}/${name}`, { ...made, value: 20 }), 422, 'Invalid', /value: (Forbidden: may not be changed in an update|Invalid value: 20: field is immutable)/)
      contains(await world.merge(`${classes}/${name}`, { description: 'changed' }), { value: 10, description: 'changed' })
      await world.remove(`${classes}/${name}`)
    },
  },
]
