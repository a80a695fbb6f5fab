// What the walk over all kinds must know of single ones.
import assert from 'node:assert/strict'
import { at, type Fields, good, list, text, until } from './api.ts'
import { update } from './operations.ts'
import type { World } from './story.ts'

/** Names that differ from the example's, because the example's is taken in every cluster. */
export const ownName: Readonly<Record<string, string>> = { 'storage.k8s.io/storageclasses': 'walked', 'scheduling.k8s.io/priorityclasses': 'walked' }

/** Examples of versions that ask for more than the hub's example has. */
export const ownExample: Readonly<Record<string, Fields>> = {
  // Nobody serves it: the controller waits for it, and leaves the status alone meanwhile.
  'storagemigration.k8s.io/v1 storageversionmigrations': { metadata: { name: 'walked' }, spec: { resource: { group: 'example.com', resource: 'gadgets' } } },
  'events.k8s.io/v1 events': { metadata: { name: 'web' }, regarding: { kind: 'Pod', namespace: 'default', name: 'web' }, reason: 'Walked', note: 'A walk came by', type: 'Normal', action: 'Walking', reportingController: 'example.com/walk', reportingInstance: 'walk-1', eventTime: '2026-01-01T00:00:00.000000Z' },
}

/** A status that a kind takes, where the usual one with a condition would be refused or taken back. */
export const statuses: Readonly<Record<string, Fields>> = {
  persistentvolumes: { message: 'walked' }, resourcequotas: { hard: { pods: '3' } }, cronjobs: { lastScheduleTime: '2026-01-01T00:00:00Z' },
  // What approves can't be taken away again.
  certificatesigningrequests: { conditions: [{ type: 'Approved', status: 'True', reason: 'Walk', message: 'Approved by a walk' }, { type: 'Walked', status: 'True', reason: 'Walk', message: 'Set by a walk' }] },
  'autoscaling/v1 horizontalpodautoscalers': { currentReplicas: 3, desiredReplicas: 3 },
  ingresses: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }, volumeattachments: { attached: true },
  resourceclaims: { allocation: { devices: { results: [{ request: 'gpu', driver: 'gpu.example.com', pool: 'pool', device: 'device-1' }] } } },
  podcertificaterequests: { conditions: [{ type: 'Denied', status: 'True', reason: 'Walk', message: 'Denied by a walk', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
}

/** Streams, and where they are shown: they need a process, which simulated pods don't have. */
export const streams: Readonly<Record<string, string>> = {
  'pods/log': 'tests/e2e/workloads.real.test.ts', 'pods/exec': 'tests/e2e/workloads.real.test.ts', 'pods/attach': 'tests/e2e/workloads.real.test.ts', 'pods/portforward': 'tests/e2e/workloads.real.test.ts',
  'pods/proxy': 'packages/host/http/proxy.test.ts', 'services/proxy': 'packages/host/http/proxy.test.ts', 'nodes/proxy': 'packages/host/http/proxy.test.ts',
}

interface Particular {
  /** What has to be there before. */
  readonly needs?: readonly { readonly path: string; readonly body: object }[]
  /** Fields that an apply of this kind can't leave out. */
  readonly applied?: object
  readonly subresources?: Readonly<Record<string, (world: World, path: string, verbs: readonly string[]) => Promise<void>>>
}
const up = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const read = async (world: World, path: string, verbs: readonly string[]): Promise<Fields> => {
  assert.ok(verbs.length > 0)
  return world.get(path)
}

/** A pod that no node takes, so that it can still be bound. */
const waiting = (name: string): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { schedulerName: 'nobody', terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'main:1' }] } })
async function bind(world: World, name: string, path: string): Promise<void> {
  await world.create(world.path('v1', 'pods'), waiting(name))
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { kind: 'Node', name: 'sim-1' } }
  assert.equal(good(await world.ask('POST', path, body), 201)['status'], 'Success')
  assert.equal(text(await world.get(world.path('v1', 'pods', name)), 'spec', 'nodeName'), 'sim-1')
}

