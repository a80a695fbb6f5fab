// ServiceCIDRs, IPAddresses and Services, as server and controllers keep them together.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ipAddresses, serviceCIDRs } from '../api/resources.ts'
import { createCluster } from './index.ts'

const networking = '/apis/networking.k8s.io/v1'
const services = '/api/v1/namespaces/default/services'

test('a new cluster shows its range and who holds the first address', () => {
  const cluster = createCluster()
  cluster.settle()
  const { view } = cluster.store
  assert.deepEqual(view.get(serviceCIDRs, '', 'kubernetes')?.status.conditions?.map(({ type, status }) => [type, status]), [['Ready', 'True']])
  assert.deepEqual(view.get(ipAddresses, '', '10.96.0.1')?.spec, { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'kubernetes' } })
  cluster.stop()
})

test('another range gives addresses while it is there, and stays until they are given back', () => {
  const cluster = createCluster()
  const settled = (method: string, path: string, body?: object): number => { const { status } = cluster.request(method, path, body); cluster.settle(); return status }
  const web = { metadata: { name: 'web' }, spec: { clusterIP: '10.97.0.5', ports: [{ port: 80 }] } }
  assert.equal(settled('POST', services, web), 422)
  assert.equal(settled('POST', `${networking}/servicecidrs`, { metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/24'] } }), 201)
  assert.equal(settled('POST', services, web), 201)
  assert.equal(settled('GET', `${networking}/ipaddresses/10.97.0.5`), 200)
  assert.equal(settled('DELETE', `${networking}/servicecidrs/more`), 200)
  assert.deepEqual(cluster.store.view.get(serviceCIDRs, '', 'more')?.status.conditions?.map(({ reason }) => reason), ['Terminating'])
  assert.equal(settled('POST', services, { ...web, metadata: { name: 'late' }, spec: { ...web.spec, clusterIP: '10.97.0.6' } }), 422)
  assert.equal(settled('DELETE', `${services}/web`), 200)
  assert.deepEqual([settled('GET', `${networking}/servicecidrs/more`), settled('GET', `${networking}/ipaddresses/10.97.0.5`)], [404, 404])
  cluster.stop()
})
