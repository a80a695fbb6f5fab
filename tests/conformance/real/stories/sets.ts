// StatefulSets, DaemonSets and Deployments whose pods really become ready, or never do.
import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, text, until } from '../../api.ts'
import { named } from '../../story.ts'
import { becomes, hasReady, imagesOf, podsOf } from '../../workloads.ts'
import { aPod, image, type RealStory, type RealWorld, speaker, waiting } from '../world.ts'

const labels = { app: 'web' }
const missing = 'localhost/skiff/none:1'
/** Is ready as long as a file is there. */
const ready = { readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1, failureThreshold: 1 } }
const container = (more: object = {}): object => ({ name: 'main', image, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', 'touch /tmp/ready; trap "exit 0" TERM; sleep 100000 & wait'], ...ready, ...more })
const template = (more: object = {}, pod: object = {}): object => ({ metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container(more)], ...pod } })

const sets = (world: RealWorld): string => world.path('apps/v1', 'statefulsets', 'web')
async function makesSet(world: RealWorld, spec: object): Promise<void> {
  await world.create(world.path('v1', 'services'), { ...named('web'), spec: { clusterIP: 'None', selector: labels, ports: [{ port: 80 }] } })
  await world.create(world.path('apps/v1', 'statefulsets'), { ...named('web'), spec: { serviceName: 'web', selector: { matchLabels: labels }, template: template(), ...spec } })
}
const breaks = async (world: RealWorld, pod: string): Promise<void> => {
  await world.sh(pod, 'rm /tmp/ready')
  await becomes(world, world.pod(pod), 'it is not ready', (seen) => !isReady(seen))
}
const heals = (world: RealWorld, pod: string): Promise<string> => world.sh(pod, 'touch /tmp/ready')
const isReady = (pod: Fields): boolean => list(pod, 'status', 'conditions').some(({ type, status }) => type === 'Ready' && status === 'True')
const scales = (world: RealWorld, replicas: number): Promise<Fields> => world.merge(`${sets(world)}/scale`, { spec: { replicas } })
const names = async (world: RealWorld): Promise<readonly string[]> => (await podsOf(world, 'web')).map(nameOf).sort()
const has = (world: RealWorld, ...pods: readonly string[]): Promise<unknown> => until(world.api, `the pods are ${pods.join(', ')}`, async () => (await names(world)).join() === pods.join())
/** Some time in which nothing may happen. */
const stillMs = 2500
const revisionOf = (pod: Fields): string => text(pod, 'metadata', 'labels', 'controller-revision-hash')
/** A failure with what the set, its pods and the events say. */
const tellsMore = (world: RealWorld) => async (error: unknown): Promise<never> => {
  const said = list(await world.get(world.path('v1', 'events')), 'items').map((event) => `${text(event, 'involvedObject', 'name')} ${text(event, 'reason')}: ${text(event, 'message')}`)
  const pods = (await podsOf(world, 'web')).map((pod) => `${nameOf(pod)} ${revisionOf(pod)} ${JSON.stringify(pod['status'])}`)
  throw new Error([String(error), JSON.stringify(at(await world.get(sets(world)), 'status')), ...pods, ...said].join('\n'))
}
/** The pods in the order in which they came, or went, as a watch tells. */
async function order(world: RealWorld, type: 'ADDED' | 'DELETED', during: () => Promise<unknown>): Promise<readonly string[]> {
  const watch = await world.api.watch(`${world.pod()}?watch=true&labelSelector=app%3Dweb`)
  await watch.rest()
  await during()
  const told = (await watch.rest()).filter((event) => event.type === type).map(({ object }) => nameOf(object))
  watch.stop()
  return told
}

const deployment = (world: RealWorld): string => world.path('apps/v1', 'deployments', 'web')
const replicaSets = async (world: RealWorld): Promise<readonly Fields[]> => list(await world.get(`${world.path('apps/v1', 'replicasets')}?labelSelector=app%3Dweb`), 'items')
const replicasByImage = async (world: RealWorld): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries((await replicaSets(world)).map((set) => [text(set, 'spec', 'template', 'spec', 'containers', 0, 'image'), Number(at(set, 'spec', 'replicas'))]))

