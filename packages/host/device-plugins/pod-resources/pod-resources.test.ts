import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ServiceError } from '@grpc/grpc-js'
import type { Pod } from '@kubeskiff/core/api'
import type { ClaimedDevice } from '../dra/index.ts'
import type { Device } from '../messages.ts'
import { type PodResourcesOptions, servePodResources } from './server.ts'
import { testConsumer } from './test-consumer.ts'

const pod = (name: string, containers: readonly object[], more: { readonly initContainers?: readonly object[]; readonly phase?: string; readonly extended?: object } = {}): Pod => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'team', name, uid: `uid-${name}` },
  spec: { containers, ...(more.initContainers && { initContainers: more.initContainers }), resourceClaims: [{ name: 'gpu', resourceClaimName: 'one' }] },
  status: { phase: more.phase ?? 'Running', ...(more.extended && { extendedResourceClaimStatus: more.extended }) },
}) as unknown as Pod
const claims = { resources: { claims: [{ name: 'gpu', request: 'big' }, { name: 'gpu', request: 'small' }] } }
const pods = [
  pod('web', [{ name: 'main', ...claims }, { name: 'plain' }], { initContainers: [{ name: 'once' }, { name: 'beside', restartPolicy: 'Always' }] }),
  pod('extended', [{ name: 'main' }, { name: 'other' }], { extended: { resourceClaimName: 'made', requestMappings: [{ containerName: 'main', resourceName: 'example.com/gpu', requestName: 'container-0-request-0' }] } }),
  pod('over', [{ name: 'main' }], { phase: 'Succeeded' }),
]
const device = (name: string, more: Partial<ClaimedDevice> = {}): ClaimedDevice => ({ driver: 'gpu.example.com', pool: 'pool', device: name, requests: [], cdi: [`example.com/gpu=${name}`], health: 'Unknown', ...more })
const claimed: Readonly<Record<string, readonly ClaimedDevice[]>> = { one: [device('zero', { share: 'part' }), device('bare', { cdi: [] })], made: [device('two')] }
const plugins: PodResourcesOptions['plugins'] = {
  held: (uid, container): Readonly<Record<string, readonly Device[]>> => (uid === 'uid-web' && container !== 'plain' ? { 'example.com/card': [{ id: `${container}-0`, healthy: false }, { id: `${container}-1`, healthy: true, numaNodes: [0, 1] }] } : {}),
  devices: () => ({ 'example.com/card': [{ id: 'a', healthy: true, numaNodes: [1] }, { id: 'b', healthy: false }, { id: 'c', healthy: true }] }),
}

const web = ['team/web',
  ['beside', 'example.com/card beside-0', 'example.com/card beside-1 at 0', 'example.com/card beside-1 at 1'],
  ['main', 'example.com/card main-0', 'example.com/card main-1 at 0', 'example.com/card main-1 at 1', 'CPUs 0,3', 'team/one: example.com/gpu=zero gpu.example.com pool zero part, no name gpu.example.com pool bare'],
  ['plain']]

test('who asks at the socket of a node is told which devices its pods have, and which may be used', async () => {
  const directory = mkdtempSync(`${tmpdir()}/skiff-pods-`)
  const troubles: string[] = []
  let now = 0
  const server = servePodResources({ directory, pods: () => pods, plugins, drivers: { claimed: (_namespace, { claim }) => claimed[claim] ?? [] }, cpus: { owned: (uid, container) => new Set(uid === 'uid-web' && container === 'main' ? [0, 3] : []), assignable: () => new Set([0, 2, 3]) }, onTrouble: (trouble) => { troubles.push(trouble) }, now: () => now })
  const consumer = testConsumer(join(directory, 'kubelet.sock'))
  try {
    assert.deepEqual(await consumer.list(), [web, ['team/extended', ['main', 'team/made: example.com/gpu=two gpu.example.com pool two'], ['other']]])
    assert.deepEqual(await consumer.get('web', 'team'), web)
    assert.deepEqual(await consumer.get('over', 'team'), ['team/over', ['main']], 'one that is over is told of by its name')
    await assert.rejects(consumer.get('web', 'other'), (error: ServiceError) => error.code === 2 && error.details === 'pod web in namespace other not found')
    assert.deepEqual(await consumer.allocatable(), ['example.com/card a at 1', 'example.com/card c', 'CPUs 0,2,3'])
    // Time stands still: ten may be asked at once.
    for (let asked = 5; asked < 10; asked++) await consumer.list()
    await assert.rejects(consumer.list(), (error: ServiceError) => error.code === 8 && error.details === 'rejected by rate limit')
    now += 10
    await consumer.list()
    assert.deepEqual(troubles, [])
  } finally {
    consumer.close()
    server.close()
    rmSync(directory, { recursive: true })
  }
})
