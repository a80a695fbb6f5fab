// Jobs whose pods really end, and with which code.
import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, text } from '../../api.ts'
import { becomes } from '../../workloads.ts'
import { image, type RealStory, type RealWorld } from '../world.ts'

const jobs = (world: RealWorld, name = 'work'): string => world.path('batch/v1', 'jobs', name)
interface Work { readonly script: string; readonly more?: object; readonly pod?: object; readonly container?: object }
async function makes(world: RealWorld, { script, more = {}, pod = {}, container = {} }: Work): Promise<Fields> {
  const containers = [{ name: 'main', image, command: ['sh', '-c', script], ...container }]
  return world.create(world.path('batch/v1', 'jobs'), { metadata: { name: 'work' }, spec: { template: { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers, ...pod } }, ...more } })
}
const conditionOf = (job: Fields, type: string): Fields | undefined => list(job, 'status', 'conditions').find((one) => one['type'] === type && one['status'] === 'True')
const has = (world: RealWorld, type: string): Promise<Fields> => becomes(world, jobs(world), `it is ${type}`, (job) => conditionOf(job, type) !== undefined)
const podsOf = async (world: RealWorld): Promise<readonly Fields[]> => list(await world.get(`${world.pod()}?labelSelector=job-name%3Dwork`), 'items')
const counts = (job: Fields): unknown => ['succeeded', 'failed', 'active'].map((field) => at(job, 'status', field) ?? 0)
const reasons = (job: Fields): unknown => list(job, 'status', 'conditions').filter(({ status }) => status === 'True').map(({ type, reason }) => `${String(type)} ${String(reason ?? '')}`)
const indexed = { completionMode: 'Indexed' }
const onExit = (action: string, value: number): object => ({ podFailurePolicy: { rules: [{ action, onExitCodes: { containerName: 'main', operator: 'In', values: [value] } }] } })
const waits = 'trap "exit 0" TERM; sleep 100000 & wait'

