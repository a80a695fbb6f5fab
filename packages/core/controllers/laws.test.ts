// What holds of every controller, whatever it controls, in many worlds drawn by seed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Submit } from '../api/action.ts'
import type { Controller, World } from '../api/controller.ts'
import type { OwnerReference } from '../api/generated/types.ts'
import { isRefusal, type Refusal } from '../api/refusal.ts'
import type { Resource, ResourceType } from '../api/resource.ts'
import {
  configMaps, cronJobs, daemonSets, deployments, ipAddresses, jobs, namespaces, nodes, type Pod, replicaSets, serviceAccounts, serviceCIDRs, services, statefulSets,
} from '../api/resources.ts'
import type { ClusterView } from '../api/view.ts'
import { type Random, seededRandom } from '../base/index.ts'
import { canonicalJson } from '../rules/hash.ts'
import { ownerReference } from '../rules/owners.ts'
import { timestamp } from '../rules/time.ts'
import { anObject, aPod, dawn, testWorld } from './builders.ts'
import * as folder from './index.ts'

const isController = (value: unknown): value is Controller<unknown> => typeof value === 'object' && value !== null && 'reconcile' in value
const exported: readonly unknown[] = Object.values(folder)
const controllers: readonly Controller<unknown>[] = [
  ...exported.filter(isController),
  folder.garbageCollector(), folder.namespaceController(), folder.horizontalPodAutoscalerController(), folder.storageVersionMigrationController(), folder.podGarbageCollector(), folder.nodeLifecycleController(), folder.rootCaController('PEM'), folder.accountTokenController('PEM'),
]

/** Reads that need no watch, and why. */
const readsUnwatched: Readonly<Record<string, readonly string[]>> = {
  // Pods of a node that is lost: their kubelet, the only one who could change them, is silent.
  'node-controller': ['pods'],
  // Nobody else writes revisions; a claim that someone deletes is made again when its pod is. As upstream, neither wakes.
  'daemonset-controller': ['apps/controllerrevisions'],
  'statefulset-controller': ['apps/controllerrevisions', 'persistentvolumeclaims'],
}

const seeds = 25
const stepsMost = 3000

for (const controller of controllers) {
  test(`${controller.name}: pure, settles, stays settled, reads what it watches`, () => {
    for (let seed = 1; seed <= seeds; seed++) check(controller, seed)
  })
}

function check(controller: Controller<unknown>, seed: number): void {
  const world = testWorld(seed)
  world.put(...drawWorld(seededRandom(seed)))
  const reads = new Set<string>()
  const memories = new Map<string, unknown>()
  const refusals = new Map<string, Refusal>()
  let looking = ''
  const observed: Controller<unknown> = {
    name: controller.name, watches: controller.watches,
    reconcile: (key, around) => {
      const plan = controller.reconcile(key, { ...around, view: recording(around.view, reads) })
      assert.equal(text(controller.reconcile(key, around)), text(plan), `seed ${seed}: two looks at one world differ for ${key}`)
      memories.set(key, plan.memory)
      refusals.delete(key)
      looking = key
      return plan
    },
  }
  const submit: Submit = (action, actor, answer) => { world.submit(action, actor, (outcome) => { if (isRefusal(outcome)) refusals.set(looking, outcome); answer(outcome) }) }
  const runner = folder.createRunner({ controllers: [observed], view: world.store.view, changes: (after) => world.store.changes(after), submit, clock: world.clock })
  for (let steps = 0; runner.step(); steps++) assert.ok(steps < stepsMost, `seed ${seed}: ${controller.name} does not settle`)
  for (const [key, memory] of memories) {
    const around: World<unknown> = { view: world.store.view, now: world.clock.now(), memory, last: refusals.get(key), observed: new Map() }
    const plan = controller.reconcile(key, around)
    const refused = plan.actions.some((action) => { let bad = false; world.submit(action, { user: '', groups: [], component: '' }, (outcome) => { bad = 'refused' in outcome }); return bad })
    if (!refused) assert.deepEqual(plan.actions, [], `seed ${seed}: ${key} is settled and still plans`)
  }
  const watched = new Set([...controller.watches.map((watch) => watch.resource), ...(readsUnwatched[controller.name] ?? [])])
  if (!watched.has('*')) assert.deepEqual([...reads].filter((resource) => !watched.has(resource)), [], `seed ${seed}: reads what it does not watch`)
}

