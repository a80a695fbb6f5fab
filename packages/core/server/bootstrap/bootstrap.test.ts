import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemText } from '../../api/kinds/index.ts'
import { apiServices, clusterRoleBindings, clusterRoles, configMaps, endpointSlices, endpoints, namespaces, priorityClasses, roleBindings, roles, services, storageClasses } from '../../api/resources.ts'
import { aWorld } from '../testing.ts'
import { flowSchemas, priorityLevels } from './flow.ts'
import { bootstrap } from './index.ts'

const advertised = { address: '192.0.2.1', port: 6443 }

test('a fresh cluster holds what every cluster holds', () => {
  const { server, store: { view }, store } = aWorld()
  bootstrap(server, store, advertised)
  const names = (objects: Iterable<{ readonly metadata: { readonly name: string } }>): readonly string[] => [...objects].map(({ metadata }) => metadata.name)
  assert.deepEqual(names(view.list(namespaces)), ['default', 'kube-node-lease', 'kube-public', 'kube-system'])
  assert.deepEqual([...view.list(priorityClasses)].map(({ metadata, value }) => [metadata.name, value]), [['system-cluster-critical', 2000000000], ['system-node-critical', 2000001000]])
  assert.deepEqual([...view.list(services)].map(({ spec }) => [spec.clusterIP, spec.ports?.[0]?.targetPort]), [['10.96.0.1', 6443]])
  assert.deepEqual([...view.list(endpointSlices)].map(({ endpoints }) => endpoints?.[0]?.addresses), [['192.0.2.1']])
  assert.deepEqual([...view.list(storageClasses)].map(({ metadata, provisioner, volumeBindingMode }) => [metadata.name, provisioner, volumeBindingMode]), [['standard', 'skiff.dev/local', 'WaitForFirstConsumer']])
  for (const { roleRef } of view.list(clusterRoleBindings)) assert.ok(view.get(clusterRoles, '', roleRef.name), `${roleRef.name} is there to be bound`)
})

test('a second start changes nothing but what has moved', () => {
  const { server, store } = aWorld()
  bootstrap(server, store, advertised)
  const { revision } = store.view
  bootstrap(server, store, advertised)
  assert.equal(store.view.revision, revision)
  bootstrap(server, store, { ...advertised, port: 7443 })
  assert.equal(store.view.revision, revision + 2)
})

test('where names are answered, their Service stands at the address that pods are given', () => {
  const { server, store } = aWorld()
  bootstrap(server, store, advertised)
  assert.equal(store.view.get(services, 'kube-system', 'kube-dns'), undefined)
  bootstrap(server, store, { ...advertised, names: true })
  assert.equal(store.view.get(services, 'kube-system', 'kube-dns')?.spec.clusterIP, '10.96.0.10')
})

test('a server that listens on loopback may move to another port', () => {
  const { server, store } = aWorld()
  const local = { address: '127.0.0.1', port: 6443 }
  bootstrap(server, store, local)
  bootstrap(server, store, { ...local, port: 7443 })
  assert.deepEqual(store.view.get(endpoints, 'default', 'kubernetes')?.subsets?.map(({ addresses, ports }) => [addresses?.[0]?.ip, ports?.[0]?.port]), [['127.0.0.1', 7443]])
})

test('defaults grow back, and what users add to them stays', () => {
  const { server, store, ask } = aWorld()
  bootstrap(server, store, advertised)
  const url = '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:discovery'
  const own = { apiGroups: [''], resources: ['pods'], verbs: ['get'] }
  ask(`PATCH ${url}`, { rules: [own] }, { headers: { 'content-type': 'application/merge-patch+json' } })
  bootstrap(server, store, advertised)
  assert.deepEqual((ask(`GET ${url}`).body as { rules: unknown[] }).rules.length, 2)
})

test('what is planted is valid, and is made in one commit', () => {
  const { server, store } = aWorld()
  bootstrap(server, store, advertised)
  for (const kind of server.registry.kinds) {
    for (const object of store.view.list(kind)) assert.deepEqual(kind.check(object, undefined).map(problemText), [], `${object.kind} ${object.metadata.name}`)
  }
  for (const { roleRef, metadata } of store.view.list(roleBindings)) assert.ok(store.view.get(roles, metadata.namespace ?? '', roleRef.name), `${roleRef.name} is there to be bound`)
})

