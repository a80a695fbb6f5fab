// The time of a running cluster, turned by command.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TestCluster } from './cluster.ts'

let cluster: TestCluster
before(async () => { cluster = await TestCluster.start(['--simulate', '2', '--clock', 'virtual']) })
after(async () => { await cluster.stop() })

const skiff = (...words: readonly string[]) => cluster.skiff([...words, '--data-dir', cluster.dataDir])
const apply = async (path: string, body: object): Promise<void> => { assert.equal((await cluster.ask('POST', path, { body: JSON.stringify(body) })).status, 201) }
interface Seen { readonly metadata: { readonly name: string; readonly creationTimestamp: string }; readonly status: Readonly<Record<string, unknown>> }
const list = async (path: string): Promise<readonly Seen[]> => (await cluster.ask('GET', path)).body['items'] as readonly Seen[]

const cronJob = {
  apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'hourly' },
  spec: { schedule: '0 * * * *', successfulJobsHistoryLimit: 100, jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x', command: ['sleep', '300'] }] } } } } },
}

test('time stands still, goes on by a day with every run in it, and is the same after a restart', async () => {
  assert.match(skiff('time', 'now').out, /^2\d\d\d-.*Z, the machine's time\n$/)
  assert.match(skiff('time', 'freeze').out, /, frozen\n$/)
  const frozen = skiff('time', 'now').out
  assert.equal(skiff('time', 'until', '2040-01-01').out, '2040-01-01T00:00:00Z, frozen\n')
  assert.notEqual(skiff('time', 'now').out, frozen)
  await apply('/apis/batch/v1/namespaces/default/cronjobs', cronJob)
  assert.deepEqual([skiff('time', 'advance', '24h').out, skiff('time', 'now').out], Array(2).fill('2040-01-02T00:00:00Z, frozen\n'))
  const jobs = (await list('/apis/batch/v1/namespaces/default/jobs')).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  assert.deepEqual(jobs.map(({ metadata }) => metadata.creationTimestamp), Array.from({ length: 24 }, (_, hour) => new Date(Date.UTC(2040, 0, 1, hour + 1)).toISOString().replace('.000', '')))
  assert.deepEqual(jobs.slice(0, 2).map(({ status }) => [status['startTime'], status['completionTime']]), [['2040-01-01T01:00:00Z', '2040-01-01T01:05:00Z'], ['2040-01-01T02:00:00Z', '2040-01-01T02:05:00Z']])
  await cluster.kill('SIGTERM')
  await cluster.up()
  assert.equal(skiff('time', 'now').out, '2040-01-02T00:00:00Z, frozen\n')
  assert.match(skiff('time', 'resume').out, /^2040-01-02T00:00:0\d\.\d+Z, going on, \d+d.* ahead of the machine's time\n$|^2040-01-02T00:00:00Z, going on/)
})

test('a preview of a CronJob counts from the cluster\'s time, and knows what its runs took', () => {
  const told = skiff('time', 'preview', 'cronjob/hourly', '--from', '2040-01-02T00:30:00Z', '--until', '2040-01-02T02:30:00Z').out
  assert.equal(told, 'default/hourly: "0 * * * *" in UTC, Allow, a run takes 5 min\n2040-01-02 01:00 +00:00  2040-01-02T01:00:00Z\n2040-01-02 02:00 +00:00  2040-01-02T02:00:00Z\n2 runs\n')
})

test('what is no time is refused in one line', async () => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['advance', 'soon'], /^skiff: a duration is written like 90s, 1h30m or 30d, not 'soon'\n$/],
    [['advance'], /^skiff: 'skiff time advance' takes a duration such as 90s, 24h or 7d\n$/],
    [['until', '2020-01-01'], /^skiff: time does not run backwards: it is 2040-01-02T00:\d\d:\d\d.*Z in this cluster\n$/],
    [['until', 'tomorrow'], /^skiff: an instant is written like /],
    [['stop'], /^skiff: there is no 'skiff time stop': expected one of now, advance, until, freeze, resume, preview\n$/],
    [['preview', 'cronjob/absent'], /^skiff: there is no cronjob absent in namespace default\n$/],
  ]
  for (const [words, expected] of rows) assert.match(skiff('time', ...words).err, expected)
  assert.equal((await cluster.ask('GET', '/skiff.dev/time', { anonymous: true })).status, 403)
})

test('a node that failed is lost and its pods are elsewhere, minutes of the cluster later', async () => {
  await apply('/apis/apps/v1/namespaces/default/deployments', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'x' }] } } } })
  assert.equal(skiff('time', 'advance', '1s').code, 0)
  assert.equal(skiff('node', 'fail', 'sim-1').out, 'failed sim-1\n')
  assert.equal(skiff('time', 'advance', '10m').code, 0)
  const pods = await list('/api/v1/namespaces/default/pods?labelSelector=app%3Dweb&fieldSelector=spec.nodeName%3Dsim-2,status.phase%3DRunning')
  assert.equal(pods.length, 4)
  const [node] = await list('/api/v1/nodes?fieldSelector=metadata.name%3Dsim-1')
  assert.equal((node?.status['conditions'] as readonly { readonly type: string; readonly status: string }[]).find(({ type }) => type === 'Ready')?.status, 'Unknown')
})

test('a client that watches sees all that happens in days of the cluster, without being sent away', async () => {
  assert.equal(skiff('time', 'freeze').code, 0)
  const { seen, ended } = cluster.watch('/apis/batch/v1/namespaces/default/jobs?watch=true&timeoutSeconds=3600')
  let isOver = false
  void ended.then(() => { isOver = true })
  assert.equal(skiff('time', 'advance', '2d').code, 0)
  for (let tries = 0; seen.filter(({ type }) => type === 'ADDED').length < 48 && tries < 200; tries++) await new Promise((resolve) => { setTimeout(resolve, 20) })
  assert.ok(seen.filter(({ type }) => type === 'ADDED').length >= 48)
  assert.equal(isOver, false)
})
