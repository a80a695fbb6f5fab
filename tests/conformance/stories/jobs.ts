import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, text, until } from '../api.ts'
import { statusIsWritten } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { becomes, ownersOf, pods, template } from '../workloads.ts'

const jobs = (world: World, name?: string): string => world.path('batch/v1', 'jobs', name)
const crons = (world: World, name?: string): string => world.path('batch/v1', 'cronjobs', name)
/** Works until it is told to stop. */
const working = (more: object = {}): object => ({ ...template('work', 'work:1', { restartPolicy: 'OnFailure', containers: [{ name: 'web', image: 'work:1', command: ['sleep', '1000000'] }], ...more }) })
const aJob = (name: string, more: object = {}): object => ({ metadata: { name }, spec: { parallelism: 2, completions: 4, backoffLimit: 6, template: working({ restartPolicy: 'Never' }), ...more } })
const aCron = (concurrencyPolicy: string): object => ({ metadata: { name: 'tick' }, spec: { schedule: '*/1 * * * *', concurrencyPolicy, jobTemplate: { spec: { template: working() } } } })
const minuteMs = 60_000
const jobsOf = async (world: World, selector = ''): Promise<readonly Fields[]> => list(await world.get(`${jobs(world)}${selector}`), 'items').filter((job) => at(job, 'metadata', 'deletionTimestamp') === undefined)
const podsOfJob = async (world: World, name: string): Promise<readonly Fields[]> => list(await world.get(`${pods(world)}?labelSelector=job-name%3D${name}`), 'items').filter((pod) => at(pod, 'metadata', 'deletionTimestamp') === undefined)

/** A CronJob has run, and a minute more has gone by. */
async function ticks(world: World, policy: string): Promise<void> {
  await world.create(crons(world), aCron(policy))
  await world.api.advance(minuteMs)
  await until(world.api, 'it has run', async () => (await jobsOf(world)).length === 1)
}
const activeOf = async (world: World): Promise<readonly string[]> => list(await world.get(crons(world, 'tick')), 'status', 'active').map(({ name }) => String(name))

export const jobStories: readonly Story[] = [
  {
    row: '[sig-apps] CronJob should schedule multiple jobs concurrently [Conformance]',
    tell: async (world) => {
      await ticks(world, 'Allow')
      await world.api.advance(minuteMs)
      await until(world.api, 'two run at once', async () => (await activeOf(world)).length >= 2 && (await jobsOf(world)).length >= 2)
      await world.remove(crons(world, 'tick'))
    },
  },
  {
    row: '[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Conformance] [Slow]',
    tell: async (world) => {
      await ticks(world, 'Forbid')
      const [first] = await activeOf(world)
      await world.api.advance(3 * minuteMs)
      await world.api.pause()
      assert.deepEqual([await activeOf(world), (await jobsOf(world)).map(nameOf)], [[first], [first]])
      await world.remove(crons(world, 'tick'))
    },
  },
  {
    row: '[sig-apps] CronJob should replace jobs when ReplaceConcurrent [Conformance]',
    tell: async (world) => {
      await ticks(world, 'Replace')
      const [first] = await activeOf(world)
      await world.api.advance(minuteMs)
      await until(world.api, 'another runs in its place', async () => { const [now, ...more] = await activeOf(world); return now !== undefined && now !== first && more.length === 0 })
      await until(world.api, 'the first is gone', () => world.isGone(jobs(world, first ?? '')))
      await world.remove(crons(world, 'tick'))
    },
  },
  {
    row: '[sig-apps] Job should adopt matching orphans and release non-matching pods [Conformance]',
    tell: async (world) => {
      await world.create(jobs(world), aJob('work'))
      await becomes(world, jobs(world, 'work'), 'two work', (job) => at(job, 'status', 'active') === 2)
      const [pod] = await podsOfJob(world, 'work')
      const name = nameOf(pod)
      await world.merge(pods(world, name), { metadata: { ownerReferences: null } })
      await becomes(world, pods(world, name), 'it is adopted', (one) => ownersOf(one).includes('Job work'))
      await world.merge(pods(world, name), { metadata: { labels: null } })
      await becomes(world, pods(world, name), 'it is released', (one) => ownersOf(one).length === 0)
    },
  },
  {
    row: '[sig-apps] Job should delete a job [Conformance]',
    tell: async (world) => {
      await world.create(jobs(world), aJob('work'))
      await until(world.api, 'two work', async () => (await podsOfJob(world, 'work')).length === 2)
      await world.remove(`${jobs(world, 'work')}?propagationPolicy=Foreground`)
      await until(world.api, 'it is gone', () => world.isGone(jobs(world, 'work')))
      assert.deepEqual(await podsOfJob(world, 'work'), [])
    },
  },
  {
    row: '[sig-apps] Job should apply changes to a job status [Conformance]',
    tell: async (world) => {
      await world.create(jobs(world), aJob('work'))
      const job = await becomes(world, jobs(world, 'work'), 'two work', (one) => at(one, 'status', 'active') === 2)
      const custom = { type: 'CustomConditionType', status: 'True' }
      await world.merge(`${jobs(world, 'work')}/status`, { metadata: { annotations: { patchedstatus: 'true' } }, status: { startTime: text(job, 'status', 'startTime'), conditions: [custom] } })
      assert.equal(list(await world.get(jobs(world, 'work')), 'status', 'conditions').find(({ type }) => type === custom.type)?.['status'], 'True')
      await statusIsWritten(world, jobs(world, 'work'), [{ conditions: [custom] }, { conditions: [{ ...custom, type: 'Another' }] }])
    },
  },
]
