import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Said, settle, aWorld, type World } from '../testing.ts'

const namespace = '/api/v1/namespaces/default'
const messageOf = ({ body }: Said): string => (body as { message: string }).message
type Container = { readonly name: string; readonly resources: object }
const containersOf = ({ body }: Said) => (body as { spec: { containers: readonly Container[]; initContainers?: readonly Container[] } }).spec
const markOf = ({ body }: Said): string | undefined => (body as { metadata: { annotations?: Readonly<Record<string, string>> } }).metadata.annotations?.['kubernetes.io/limit-ranger']
function worldWith(...limits: readonly object[]): World {
  const world = aWorld()
  settle(world)
  assert.equal(world.ask(`POST ${namespace}/limitranges`, { metadata: { name: 'limits' }, spec: { limits } }).status, 201)
  return world
}
const pod = (name: string, spec: object): object => ({ metadata: { name }, spec })
const container = (name: string, resources?: object): object => ({ name, image: 'i', ...(resources && { resources }) })

test('LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied', () => {
  const world = worldWith({ type: 'Container', defaultRequest: { cpu: '100m', memory: '200Mi' }, default: { cpu: '500m', memory: '500Mi' }, min: { cpu: '50m' }, max: { memory: '500Mi' } })
  const made = world.ask(`POST ${namespace}/pods`, pod('a', { containers: [container('bare'), container('partial', { requests: { cpu: '300m' } })], initContainers: [container('setup')] }))
  const { containers, initContainers } = containersOf(made)
  assert.deepEqual(containers.map(({ resources }) => resources), [
    { limits: { cpu: '500m', memory: '500Mi' }, requests: { cpu: '100m', memory: '200Mi' } }, { limits: { cpu: '500m', memory: '500Mi' }, requests: { cpu: '300m', memory: '200Mi' } },
  ])
  assert.deepEqual(initContainers?.[0]?.resources, { limits: { cpu: '500m', memory: '500Mi' }, requests: { cpu: '100m', memory: '200Mi' } })
  assert.equal(markOf(made), 'LimitRanger plugin set: cpu, memory request for container bare; cpu, memory limit for container bare; memory request for container partial; cpu, memory limit for container partial; cpu, memory request for init container setup; cpu, memory limit for init container setup')
})

test('what says all itself is not marked', () => {
  const said = { limits: { cpu: '1' }, requests: { cpu: '1' } }
  assert.equal(markOf(worldWith({ type: 'Container', defaultRequest: { cpu: '100m' }, default: { cpu: '500m' } }).ask(`POST ${namespace}/pods`, pod('a', { containers: [container('c', said)] }))), undefined)
})

for (const [rule, limit, spec, why] of [
  ['a container below the minimum', { type: 'Container', min: { cpu: '100m' }, default: { cpu: '1' }, defaultRequest: { cpu: '1' } }, { containers: [container('c', { requests: { cpu: '50m' } })] }, 'minimum cpu usage per Container is 100m, but request is 50m'],
  ['a container above the maximum', { type: 'Container', max: { memory: '1Gi' } }, { containers: [container('c', { limits: { memory: '2Gi' } })] }, 'maximum memory usage per Container is 1Gi, but limit is 2Gi'],
  ['a container that states no limit where there is a maximum', { type: 'Pod', max: { memory: '1Gi' } }, { containers: [container('c')] }, 'maximum memory usage per Pod is 1Gi.  No limit is specified'],
  ['a container whose limit is too far from its request', { type: 'Container', maxLimitRequestRatio: { cpu: '2' } }, { containers: [container('c', { requests: { cpu: '100m' }, limits: { cpu: '300m' } })] }, 'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000'],
  ['an init container', { type: 'Container', max: { cpu: '1' }, default: { cpu: '1' } }, { containers: [container('c')], initContainers: [container('i', { limits: { cpu: '2' } })] }, 'maximum cpu usage per Container is 1, but limit is 2'],
  ['a pod whose containers are too much together', { type: 'Pod', max: { cpu: '1' } }, { containers: [container('a', { limits: { cpu: '600m' } }), container('b', { limits: { cpu: '600m' } })] }, '[maximum cpu usage per Pod is 1, but limit is 1200m]'],
  ['a pod whose own resources are too much', { type: 'Pod', max: { cpu: '1' } }, { resources: { limits: { cpu: '2' } }, containers: [container('a')] }, 'maximum cpu usage per Pod is 1, but limit is 2'],
] as const) {
  test(`${rule} is refused`, () => {
    const said = worldWith(limit).ask(`POST ${namespace}/pods`, pod('a', spec))
    assert.deepEqual([said.status, messageOf(said)], [403, `pods "a" is forbidden: ${why.replace(/^\[|\]$/g, '')}`])
  })
}

test('several faults are told together', () => {
  const said = worldWith({ type: 'Container', min: { cpu: '1', memory: '1Gi' }, default: { cpu: '1', memory: '1Gi' } }).ask(`POST ${namespace}/pods`, pod('a', { containers: [container('c', { requests: { cpu: '1m', memory: '1Mi' } })] }))
  assert.equal(messageOf(said), 'pods "a" is forbidden: [minimum cpu usage per Container is 1, but request is 1m, minimum memory usage per Container is 1Gi, but request is 1Mi]')
})

test('claims are bounded by what they ask for', () => {
  const world = worldWith({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } })
  const claim = (storage: string): string => messageOf(world.ask(`POST ${namespace}/persistentvolumeclaims`, { metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } } }))
  assert.equal(claim('512Mi'), 'persistentvolumeclaims "c" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 512Mi')
  assert.equal(claim('3Gi'), 'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi')
})
