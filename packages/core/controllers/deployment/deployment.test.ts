import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Deployment, deployments, type Pod, pods, type ReplicaSet, replicaSets } from '../../api/resources.ts'
import { isActive, isAvailable } from '../../rules/pods.ts'
import { timestamp } from '../../rules/time.ts'
import { anObject, dawn, testWorld } from '../builders.ts'
import { replicaSetController } from '../replicaset/reconcile.ts'
import { createRunner } from '../runner.ts'
import { deploymentController } from './reconcile.ts'
import { newSize, rescale, shrinkOld } from './scaling.ts'
import { desiredAnnotation, maxAnnotation, type Sized } from './sets.ts'

const labels = { app: 'web' }
const template = (image: string) => ({ metadata: { labels }, spec: { containers: [{ name: 'c', image }] } })
type Strategy = Deployment['spec']['strategy']
const rolling = (maxSurge: number | string, maxUnavailable: number | string): Strategy => ({ type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } })
const aDeployment = (spec: Partial<Deployment['spec']> = {}): Deployment => anObject(deployments, 'web', {
  metadata: { generation: 1, annotations: { team: 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
  spec: { replicas: 3, selector: { matchLabels: labels }, template: template('web:1'), strategy: rolling('25%', '25%'), revisionHistoryLimit: 10, progressDeadlineSeconds: 600, ...spec },
  status: {},
})

/** A Deployment with its sets and pods; `run` makes pods ready, one at a time, until nothing is left to do. */
function rollout(deployment: Deployment = aDeployment()) {
  const world = testWorld()
  const runner = createRunner({ controllers: [deploymentController, replicaSetController], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  let fewest = Infinity
  let most = 0
  const settle = (): void => {
    for (let steps = 0; runner.step(); steps++) {
      assert.ok(steps < 5000, 'settles')
      const active = [...world.store.view.list(pods)].filter(isActive)
      fewest = Math.min(fewest, active.filter((pod) => isAvailable(pod, 0, world.clock.now())).length)
      most = Math.max(most, active.length)
    }
  }
  const makeReady = (): boolean => {
    const pod = [...world.store.view.list(pods)].find((one) => one.status.phase === 'Pending' && !one.spec.containers.some((container) => container.image === 'broken'))
    if (pod === undefined) return false
    world.put({ ...pod, spec: { ...pod.spec, nodeName: 'a' }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(world.clock.now()) }] } } as typeof pod)
    return true
  }
  const run = (): void => { do settle(); while (makeReady()) }
  const found = (): Deployment => world.store.view.get(deployments, 'default', 'web') ?? assert.fail('no deployment')
  const change = (spec: Partial<Deployment['spec']>): void => world.update(deployments, 'web', (one) => ({ ...one, metadata: { ...one.metadata, generation: (one.metadata.generation ?? 0) + 1 }, spec: { ...one.spec, ...spec } }))
  world.put(deployment)
  return {
    world, settle, run, makeReady, deployment: found, change,
    sets: (): readonly ReplicaSet[] => [...world.store.view.list(replicaSets)],
    sizes: () => Object.fromEntries([...world.store.view.list(replicaSets)].map((set) => [set.spec.template?.spec?.containers[0]?.image, set.spec.replicas])),
    reasons: () => Object.fromEntries((found().status.conditions ?? []).map((condition) => [condition.type, condition.reason])),
    bounds: () => { const seen = { fewest, most }; fewest = Infinity; most = 0; return seen },
  }
}

test('the first rollout makes one ReplicaSet, and says how it goes', () => {
  const { settle, run, deployment, sets, world, reasons } = rollout()
  settle()
  const [set] = sets()
  const name = set?.metadata.name ?? ''
  const hash = name.slice('web-'.length)
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]+$/)
  assert.deepEqual([set?.metadata.labels, set?.spec.selector, set?.spec.template?.metadata?.labels], [{ app: 'web', 'pod-template-hash': hash }, { matchLabels: { app: 'web', 'pod-template-hash': hash } }, { app: 'web', 'pod-template-hash': hash }])
  assert.deepEqual(set?.metadata.annotations, { team: 'x', 'deployment.kubernetes.io/revision': '1', [desiredAnnotation]: '3', [maxAnnotation]: '4' })
  assert.equal(deployment().metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
  assert.equal(world.events[0], `ScalingReplicaSet: Scaled up replica set ${name} from 0 to 3`)
  assert.deepEqual(reasons(), { Available: 'MinimumReplicasUnavailable', Progressing: 'ReplicaSetUpdated' })
  run()
  assert.deepEqual(deployment().status, {
    observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, terminatingReplicas: 0,
    conditions: [
      { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.', lastUpdateTime: timestamp(dawn), lastTransitionTime: timestamp(dawn) },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: `ReplicaSet "${name}" has successfully progressed.`, lastUpdateTime: timestamp(dawn), lastTransitionTime: timestamp(dawn) },
    ],
  })
})

for (const [replicas, maxSurge, maxUnavailable, fewest, most] of [[4, '25%', '25%', 3, 5], [3, 1, 0, 3, 4], [3, 0, 1, 2, 3], [10, '100%', 0, 10, 20], [1, 0, 0, 0, 1]] as const) {
  test(`a rolling update of ${replicas} with surge ${maxSurge} and unavailable ${maxUnavailable} stays within ${fewest} available and ${most} pods`, () => {
    const { run, change, bounds, sizes } = rollout(aDeployment({ replicas, strategy: rolling(maxSurge, maxUnavailable) }))
    run()
    bounds()
    change({ template: template('web:2') })
    run()
    assert.deepEqual([sizes(), bounds()], [{ 'web:1': 0, 'web:2': replicas }, { fewest, most }])
  })
}

test('a broken update stops within its bounds, keeps what works, and is told after the deadline', () => {
  const { run, change, sizes, world, reasons, deployment } = rollout(aDeployment({ replicas: 4 }))
  run()
  change({ template: template('broken') })
  run()
  assert.deepEqual(sizes(), { 'web:1': 3, broken: 2 })
  world.clock.advanceTo(dawn + 601_000)
  run()
  assert.deepEqual(reasons(), { Available: 'MinimumReplicasAvailable', Progressing: 'ProgressDeadlineExceeded' })
  assert.match(deployment().status.conditions?.find((condition) => condition.type === 'Progressing')?.message ?? '', /^ReplicaSet "web-\w+" has timed out progressing\.$/)
})

test('a rollback makes the old set the newest revision', () => {
  const { run, change, sets, deployment } = rollout()
  run()
  change({ template: template('web:2') })
  run()
  change({ template: template('web:1') })
  run()
  const revisions = Object.fromEntries(sets().map((set) => [set.spec.template?.spec?.containers[0]?.image, [set.metadata.annotations?.['deployment.kubernetes.io/revision'], set.metadata.annotations?.['deployment.kubernetes.io/revision-history'], set.spec.replicas]]))
  assert.deepEqual(revisions, { 'web:1': ['3', '1', 3], 'web:2': ['2', undefined, 0] })
  assert.equal(deployment().metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
})

test('recreate waits for the last old pod', () => {
  const { run, change, sizes, bounds, world, settle } = rollout(aDeployment({ strategy: { type: 'Recreate' } }))
  run()
  const held = [...world.store.view.list(pods)][0] ?? assert.fail('no pod')
  world.put({ ...held, metadata: { ...held.metadata, finalizers: ['test/hold'] } })
  change({ template: template('web:2') })
  run()
  assert.deepEqual(sizes(), { 'web:1': 0 })
  bounds()
  world.remove(pods, held.metadata.name)
  settle()
  assert.deepEqual([sizes(), bounds().most], [{ 'web:1': 0, 'web:2': 3 }, 3])
})

test('a paused Deployment rolls nothing out, but scales', () => {
  const { run, change, sizes, reasons } = rollout()
  run()
  change({ paused: true, template: template('web:2') })
  run()
  assert.deepEqual([sizes(), reasons()['Progressing']], [{ 'web:1': 3 }, 'DeploymentPaused'])
  change({ replicas: 5 })
  run()
  assert.deepEqual(sizes(), { 'web:1': 5 })
  change({ paused: false })
  run()
  assert.deepEqual([sizes(), reasons()['Progressing']], [{ 'web:1': 0, 'web:2': 5 }, 'NewReplicaSetAvailable'])
})

test('scaling in the middle of a rollout grows all sets in proportion', () => {
  const { run, change, sizes } = rollout(aDeployment({ replicas: 10, strategy: rolling(3, 2) }))
  run()
  change({ template: template('broken') })
  run()
  assert.deepEqual(sizes(), { 'web:1': 8, broken: 5 })
  change({ replicas: 15 })
  run()
  // The documented example: 5 more are shared out, 3 to the larger, 2 to the smaller.
  assert.deepEqual(sizes(), { 'web:1': 11, broken: 7 })
})

test('old sets beyond the history limit are deleted, the oldest first', () => {
  const { run, change, sizes } = rollout(aDeployment({ revisionHistoryLimit: 1 }))
  for (const image of ['web:1', 'web:2', 'web:3']) { change({ template: template(image) }); run() }
  assert.deepEqual(sizes(), { 'web:2': 0, 'web:3': 3 })
})

test('old sets stay until the newest is all there is, and available', () => {
  const { run, change, sizes, world, settle } = rollout(aDeployment({ revisionHistoryLimit: 0, strategy: rolling(0, '50%') }))
  run()
  change({ template: template('web:2') })
  run()
  assert.deepEqual(sizes(), { 'web:2': 3 })
  change({ template: template('broken'), replicas: 1, strategy: rolling(0, 1) })
  run()
  assert.deepEqual(sizes(), { 'web:2': 0, broken: 1 })
  const [pod] = world.store.view.list(pods)
  world.put({ ...pod, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(world.clock.now()) }] } } as Pod)
  settle()
  assert.deepEqual(sizes(), { broken: 1 })
})