/** By plural. */
export const otherBodies: Readonly<Record<string, Particular>> = {
  pods: {
    needs: [{ path: '/apis/scheduling.k8s.io/v1/priorityclasses', body: { metadata: { name: 'high' }, value: 1000 } }],
    subresources: {
      binding: (world, path) => bind(world, 'bound', path.replace(/\/pods\/[^/]+\//, '/pods/bound/')),
      eviction: async (world) => {
        await world.create(world.path('v1', 'pods'), waiting('evicted'))
        const reply = await world.ask('POST', `${world.path('v1', 'pods', 'evicted')}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'evicted' } })
        assert.equal(good(reply, 201)['status'], 'Success')
        await until(world.api, 'it is evicted', () => world.isGone(world.path('v1', 'pods', 'evicted')))
      },
      ephemeralcontainers: async (world, path, verbs) => {
        assert.deepEqual([...verbs].sort(), ['get', 'patch', 'update'])
        await read(world, path, verbs)
        const patched = await world.patch(path, { spec: { ephemeralContainers: [{ name: 'debug', image: 'debug:1' }] } }, 'strategic-merge')
        assert.deepEqual(list(patched, 'spec', 'ephemeralContainers').map(({ name }) => name), ['debug'])
        await update(world, up(path), (object) => ({ ...object, spec: { ...object['spec'] as object, ephemeralContainers: [...list(object, 'spec', 'ephemeralContainers'), { name: 'more', image: 'debug:1' }] } }), '/ephemeralcontainers')
      },
      resize: async (world, path, verbs) => {
        assert.deepEqual([...verbs].sort(), ['get', 'patch', 'update'])
        await read(world, path, verbs)
        const patched = await world.patch(path, { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '200m' } } }] } }, 'strategic-merge')
        assert.equal(at(list(patched, 'spec', 'containers').find(({ name }) => name === 'main'), 'resources', 'requests', 'cpu'), '200m')
        await update(world, up(path), (object) => object, '/resize')
      },
    },
  },
  namespaces: {
    subresources: {
      finalize: async (world, path) => { assert.deepEqual(at(await world.replace(path, { ...await world.get(up(path)), spec: { finalizers: ['kubernetes'] } }), 'spec', 'finalizers'), ['kubernetes']) },
    },
  },
  serviceaccounts: {
    subresources: {
      token: async (world, path) => {
        const asked = await world.create(path, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['walk'], expirationSeconds: 3600 } })
        assert.match(text(asked, 'status', 'token'), /^[\w-]+\.[\w-]+\.[\w-]+$/)
      },
    },
  },
  certificatesigningrequests: {
    subresources: {
      approval: async (world, path, verbs) => {
        assert.deepEqual([...verbs].sort(), ['get', 'patch', 'update'])
        await read(world, path, verbs)
        const condition = { type: 'Approved', status: 'True', reason: 'Walk', message: 'Approved by a walk' }
        await update(world, up(path), (object) => ({ ...object, status: { conditions: [condition] } }), '/approval')
        const patched = await world.merge(path, { status: { conditions: [condition] } })
        assert.equal(list(patched, 'status', 'conditions')[0]?.['type'], 'Approved')
      },
    },
  },
}

type Asked = (world: World, path: string, type: { readonly apiVersion: string; readonly kind: string }) => Promise<Fields>
const review = (spec: object): Asked => (world, path, type) => world.create(path, { ...type, spec })
/** Kinds that are only questions, by kind. */
export const reviewBodies = (namespace: string): Readonly<Record<string, Asked>> => {
  const resourceAttributes = { namespace, verb: 'get', resource: 'pods' }
  return {
    Binding: async (world, path) => {
      await bind(world, 'by-collection', path)
      return { kind: 'Status' }
    },
    SelfSubjectReview: (world, path, type) => world.create(path, type),
    TokenReview: review({ token: 'nobody' }),
    SelfSubjectAccessReview: review({ resourceAttributes }),
    SelfSubjectRulesReview: review({ namespace }),
    SubjectAccessReview: review({ user: 'ann', resourceAttributes }),
    LocalSubjectAccessReview: (world, path, type) => world.create(path, { ...type, metadata: { namespace }, spec: { user: 'ann', resourceAttributes } }),
  }
}
