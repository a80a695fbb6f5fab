import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../../api/action.ts'
import type { Controller } from '../../api/controller.ts'
import type { Resource } from '../../api/resource.ts'
import { type APIService, apiServices, endpointSlices, services } from '../../api/resources.ts'
import { anObject, testWorld } from '../builders.ts'
import { createRunner } from '../runner.ts'
import { apiServiceAvailabilityController } from './reconcile.ts'

const metrics = anObject(apiServices, 'v1.metrics.example.com', { spec: { group: 'metrics.example.com', version: 'v1', insecureSkipTLSVerify: true, service: { namespace: 'default', name: 'metrics', port: 443 } }, status: {} })
const service = (port: number) => anObject(services, 'metrics', { spec: { ports: [{ name: 'https', port }] }, status: {} })
const slice = (addresses: readonly string[], portName = 'https') => anObject(endpointSlices, 'metrics-a', {
  metadata: { labels: { 'kubernetes.io/service-name': 'metrics' } }, addressType: 'IPv4', ports: [{ name: portName, port: 4443 }], endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
})

function run(...objects: readonly Resource[]) {
  const world = testWorld()
  world.put(metrics, ...objects)
  const asked: { readonly ask: Ask; readonly done: (answer: unknown) => void }[] = []
  const runner = createRunner({ controllers: [apiServiceAvailabilityController as Controller<unknown>], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock, ask: (ask, done) => { asked.push({ ask, done }) } })
  const settle = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 1000, 'settles') }
  settle()
  const condition = () => (world.store.view.get(apiServices, '', 'v1.metrics.example.com') as APIService).status.conditions?.map(({ status, reason, message }) => [status, reason, message])[0]
  return { world, asked, settle, condition }
}

test('what is missing on the way to an aggregated server is told', () => {
  for (const [objects, expected] of [
    [[], ['False', 'ServiceNotFound', 'service/metrics in "default" is not present']],
    [[service(8443)], ['False', 'ServicePortError', 'service/metrics in "default" is not listening on port 443']],
    [[service(443)], ['False', 'EndpointsNotFound', 'cannot find endpointslices for service/metrics in "default"']],
    [[service(443), slice([])], ['False', 'MissingEndpoints', 'endpointslices for service/metrics in "default" have no addresses with port name "https"']],
    [[service(443), slice(['10.0.0.1'], 'other')], ['False', 'MissingEndpoints', 'endpointslices for service/metrics in "default" have no addresses with port name "https"']],
  ] as const) assert.deepEqual(run(...objects).condition(), expected)
})

test('a server that answers is available; it is asked again now and then, and not for every change of its APIService', () => {
  const { world, asked, settle, condition } = run(service(443), slice(['10.0.0.1']))
  assert.equal(asked.length, 1)
  assert.deepEqual((asked[0]?.ask.input as { readonly proxy: object }).proxy, {
    scheme: 'https', address: '10.0.0.1', port: 4443, path: '/apis/metrics.example.com/v1', prefix: '', identity: 'front-proxy',
    headers: { 'x-remote-user': 'system:kube-aggregator', 'x-remote-group': 'system:masters', accept: 'application/json' }, verify: { is: 'never' },
  })
  asked[0]?.done({ is: 'answered', status: 200, text: '{}' })
  settle()
  assert.deepEqual(condition(), ['True', 'Passed', 'all checks passed'])
  assert.equal(asked.length, 1)
  world.clock.advanceTo(world.clock.now() + 31_000)
  settle()
  assert.equal(asked.length, 2)
  asked[1]?.done({ is: 'unreached', why: 'dial tcp 10.0.0.1:4443: connect: connection refused' })
  settle()
  assert.deepEqual(condition(), ['False', 'FailedDiscoveryCheck', 'failing or missing response from https://10.0.0.1:4443/apis/metrics.example.com/v1: Get "https://10.0.0.1:4443/apis/metrics.example.com/v1": dial tcp 10.0.0.1:4443: connect: connection refused'])
  world.put(slice(['10.0.0.2']))
  settle()
  assert.equal(asked.length, 3, 'somebody else is there')
})