const text = (plan: unknown): string => canonicalJson(plan)

/** A view that notes which types are read; lookups that span all types are not told apart. */
function recording(view: ClusterView, reads: Set<string>): ClusterView {
  const note = (type: ResourceType<Resource> | undefined): void => { if (type) reads.add(type.resource) }
  return {
    get revision() { return view.revision },
    shows: (resource, revision) => view.shows(resource, revision),
    get: (type, namespace, name) => { note(type); return view.get(type, namespace, name) },
    list: (type, namespace) => { note(type); return view.list(type, namespace) },
    count: (type) => { note(type); return view.count(type) },
    by: (index, value) => { note(index.type); return view.by(index, value) },
  }
}

// ---- worlds ------------------------------------------------------------------------------------------------------

function drawWorld(random: Random): readonly Resource[] {
  const pick = <T>(...of: readonly [T, ...T[]]): T => of[random.below(of.length)] ?? of[0]
  const objects: Resource[] = []
  const template = (app: string) => ({ metadata: { labels: { app } }, spec: { restartPolicy: 'Always', containers: [{ name: 'c', image: `web:${random.below(3)}` }] } })
  const drawPods = (app: string, owner: OwnerReference | undefined, most: number): void => {
    for (let number = random.below(most + 1); number > 0; number--) objects.push(drawPod(`${app}-${random.suffix(5)}`, app, owner, random))
  }
  for (const name of ['default', 'other']) objects.push(anObject(namespaces, name, { metadata: random.chance(0.2) ? { deletionTimestamp: timestamp(dawn) } : {}, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }))
  for (const name of ['a', 'b', 'c']) {
    objects.push(anObject(nodes, name, {
      metadata: { labels: { 'kubernetes.io/hostname': name, disk: pick('ssd', 'hdd') } },
      spec: { ...(random.chance(0.2) && { unschedulable: true }) },
      status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' }, conditions: [{ type: 'Ready', status: pick('True', 'True', 'False', 'Unknown'), lastHeartbeatTime: timestamp(dawn) }] },
    }))
  }
  for (const app of ['web', 'api']) {
    const metadata = { generation: 1, labels: { app } }
    const deployment = anObject(deployments, app, {
      metadata, spec: {
        replicas: random.below(6), paused: random.chance(0.1), revisionHistoryLimit: random.below(3), progressDeadlineSeconds: 600, selector: { matchLabels: { app } }, template: template(app),
        strategy: pick<object>({ type: 'Recreate' }, { type: 'RollingUpdate', rollingUpdate: { maxSurge: random.below(3), maxUnavailable: pick<string | number>('25%', 1) } }),
      }, status: {},
    })
    objects.push(deployment)
    for (let number = random.below(3); number > 0; number--) {
      const set = anObject(replicaSets, `${app}-${number}`, { metadata: { ...metadata, ...(random.chance(0.8) && { ownerReferences: [ownerReference(deployments, deployment)] }) }, spec: { replicas: random.below(5), selector: { matchLabels: { app } }, template: template(app) }, status: { replicas: random.below(3) } })
      objects.push(set)
      drawPods(app, ownerReference(replicaSets, set), 5)
    }
    drawPods(app, random.chance(0.5) ? { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'gone', uid: 'uid-gone', controller: true } : undefined, 3)
    objects.push(anObject(services, app, { spec: { selector: { app }, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'], type: 'ClusterIP', ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] }, status: {} }))
  }
  const claims = random.chance(0.5) ? [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }] : []
  const stateful = anObject(statefulSets, 'db', {
    metadata: { generation: 1 }, spec: {
      replicas: random.below(4), serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template: template('db'), podManagementPolicy: pick('OrderedReady', 'Parallel'), revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, volumeClaimTemplates: claims, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: pick('Retain', 'Delete') },
    }, status: { replicas: 0 },
  })
  const daemon = anObject(daemonSets, 'agent', {
    metadata: { generation: 1 }, spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent'), revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } },
    status: { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
  })
  const jobTemplate = (uid: string) => ({ metadata: { labels: { 'batch.kubernetes.io/controller-uid': uid } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'work:1' }] } })
  const job = anObject(jobs, 'work', {
    metadata: { generation: 1 }, spec: {
      parallelism: random.below(4), ...(random.chance(0.7) && { completions: 1 + random.below(4) }), completionMode: pick('NonIndexed', 'NonIndexed', 'Indexed'), backoffLimit: random.below(3), suspend: random.chance(0.1), manualSelector: false, podReplacementPolicy: 'TerminatingOrFailed',
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'uid-work' } }, template: jobTemplate('uid-work'), ...(random.chance(0.3) && { ttlSecondsAfterFinished: 10 }),
    }, status: {},
  })
  const cron = anObject(cronJobs, 'nightly', {
    metadata: { creationTimestamp: timestamp(dawn - 600_000) }, spec: { schedule: pick('* * * * *', '0 3 * * *'), concurrencyPolicy: pick('Allow', 'Forbid', 'Replace'), suspend: random.chance(0.1), successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1, jobTemplate: { spec: { template: jobTemplate('x') } } }, status: {},
  })
  objects.push(stateful, daemon, job, cron, anObject(configMaps, 'config'), ...(random.chance(0.5) ? [anObject(serviceAccounts, 'default')] : []))
  for (let ordinal = 0; ordinal < 4; ordinal++) if (random.chance(0.4)) objects.push(drawPod(`db-${ordinal}`, 'db', ownerReference(statefulSets, stateful), random))
  drawPods('agent', ownerReference(daemonSets, daemon), 3)
  for (let number = random.below(4); number > 0; number--) {
    const pod = drawPod(`work-${random.suffix(5)}`, 'work', ownerReference(jobs, job), random)
    objects.push({ ...pod, metadata: { ...pod.metadata, labels: { 'batch.kubernetes.io/controller-uid': 'uid-work' }, finalizers: ['batch.kubernetes.io/job-tracking'] }, spec: { ...pod.spec, restartPolicy: 'Never' } } as Pod)
  }
  for (const cidr of ['10.0.0.0/24', '10.0.0.0/16']) {
    const leaving = random.chance(0.3) ? { finalizers: ['networking.k8s.io/service-cidr-finalizer'], deletionTimestamp: timestamp(dawn), deletionGracePeriodSeconds: 0 } : {}
    if (random.chance(0.5)) objects.push(anObject(serviceCIDRs, cidr.replace('/', '-'), { metadata: leaving, spec: { cidrs: [cidr] }, status: {} }))
  }
  const labels: Readonly<Record<string, string>> = random.chance(0.7) ? { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } : {}
  for (const address of ['10.0.0.1', '10.0.0.2', '10.0.1.1']) if (random.chance(0.5)) objects.push(anObject(ipAddresses, address, { metadata: { labels }, spec: { parentRef: { resource: 'services', namespace: 'default', name: pick('web', 'api', 'gone') } } }))
  return objects
}

function drawPod(name: string, app: string, owner: OwnerReference | undefined, random: Random): Pod {
  const state = random.below(6)
  return aPod(name, {
    labels: random.chance(0.9) ? { app } : { app: 'relabelled' },
    ...(state > 0 && { node: ['a', 'b', 'c', 'gone'][random.below(4)] ?? 'a' }),
    ...(state === 2 || state === 3 ? { ready: dawn - random.below(60) * 1000 } : state === 4 ? { phase: random.chance(0.5) ? 'Succeeded' : 'Failed' } : {}),
    metadata: { creationTimestamp: timestamp(dawn - 100_000), ...(owner && { ownerReferences: [owner] }), ...(state === 5 && { deletionTimestamp: timestamp(dawn), deletionGracePeriodSeconds: 30 }) },
  })
}