export const workOfJobs: readonly RealStory[] = [
  {
    row: '[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early [Conformance]',
    tell: async (world) => {
      await makes(world, { script: 'exit 42', more: { backoffLimit: 6, ...onExit('FailJob', 42) } })
      const job = await has(world, 'Failed')
      assert.deepEqual([reasons(job), counts(job)], [['FailureTarget PodFailurePolicy', 'Failed PodFailurePolicy'], [0, 1, 0]])
    },
  },
  {
    row: '[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition [Conformance]',
    tell: async (world) => {
      await makes(world, { script: 'trap "exit 1" TERM; [ -e /mark/evicted ] && exit 0; sleep 100000 & wait', more: { backoffLimit: 0, podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] } }, pod: { volumes: [{ name: 'mark', hostPath: { path: `/tmp/${world.namespace}-${world.api.now()}`, type: 'DirectoryOrCreate' } }], nodeName: 'node-1' }, container: { volumeMounts: [{ name: 'mark', mountPath: '/mark' }] } })
      await becomes(world, jobs(world), 'its pod is ready', (job) => at(job, 'status', 'ready') === 1)
      const [pod] = await podsOf(world)
      await world.sh(nameOf(pod), 'touch /mark/evicted')
      await world.create(`${world.pod(nameOf(pod))}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: nameOf(pod) } })
      assert.deepEqual(counts(await has(world, 'Complete')), [1, 0, 0])
    },
  },
  {
    row: '[sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname [Conformance]',
    tell: async (world) => {
      await makes(world, { script: 'echo "$JOB_COMPLETION_INDEX $(hostname)"', more: { ...indexed, parallelism: 2, completions: 4, backoffLimit: 6 } })
      const job = await has(world, 'Complete')
      assert.equal(text(job, 'status', 'completedIndexes'), '0-3')
      const found = await Promise.all((await podsOf(world)).map(async (pod) => [at(pod, 'metadata', 'annotations', 'batch.kubernetes.io/job-completion-index'), at(pod, 'metadata', 'labels', 'batch.kubernetes.io/job-completion-index'), text(pod, 'status', 'phase'), await world.log(nameOf(pod))]))
      assert.deepEqual(found.sort(), ['0', '1', '2', '3'].map((index) => [index, index, 'Succeeded', `${index} work-${index}\n`]))
    },
  },
  {
    row: '[sig-apps] Job should execute all indexes despite some failing when using backoffLimitPerIndex [Conformance]',
    tell: async (world) => {
      await makes(world, { script: 'exit $((JOB_COMPLETION_INDEX % 2))', more: { ...indexed, parallelism: 2, completions: 4, backoffLimitPerIndex: 1 } })
      const job = await has(world, 'Failed')
      assert.deepEqual([text(job, 'status', 'completedIndexes'), text(job, 'status', 'failedIndexes'), counts(job), reasons(job)], ['0,2', '1,3', [2, 4, 0], ['FailureTarget FailedIndexes', 'Failed FailedIndexes']])
    },
  },
  {
    row: '[sig-apps] Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy [Conformance]',
    tell: async (world) => {
      await makes(world, { script: '[ "$JOB_COMPLETION_INDEX" = 0 ] && exit 42; exit 0', more: { ...indexed, parallelism: 2, completions: 2, backoffLimitPerIndex: 1, ...onExit('FailIndex', 42) } })
      const job = await has(world, 'Failed')
      assert.deepEqual([text(job, 'status', 'completedIndexes'), text(job, 'status', 'failedIndexes'), counts(job)], ['1', '0', [1, 1, 0]])
    },
  },
  {
    row: '[sig-apps] Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes [Conformance]',
    tell: async (world) => {
      await makes(world, { script: '[ $((JOB_COMPLETION_INDEX % 2)) = 0 ] && exit 1; sleep 100000', more: { ...indexed, parallelism: 10, completions: 10, backoffLimitPerIndex: 0, maxFailedIndexes: 4 } })
      const job = await has(world, 'Failed')
      assert.deepEqual([reasons(job), text(job, 'status', 'failedIndexes'), text(job, 'status', 'completedIndexes'), at(job, 'status', 'active') ?? 0], [['FailureTarget MaxFailedIndexesExceeded', 'Failed MaxFailedIndexesExceeded'], '0,2,4,6,8', '', 0])
    },
  },
  {
    row: '[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted [Conformance]',
    tell: async (world) => {
      const data = { volumes: [{ name: 'data', emptyDir: {} }], restartPolicy: 'OnFailure' }
      await makes(world, { script: '[ -e /data/tried ] && exit 0; touch /data/tried; exit 1', more: { parallelism: 2, completions: 4, backoffLimit: 6 }, pod: data, container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] } })
      await has(world, 'Complete')
      const pods = await podsOf(world)
      assert.deepEqual(pods.map((pod) => [text(pod, 'status', 'phase'), at(pod, 'status', 'containerStatuses', 0, 'restartCount')]), pods.map(() => ['Succeeded', 1]))
      assert.equal(pods.length, 4)
    },
  },
  {
    row: '[sig-apps] Job should manage the lifecycle of a job [Conformance]',
    tell: async (world) => {
      const watch = await world.api.watch(`${world.path('batch/v1', 'jobs')}?watch=true`)
      await makes(world, { script: 'true', more: { suspend: true, parallelism: 1, completions: 1 } })
      await world.merge(jobs(world), { metadata: { labels: { patched: 'yes' } } })
      const found = await world.get(jobs(world))
      await world.merge(jobs(world), { metadata: { annotations: { updated: 'yes' } }, spec: { suspend: false, parallelism: 2 } })
      await has(world, 'Complete')
      const everywhere = list(await world.get('/apis/batch/v1/jobs?labelSelector=patched%3Dyes'), 'items').filter((job) => text(job, 'metadata', 'namespace') === world.namespace)
      assert.deepEqual([everywhere.map(nameOf), at(found, 'spec', 'suspend')], [['work'], true])
      assert.equal((await world.ask('DELETE', `${world.path('batch/v1', 'jobs')}?labelSelector=patched%3Dyes&propagationPolicy=Background`)).status, 200)
      await becomes(world, world.path('batch/v1', 'jobs'), 'none is left', (all) => list(all, 'items').length === 0)
      const types = (await watch.rest()).map(({ type }) => type)
      watch.stop()
      assert.deepEqual([types[0], types.includes('MODIFIED'), types.at(-1)], ['ADDED', true, 'DELETED'])
    },
  },
  ...([
    { says: 'should succeeded when all indexes succeeded', script: 'exit 0', policy: { succeededIndexes: '0-3' }, completions: 4, done: '0-3', succeeded: 4 },
    { says: 'succeededCount rule should succeeded even when some indexes remain pending', script: `[ "$JOB_COMPLETION_INDEX" = 0 ] && exit 0; ${waits}`, policy: { succeededCount: 1 }, completions: 3, done: '0', succeeded: 1 },
    { says: 'succeededIndexes rule should succeeded even when some indexes remain pending', script: `[ "$JOB_COMPLETION_INDEX" = 0 ] && exit 0; ${waits}`, policy: { succeededIndexes: '0' }, completions: 3, done: '0', succeeded: 1 },
  ] as const).map(({ says, script, policy, completions, done, succeeded }): RealStory => ({
    row: `[sig-apps] Job with successPolicy ${says} [Conformance]`,
    tell: async (world) => {
      await makes(world, { script, more: { ...indexed, parallelism: completions, completions, successPolicy: { rules: [policy] } } })
      const job = await has(world, 'Complete')
      assert.deepEqual([reasons(job), text(job, 'status', 'completedIndexes'), ...['succeeded', 'active', 'ready', 'terminating', 'failed'].map((field) => at(job, 'status', field) ?? 0)], [['SuccessCriteriaMet SuccessPolicy', 'Complete SuccessPolicy'], done, succeeded, 0, 0, 0, 0])
    },
  })),
]
