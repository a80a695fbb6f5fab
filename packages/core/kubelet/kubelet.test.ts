import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../api/resources.ts'
import { aCluster, aPod } from './test-cluster.ts'

test('a pod bound to a simulated node runs at once', () => {
  const cluster = aCluster()
  cluster.put(aPod())
  cluster.settle()
  const at = { lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 }
  assert.deepEqual(cluster.pod()?.status, {
    phase: 'Running', qosClass: 'BestEffort', observedGeneration: 1,
    conditions: [
      { type: 'PodReadyToStartContainers', status: 'True', ...at }, { type: 'Initialized', status: 'True', ...at }, { type: 'Ready', status: 'True', ...at },
      { type: 'ContainersReady', status: 'True', ...at }, { type: 'PodScheduled', status: 'True', ...at },
    ],
    hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.1' }], podIP: '10.244.1.2', podIPs: [{ ip: '10.244.1.2' }], startTime: '2026-01-01T00:00:00Z',
    containerStatuses: [{
      name: 'web', image: 'web:1', imageID: 'sha256:' + cluster.pod()?.status.containerStatuses?.[0]?.imageID.slice(7), resources: {},
      containerID: 'simulated://uid-web-web-0', restartCount: 0, lastState: {}, ready: true, started: true, state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
    }],
  })
  assert.deepEqual(cluster.events, [
    'Normal Pulling Pulling image "web:1"', 'Normal Pulled Successfully pulled image "web:1" in 0ms (0ms including waiting). Image size: 142006577 bytes.',
    'Normal Created Container created', 'Normal Started Container started',
  ])
  assert.equal(cluster.clock.nextDue(), undefined, 'an idle simulated node has no timers')
})

test('a simulated node registers itself', () => {
  const cluster = aCluster()
  cluster.settle()
  const node = cluster.store.view.get(nodes, '', 'a')
  assert.equal(node?.status.conditions?.find((one) => one.type === 'Ready')?.message, 'kubelet is posting ready status')
  assert.equal(node?.metadata.labels?.['skiff.dev/simulated'], 'true')
  assert.equal(node?.spec.podCIDR, '10.244.1.0/24')
})