test('a taken name makes another hash', () => {
  const first = rollout()
  first.run()
  const name = first.sets()[0]?.metadata.name ?? ''
  const { world, run, deployment, sets } = rollout(aDeployment())
  world.put(anObject(replicaSets, name, { spec: { replicas: 0, selector: { matchLabels: { other: 'x' } } }, status: { replicas: 0 } }))
  run()
  assert.deepEqual([deployment().status.collisionCount, deployment().status.availableReplicas, sets().length], [1, 3, 2])
})

test('a set that cannot be made is told', () => {
  const { world, settle, reasons } = rollout()
  world.refuse = (action) => (action.do === 'create' && action.object.kind === 'ReplicaSet' ? { refused: true, code: 403, reason: 'Forbidden', message: 'quota' } : undefined)
  settle()
  world.clock.advanceTo(dawn + 10)
  settle()
  assert.equal(reasons()['Progressing'], 'ReplicaSetCreateError')
  assert.match(world.events[0] ?? '', /^ReplicaSetCreateError: Failed to create new replica set "web-\w+": quota$/)
})

test('a rollout whose sets cannot be written is told of all the same', () => {
  const { world, run, change, deployment, reasons, sizes } = rollout(aDeployment({ strategy: { type: 'Recreate' } }))
  run()
  world.refuse = (action) => (action.do === 'patch' && action.key.resource === replicaSets.resource && action.part === 'main' ? { refused: true, code: 500, reason: 'InternalError', message: 'a webhook fails' } : undefined)
  change({ template: template('web:2') })
  run()
  for (const ms of [100, 601_000]) { world.clock.advanceTo(dawn + ms); run() }
  assert.deepEqual([sizes(), deployment().status.observedGeneration, reasons()['Progressing']], [{ 'web:1': 3 }, 2, 'NewReplicaSetAvailable'])
})

