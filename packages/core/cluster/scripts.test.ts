import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pods } from '../api/index.ts'
import { createCluster, type VirtualCluster } from './virtual-cluster.ts'

const pod = (name: string, annotations: Readonly<Record<string, string>>, container: object = {}, spec: object = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', annotations }, spec: { ...spec, containers: [{ name: 'main', image: 'x', ...container }] } })
const logs = (cluster: VirtualCluster, name: string, query = ''): unknown => cluster.request('GET', `/api/v1/namespaces/default/pods/${name}/log${query}`).body

test('a log grows with time as its script says, and is cut as it is asked for', () => {
  const cluster = createCluster()
  cluster.apply(pod('web', { 'skiff.dev/log': 'booting {pod}\n+2s listening\nevery 10s beat {n}\nend: bye\n' }))
  assert.equal(logs(cluster, 'web'), 'booting web\n')
  cluster.advance('25s')
  assert.equal(logs(cluster, 'web'), 'booting web\nlistening\nbeat 1\nbeat 2\n')
  assert.equal(logs(cluster, 'web', '?tailLines=1&timestamps=true'), '2026-01-01T00:00:20.000000000Z beat 2\n')
  assert.equal(logs(cluster, 'web', '?sinceSeconds=15'), 'beat 1\nbeat 2\n')
  assert.equal(logs(cluster, 'web', '?limitBytes=7'), 'booting')
  cluster.advance('1d')
  assert.equal(logs(cluster, 'web', '?tailLines=1'), 'beat 8642\n')
})

test('a plain command writes what it says, at its time', () => {
  const cluster = createCluster()
  cluster.apply(pod('hello', {}, { command: ['/bin/sh', '-c', 'date; echo Hello; sleep 5; echo "$(NAME) is done"'], env: [{ name: 'NAME', value: 'it' }] }, { restartPolicy: 'Never' }))
  assert.equal(logs(cluster, 'hello'), 'Thu Jan  1 00:00:00 UTC 2026\nHello\n')
  cluster.advance('10s')
  assert.equal(logs(cluster, 'hello'), 'Thu Jan  1 00:00:00 UTC 2026\nHello\nit is done\n')
  cluster.apply(pod('other', {}, { command: ['nginx'] }))
  assert.match(JSON.stringify(logs(cluster, 'other')), /it writes no log/)
})

test('each attempt has a log of its own', () => {
  const cluster = createCluster()
  cluster.apply(pod('flaky', { 'skiff.dev/log': 'attempt {attempt}\nend: gone', 'skiff.dev/run-for': '2s,forever', 'skiff.dev/exit-code': '3' }))
  cluster.advance('1m')
  assert.deepEqual([logs(cluster, 'flaky'), logs(cluster, 'flaky', '?previous=true')], ['attempt 1\n', 'attempt 0\ngone\n'])
})

test('variation is seeded: the same cluster varies the same, pods of one script differ', () => {
  const ends = (): readonly unknown[] => {
    const cluster = createCluster()
    for (const name of ['a', 'b', 'c']) cluster.apply(pod(name, { 'skiff.dev/run-for': '100s', 'skiff.dev/vary': '20%' }, {}, { restartPolicy: 'Never' }))
    cluster.advance('200s')
    return cluster.list(pods).map(({ status }) => Date.parse(status.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? '') - Date.parse(status.containerStatuses?.[0]?.state?.terminated?.startedAt ?? ''))
  }
  const first = ends()
  assert.deepEqual(ends(), first)
  assert.ok(new Set(first).size > 1, first.join())
  for (const ms of first) assert.ok(Number(ms) >= 79_000 && Number(ms) <= 121_000, String(ms))
})
