import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceHealth } from '../api/generated/types.ts'
import { aCluster, aPod, aShape, containersText } from './test-cluster.ts'

test('a container\'s status tells how its devices are, and a pod whose device is not well goes on', () => {
  const plugin = new Map<string, readonly ResourceHealth[]>([['example.com/gpu', [{ resourceID: 'gpu-0', health: 'Healthy' }]]])
  let claimed: ResourceHealth = { resourceID: 'example.com/card=one', health: 'Unknown' }
  const cluster = aCluster({ shapes: [aShape('a', { simulated: false })], deviceHealth: () => ({
    held: (pod, container) => (pod === 'uid-web' && container === 'web' ? Object.fromEntries(plugin) : {}),
    claimed: (namespace, { claim, request }) => (namespace === 'default' && claim === 'cards' ? [request === 'big' ? { ...claimed, resourceID: 'big' } : claimed] : []),
  }) })
  const container = (name: string, claims: readonly object[] = []) => ({ name, image: 'web:1', imagePullPolicy: 'IfNotPresent', resources: { claims } })
  cluster.put(aPod({ spec: {
    containers: [container('web', [{ name: 'card' }, { name: 'card', request: 'big' }]), container('plain')], initContainers: [{ ...container('beside', [{ name: 'card' }]), restartPolicy: 'Always' }],
    resourceClaims: [{ name: 'card', resourceClaimName: 'cards' }],
  } as object }))
  cluster.pass(60_000)
  const told = () => [...(cluster.pod()?.status.initContainerStatuses ?? []), ...(cluster.pod()?.status.containerStatuses ?? [])].map((status) => status.allocatedResourcesStatus)
  const claims = () => [{ name: 'claim:card', resources: [claimed] }, { name: 'claim:card/big', resources: [{ ...claimed, resourceID: 'big' }] }]
  assert.deepEqual(told(), [undefined, [{ name: 'example.com/gpu', resources: [{ resourceID: 'gpu-0', health: 'Healthy' }] }, ...claims()], undefined])
  const running = containersText(cluster.pod())

  plugin.set('example.com/gpu', [{ resourceID: 'gpu-0', health: 'Unhealthy' }])
  claimed = { resourceID: 'example.com/card=one', health: 'Unhealthy', message: 'too hot' }
  cluster.kubelet.podChanged('uid-web')
  cluster.settle()
  assert.deepEqual(told()[1], [{ name: 'example.com/gpu', resources: [{ resourceID: 'gpu-0', health: 'Unhealthy' }] }, ...claims()])
  assert.deepEqual([containersText(cluster.pod()), cluster.pod()?.status.phase], [running, 'Running'])
  const last = told()[1]
  plugin.clear()
  claimed = { resourceID: 'example.com/card=one', health: 'Unknown' }
  cluster.kubelet.podChanged('uid-other')
  cluster.settle()
  assert.deepEqual(told()[1], last, 'nobody else\'s news')
})