const aSize = (name: string, replicas: number, available: number, annotations: Record<string, string> = {}): Sized =>
  ({ set: anObject(replicaSets, name, { metadata: { annotations }, spec: { replicas, selector: {} }, status: { replicas, availableReplicas: available } }), replicas })
const sizesOf = (sets: readonly Sized[]): readonly number[] => sets.map((one) => one.replicas)

test('the new set grows into the surge', () => {
  const ten = aDeployment({ replicas: 10, strategy: rolling(3, 2) })
  assert.equal(newSize(ten, [aSize('new', 0, 0), aSize('old', 10, 10)], 0), 3)
  assert.equal(newSize(ten, [aSize('new', 3, 3), aSize('old', 8, 8)], 3), 5)
  assert.equal(newSize(ten, [aSize('new', 12, 12)], 12), 10)
})

test('old sets give up what does not work first', () => {
  const ten = aDeployment({ replicas: 10, strategy: rolling(3, 2) })
  assert.deepEqual(sizesOf(shrinkOld(ten, aSize('new', 3, 0), [aSize('a', 8, 8), aSize('b', 2, 0)])), [8, 0])
  assert.deepEqual(sizesOf(shrinkOld(ten, aSize('new', 3, 0), [aSize('a', 10, 10)])), [8])
  assert.deepEqual(sizesOf(shrinkOld(ten, aSize('new', 5, 5), [aSize('a', 6, 6)])), [3])
  // Set b has been told to shrink from eight to one, and its status does not know it yet.
  assert.deepEqual(sizesOf(shrinkOld(ten, aSize('new', 5, 5), [aSize('a', 4, 4), aSize('b', 1, 8)])), [2, 1])
})

test('a saturated new set lets the old ones go when the scale changes', () => {
  const noted = { [desiredAnnotation]: '3', [maxAnnotation]: '4' }
  assert.deepEqual(sizesOf(rescale(aDeployment(), aSize('new', 3, 3, noted), [aSize('old', 1, 1, noted)])), [3, 0])
})
