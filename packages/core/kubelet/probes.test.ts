import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '../api/generated/types.ts'
import { aCluster, aPod, containersText, type TestCluster } from './test-cluster.ts'

const second = 1000
const probe = { httpGet: { port: 80 }, periodSeconds: 10, failureThreshold: 3, successThreshold: 1, timeoutSeconds: 1 }
function cluster(container: Partial<Container>, annotations: Readonly<Record<string, string>>): TestCluster {
  const made = aCluster()
  made.put(aPod({ spec: { containers: [{ name: 'web', image: 'web:1', ...container }] }, annotations }))
  return made
}

test('a pod is ready from the first passing readiness probe on, and then nothing ticks', () => {
  const one = cluster({ readinessProbe: { ...probe, initialDelaySeconds: 5 } }, { 'skiff.dev/ready-after': '20s' })
  one.pass(20 * second)
  assert.equal(containersText(one.pod()), 'web running 0')
  assert.deepEqual(one.pod()?.status.conditions?.find((condition) => condition.type === 'Ready')?.message, 'containers with unready status: [web]')
  one.pass(5 * second)
  assert.equal(containersText(one.pod()), 'web running ready 0')
  assert.equal(one.clock.nextDue(), undefined)
  assert.equal(one.events.at(-1), 'Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503')
})

test('a failing liveness probe restarts the container after its threshold', () => {
  const one = cluster({ livenessProbe: probe }, { 'skiff.dev/live-for': '30s' })
  one.pass(49 * second)
  assert.equal(containersText(one.pod()), 'web running ready 0')
  one.pass(second)
  assert.equal(containersText(one.pod()), 'web running ready 1')
  assert.deepEqual(one.events.slice(4, 8), [
    ...Array<string>(3).fill('Warning Unhealthy Liveness probe failed: HTTP probe failed with statuscode: 503'), 'Normal Killing Container web failed liveness probe, will be restarted',
  ])
})

test('liveness and readiness wait for the startup probe', () => {
  const one = cluster({ startupProbe: { ...probe, failureThreshold: 5 }, livenessProbe: probe, readinessProbe: probe }, { 'skiff.dev/started-after': '25s' })
  one.pass(29 * second)
  assert.deepEqual([containersText(one.pod()), one.pod()?.status.containerStatuses?.[0]?.started], ['web running 0', false])
  one.pass(second)
  assert.deepEqual([containersText(one.pod()), one.pod()?.status.containerStatuses?.[0]?.started], ['web running ready 0', true])
  assert.equal(one.clock.nextDue(), undefined)
})

test('a container that never starts up is restarted', () => {
  const one = cluster({ startupProbe: { ...probe, failureThreshold: 2 } }, { 'skiff.dev/started-after': '1h' })
  one.pass(10 * second)
  assert.equal(containersText(one.pod()), 'web running 1')
  assert.ok(one.events.includes('Normal Killing Container web failed startup probe, will be restarted'))
})