test('every group and version has its APIService, available from the start', () => {
  const { server, store, ask } = aWorld()
  bootstrap(server, store, advertised)
  const names = [...store.view.list(apiServices)].map(({ metadata }) => metadata.name)
  for (const name of ['v1.', 'v1.apps', 'v1.authentication.k8s.io', 'v1.batch', 'v1.certificates.k8s.io', 'v1.storagemigration.k8s.io']) assert.ok(names.includes(name), name)
  const { metadata, spec, status } = ask('GET /apis/apiregistration.k8s.io/v1/apiservices/v1.apps').body as { metadata: { labels: unknown }; spec: unknown; status: { conditions: { type: string; status: string; reason: string; message: string }[] } }
  assert.deepEqual([metadata.labels, spec], [{ 'kube-aggregator.kubernetes.io/automanaged': 'onstart' }, { group: 'apps', groupPriorityMinimum: 17_800, version: 'v1', versionPriority: 15 }])
  assert.deepEqual(status.conditions.map(({ type, status: value, reason, message }) => [type, value, reason, message]), [['Available', 'True', 'Local', 'Local APIServices are always available']])
})

test('what is lost grows back at the next start, and what its owner has taken over stays', () => {
  const { server, store, ask } = aWorld()
  bootstrap(server, store, advertised)
  const roleUrl = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
  ask(`DELETE ${roleUrl}/system:heapster`)
  ask('DELETE /apis/apiregistration.k8s.io/v1/apiservices/v1.apps')
  ask(`PATCH ${roleUrl}/system:discovery`, { metadata: { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } }, rules: [] }, { headers: { 'content-type': 'application/merge-patch+json' } })
  bootstrap(server, store, advertised)
  assert.deepEqual([ask(`GET ${roleUrl}/system:heapster`).status, ask('GET /apis/apiregistration.k8s.io/v1/apiservices/v1.apps').status], [200, 200])
  assert.equal((ask(`GET ${roleUrl}/system:discovery`).body as { rules?: unknown[] }).rules?.length ?? 0, 0)
})

test('extension servers find whom to trust, also when that changes', () => {
  const { server, store } = aWorld()
  const map = (): Readonly<Record<string, string>> => store.view.get(configMaps, 'kube-system', 'extension-apiserver-authentication')?.data ?? {}
  bootstrap(server, store, advertised, { clients: 'A', frontProxy: 'B' })
  assert.deepEqual([map()['client-ca-file'], map()['requestheader-client-ca-file'], map()['requestheader-allowed-names']], ['A', 'B', '["front-proxy-client"]'])
  bootstrap(server, store, advertised, { clients: 'A', frontProxy: 'C' })
  assert.equal(map()['requestheader-client-ca-file'], 'C')
})

test('priority levels and flow schemas are upstream\'s, each schema leading to a level', () => {
  const specs = (drafts: typeof flowSchemas) => drafts.map(({ metadata, spec }) => ({ name: metadata.name, spec: spec as { matchingPrecedence?: number; priorityLevelConfiguration?: { name: string }; limited?: { nominalConcurrencyShares: number } } }))
  assert.deepEqual(specs(priorityLevels).map(({ name, spec }) => `${name} ${spec.limited?.nominalConcurrencyShares ?? 0}`),
    ['exempt 0', 'catch-all 5', 'system 30', 'node-high 40', 'leader-election 10', 'workload-high 40', 'workload-low 100', 'global-default 20'])
  assert.deepEqual(specs(flowSchemas).map(({ name, spec }) => `${spec.matchingPrecedence} ${name} ${spec.priorityLevelConfiguration?.name}`), [
    '1 exempt exempt', '2 probes exempt', '100 system-leader-election leader-election', '400 system-node-high node-high', '500 system-nodes system',
    '800 kube-controller-manager workload-high', '800 kube-scheduler workload-high', '900 kube-system-service-accounts workload-high', '9000 service-accounts workload-low', '9900 global-default global-default', '10000 catch-all catch-all',
  ])
})

test('where machines may join, they are told what they need and may ask to become nodes; elsewhere nothing of it is there', () => {
  const { server, store } = aWorld()
  bootstrap(server, store, advertised)
  const joiners = (): readonly string[] => [...store.view.list(clusterRoleBindings)].filter(({ subjects }) => subjects?.some(({ name }) => name === 'system:bootstrappers')).map(({ roleRef }) => roleRef.name)
  assert.deepEqual([store.view.get(configMaps, 'kube-public', 'cluster-info'), joiners()], [undefined, []])
  bootstrap(server, store, advertised, {}, { kubeconfig: 'one' })
  assert.deepEqual(joiners(), ['system:node-bootstrapper', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient'])
  bootstrap(server, store, advertised, {}, { kubeconfig: 'two' })
  assert.deepEqual(store.view.get(configMaps, 'kube-public', 'cluster-info')?.data, { kubeconfig: 'two' })
})