export const setsOfPods: readonly RealStory[] = [
  {
    row: '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Conformance] [Slow]',
    tell: async (world) => {
      await makesSet(world, { replicas: 1 })
      await hasReady(world, sets(world), 1)
      await breaks(world, 'web-0')
      const came = await order(world, 'ADDED', async () => {
        await scales(world, 3)
        await world.api.advance(stillMs)
        assert.deepEqual(await names(world), ['web-0'], 'it waits for the unhealthy one')
        await heals(world, 'web-0')
        await hasReady(world, sets(world), 3)
      })
      assert.deepEqual(came, ['web-1', 'web-2'])
      const all = ['web-0', 'web-1', 'web-2']
      for (const pod of all) await breaks(world, pod)
      const went = await order(world, 'DELETED', async () => {
        await scales(world, 0)
        await world.api.advance(stillMs)
        assert.deepEqual(await names(world), all, 'it waits again')
        for (const pod of all) await heals(world, pod)
        await has(world)
        await until(world.api, 'all are gone', async () => (await world.names(`${world.pod()}?labelSelector=app%3Dweb`)).length === 0)
      })
      assert.deepEqual(went, ['web-2', 'web-1', 'web-0'])
    },
  },
  {
    row: '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Burst scaling should run to completion even with unhealthy pods [Conformance] [Slow]',
    tell: async (world) => {
      await makesSet(world, { replicas: 1, podManagementPolicy: 'Parallel' })
      await hasReady(world, sets(world), 1)
      await breaks(world, 'web-0')
      await scales(world, 3)
      await has(world, 'web-0', 'web-1', 'web-2')
      await scales(world, 0)
      await has(world)
    },
  },
  {
    row: '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform rolling updates and roll backs of template modifications [Conformance]',
    tell: async (world) => {
      await makesSet(world, { replicas: 3 })
      await hasReady(world, sets(world), 3)
      const first = text(await world.get(sets(world)), 'status', 'currentRevision')
      const updates = (to: string): Promise<Fields> => world.patch(sets(world), { spec: { template: { spec: { containers: [{ name: 'main', image: to }] } } } }, 'strategic-merge')
      await breaks(world, 'web-1')
      await updates(speaker)
      await world.api.advance(stillMs)
      const second = text(await world.get(sets(world)), 'status', 'updateRevision')
      assert.notEqual(second, first)
      await heals(world, 'web-1')
      const all = async (revision: string): Promise<boolean> => (await podsOf(world, 'web')).filter((pod) => revisionOf(pod) === revision && isReady(pod)).length === 3
      const went = await order(world, 'DELETED', () => until(world.api, 'all are of the second revision', () => all(second)).catch(tellsMore(world)))
      assert.deepEqual(went.filter((name) => name !== 'web-2'), ['web-1', 'web-0'], 'the last one goes first')
      await updates(image)
      await until(world.api, 'all are of the first revision again', () => all(first)).catch(tellsMore(world))
      await becomes(world, sets(world), 'the first revision is the current one', (set) => text(set, 'status', 'currentRevision') === first)
    },
  },
  {
    row: '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Should recreate evicted statefulset [Conformance]',
    tell: async (world) => {
      const ports = { ports: [{ containerPort: 21017, hostPort: 21017 }] }
      await world.runs(aPod('first', [waiting(ports)], { nodeName: 'node-1' }))
      const uids = new Set<string>()
      await makesSet(world, { replicas: 1, template: template(ports, { nodeName: 'node-1' }) })
      await until(world.api, 'it was refused, and made again', async () => {
        const reply = await world.ask('GET', world.pod('web-0'))
        if (reply.status === 200) uids.add(text(reply.body, 'metadata', 'uid'))
        return uids.size >= 2
      })
      await world.remove(world.pod('first'))
      await hasReady(world, sets(world), 1)
    },
  },
  {
    row: '[sig-apps] Daemon set should rollback without unnecessary restarts [Conformance] [Serial]',
    alone: true,
    tell: async (world) => {
      const path = world.path('apps/v1', 'daemonsets', 'web')
      await world.create(world.path('apps/v1', 'daemonsets'), { ...named('web'), spec: { selector: { matchLabels: labels }, template: template(), updateStrategy: { type: 'RollingUpdate' } } })
      const allReady = (set: Fields): boolean => at(set, 'status', 'numberReady') === 2 && at(set, 'status', 'updatedNumberScheduled') === 2 && at(set, 'status', 'observedGeneration') === at(set, 'metadata', 'generation')
      await becomes(world, path, 'both nodes have one', allReady)
      const before = await podsOf(world, 'web')
      const runs = (with_: string): Promise<Fields> => world.patch(path, { spec: { template: { spec: { containers: [{ name: 'main', image: with_ }] } } } }, 'strategic-merge')
      await runs(missing)
      await until(world.api, 'one waits for an image that is not there', async () => (await podsOf(world, 'web')).some((pod) => ['ErrImagePull', 'ImagePullBackOff'].includes(text(pod, 'status', 'containerStatuses', 0, 'state', 'waiting', 'reason'))))
      const kept = (await podsOf(world, 'web')).filter((pod) => before.some((old) => nameOf(old) === nameOf(pod))).map(nameOf)
      await runs(image)
      await becomes(world, path, 'both are ready again', allReady)
      const after = await podsOf(world, 'web')
      assert.deepEqual([kept.length, kept.every((name) => after.some((pod) => nameOf(pod) === name && at(pod, 'status', 'containerStatuses', 0, 'restartCount') === 0)), imagesOf(after)], [1, true, [image, image]])
    },
  },
  {
    row: '[sig-apps] Deployment deployment should support rollover [Conformance]',
    tell: async (world) => {
      await world.create(world.path('apps/v1', 'deployments'), { ...named('web'), spec: { replicas: 1, minReadySeconds: 2, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }, selector: { matchLabels: labels }, template: template({ image: missing }) } })
      await until(world.api, 'the first rollout hangs', async () => (await replicasByImage(world))[missing] === 1)
      await world.patch(deployment(world), { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } }, 'strategic-merge')
      await becomes(world, deployment(world), 'only the newest is left', (seen) => at(seen, 'status', 'availableReplicas') === 1 && at(seen, 'status', 'replicas') === 1 && at(seen, 'status', 'updatedReplicas') === 1)
      await until(world.api, 'the old set has none', async () => (await replicasByImage(world))[missing] === 0)
      assert.deepEqual(await replicasByImage(world), { [missing]: 0, [image]: 1 })
    },
  },
  {
    row: '[sig-apps] Deployment deployment should support proportional scaling [Conformance]',
    tell: async (world) => {
      await world.create(world.path('apps/v1', 'deployments'), { ...named('web'), spec: { replicas: 10, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } }, selector: { matchLabels: labels }, template: template() } })
      await hasReady(world, deployment(world), 10)
      await world.patch(deployment(world), { spec: { template: { spec: { containers: [{ name: 'main', image: missing }] } } } }, 'strategic-merge')
      const are = (old: number, next: number): Promise<unknown> => until(world.api, `old ${old}, new ${next}`, async () => { const found = await replicasByImage(world); return found[image] === old && found[missing] === next })
      await are(8, 5)
      await world.merge(`${deployment(world)}/scale`, { spec: { replicas: 30 } })
      await are(20, 13)
    },
  },
]
