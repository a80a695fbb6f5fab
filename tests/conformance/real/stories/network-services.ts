// Services as pods and nodes reach them: types, ports, affinity, slices that others write.
import assert from 'node:assert/strict'
import { at, list, text, until } from '../../api.ts'
import { aClient, addressOf, answers, aServer, aService, datagram, fetched, gone, hasEndpoints, isSilent, nodeAddresses, services, serving } from '../network.ts'
import type { RealStory, RealWorld } from '../world.ts'

const names = (count: number, label = 'web'): readonly string[] => Array.from({ length: count }, (_, index) => `${label}-${index}`)

/** The Service answers by its name, its address, and where it has a node port on every node. */
async function isReached(world: RealWorld, service: string, pods: readonly string[]): Promise<void> {
  const { spec } = await world.get(services(world, service))
  const address = text(spec, 'clusterIP')
  for (const place of [service, address]) await answers(world, pods, () => fetched(world, 'client', place))
  const port = at(spec, 'ports', 0, 'nodePort')
  if (port !== undefined) for (const node of await nodeAddresses(world)) await answers(world, pods, () => fetched(world, 'client', `${node}:${String(port)}`))
}

/** Ten requests in a row: how many pods answer them; 0 while not every one is answered. */
async function answering(world: RealWorld, place: string): Promise<number> {
  const said = new Set<string | undefined>()
  for (let turn = 0; turn < 10; turn++) said.add(await fetched(world, 'client', place))
  return said.has(undefined) ? 0 : said.size
}
const sticks = (world: RealWorld, place: string): Promise<true> => until(world.api, `${place} keeps its clients`, async () => (await answering(world, place)) === 1 || undefined)
const spreads = (world: RealWorld, place: string): Promise<true> => until(world.api, `${place} spreads its clients`, async () => (await answering(world, place)) > 1 || undefined)

async function placeOf(world: RealWorld, service: string): Promise<string> {
  const { spec } = await world.get(services(world, service))
  const port = at(spec, 'ports', 0, 'nodePort')
  return port === undefined ? text(spec, 'clusterIP') : `${(await nodeAddresses(world))[0] ?? ''}:${String(port)}`
}

const kinds = [{ type: 'ClusterIP', called: 'service with type clusterIP' }, { type: 'NodePort', called: 'NodePort service' }] as const
const affinities = kinds.flatMap(({ type, called }): readonly RealStory[] => [
  {
    row: `[sig-network] Services should have session affinity work for ${called} [LinuxOnly] [Conformance]`,
    tell: async (world) => {
      await Promise.all([serving(world, 3), world.runs(aClient('client')), world.create(services(world), aService('sticky', { type, sessionAffinity: 'ClientIP' }))])
      const place = await placeOf(world, 'sticky')
      await sticks(world, place)
    },
  },
  {
    row: `[sig-network] Services should be able to switch session affinity for ${called} [LinuxOnly] [Conformance]`,
    tell: async (world) => {
      await Promise.all([serving(world, 3), world.runs(aClient('client')), world.create(services(world), aService('switch', { type }))])
      const place = await placeOf(world, 'switch')
      await spreads(world, place)
      await world.merge(services(world, 'switch'), { spec: { sessionAffinity: 'ClientIP' } })
      await sticks(world, place)
      await world.merge(services(world, 'switch'), { spec: { sessionAffinity: 'None', sessionAffinityConfig: null } })
      await spreads(world, place)
    },
  },
])

/** A Service without a selector, and slices that a client has written for it. */
async function writtenSlices(world: RealWorld, slices: readonly { readonly address: string; readonly ports: readonly { readonly name: string; readonly port: number }[] }[]): Promise<void> {
  await world.create(services(world), { metadata: { name: 'written' }, spec: { ports: [{ name: 'a', port: 8090 }, { name: 'b', port: 8091 }] } })
  for (const [index, { address, ports }] of slices.entries()) {
    await world.create(world.path('discovery.k8s.io/v1', 'endpointslices'), {
      metadata: { name: `written-${index}`, labels: { 'kubernetes.io/service-name': 'written', 'endpointslice.kubernetes.io/managed-by': 'story' } },
      addressType: 'IPv4', endpoints: [{ addresses: [address] }], ports: ports.map((port) => ({ ...port, protocol: 'TCP' })),
    })
  }
}

export const networkServices: readonly RealStory[] = [
  ...affinities,
  {
    row: '[sig-network] Services should serve a basic endpoint from pods [Conformance]',
    tell: async (world) => {
      await world.create(services(world), aService('basic', {}))
      await hasEndpoints(world, 'basic', {})
      await Promise.all([world.runs(aClient('client')), world.runs(aServer('web-0', { app: 'web' }))])
      await hasEndpoints(world, 'basic', { 'web-0': [8080] })
      await isReached(world, 'basic', ['web-0'])
      await world.runs(aServer('web-1', { app: 'web' }))
      await hasEndpoints(world, 'basic', { 'web-0': [8080], 'web-1': [8080] })
      await isReached(world, 'basic', names(2))
      await gone(world, 'web-0')
      await hasEndpoints(world, 'basic', { 'web-1': [8080] })
      await isReached(world, 'basic', ['web-1'])
      await gone(world, 'web-1')
      await hasEndpoints(world, 'basic', {})
      await isSilent(world, () => fetched(world, 'client', 'basic'))
    },
  },
  {
    row: '[sig-network] Services should serve multiport endpoints from pods [Conformance]',
    tell: async (world) => {
      const ports = [{ name: 'one', port: 80, targetPort: 'one' }, { name: 'two', port: 81, targetPort: 'two' }]
      await world.create(services(world), aService('multi', { ports }))
      await hasEndpoints(world, 'multi', {})
      const pod = (name: string, port: string, number: number) => ({ metadata: { name, labels: { app: 'web' } }, spec: { terminationGracePeriodSeconds: 1, containers: [{ ...serverWith(number), ports: [{ name: port, containerPort: number }] }] } })
      await Promise.all([world.runs(aClient('client')), world.runs(pod('first', 'one', 100))])
      await hasEndpoints(world, 'multi', { first: [100] })
      await world.runs(pod('second', 'two', 101))
      await hasEndpoints(world, 'multi', { first: [100], second: [101] })
      await answers(world, ['first'], () => fetched(world, 'client', 'multi:80'))
      await answers(world, ['second'], () => fetched(world, 'client', 'multi:81'))
      await gone(world, 'first')
      await hasEndpoints(world, 'multi', { second: [101] })
      await gone(world, 'second')
      await hasEndpoints(world, 'multi', {})
    },
  },
  {
    row: '[sig-network] Services should serve endpoints on same port and different protocols [Conformance]',
    tell: async (world) => {
      const tcp = { name: 'tcp', port: 80, targetPort: 80, protocol: 'TCP' }
      const udp = { name: 'udp', port: 80, targetPort: 80, protocol: 'UDP' }
      await Promise.all([serving(world, 2, 'web', ['tcp:80', 'udp:80']), world.runs(aClient('client')), world.create(services(world), aService('both', { ports: [tcp, udp] }))])
      const address = await placeOf(world, 'both')
      await answers(world, names(2), () => fetched(world, 'client', 'both'))
      await answers(world, names(2), () => datagram(world, 'client', address, 80))
      await world.merge(services(world, 'both'), { spec: { ports: [tcp] } })
      await isSilent(world, () => datagram(world, 'client', address, 80))
      await answers(world, names(2), () => fetched(world, 'client', 'both'))
      await world.merge(services(world, 'both'), { spec: { ports: [udp] } })
      await isSilent(world, () => fetched(world, 'client', address))
      await answers(world, names(2), () => datagram(world, 'client', address, 80))
    },
  },
  {
    row: '[sig-network] Services should be able to create a functioning NodePort service [Conformance]',
    tell: async (world) => {
      await Promise.all([serving(world, 2), world.runs(aClient('client')), world.create(services(world), aService('node-port', { type: 'NodePort' }))])
      await isReached(world, 'node-port', names(2))
    },
  },
  {
    row: '[sig-network] Services should be able to change the type from ExternalName to ClusterIP [Conformance]',
    tell: async (world) => {
      await Promise.all([serving(world, 2), world.runs(aClient('client')), world.create(services(world), { metadata: { name: 'changing' }, spec: { type: 'ExternalName', externalName: 'foo.example.com' } })])
      assert.equal(at(await world.get(services(world, 'changing')), 'spec', 'clusterIP'), undefined)
      await world.merge(services(world, 'changing'), { spec: { type: 'ClusterIP', externalName: null, selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } })
      await isReached(world, 'changing', names(2))
    },
  },
  {
    row: '[sig-network] Services should be able to change the type from ExternalName to NodePort [Conformance]',
    tell: async (world) => {
      await Promise.all([serving(world, 2), world.runs(aClient('client')), world.create(services(world), { metadata: { name: 'changing' }, spec: { type: 'ExternalName', externalName: 'foo.example.com' } })])
      await world.merge(services(world, 'changing'), { spec: { type: 'NodePort', externalName: null, selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } })
      await isReached(world, 'changing', names(2))
    },
  },
  ...(['ClusterIP', 'NodePort'] as const).map((type): RealStory => ({
    row: `[sig-network] Services should be able to change the type from ${type} to ExternalName [Conformance]`,
    tell: async (world) => {
      await Promise.all([
        serving(world, 2), world.runs(aClient('client')), world.create(services(world), aService('changing', { type })), world.create(services(world), aService('target', {})),
      ])
      await isReached(world, 'changing', names(2))
      const address = text(await world.get(services(world, 'changing')), 'spec', 'clusterIP')
      const target = `target.${world.namespace}.svc.cluster.local`
      const changed = await world.merge(services(world, 'changing'), { spec: { type: 'ExternalName', externalName: target, selector: null, ports: null } })
      assert.deepEqual([at(changed, 'spec', 'clusterIP'), list(changed, 'spec', 'ports')], [undefined, []])
      await until(world.api, 'its name is an alias', async () => (await world.exec('client', ['nslookup', `changing.${world.namespace}.svc.cluster.local`])).out.includes(target) || undefined)
      await answers(world, names(2), () => fetched(world, 'client', 'changing'))
      await isSilent(world, () => fetched(world, 'client', address))
    },
  })),
  {
    row: '[sig-network] EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices [Conformance]',
    tell: async (world) => {
      const [pod] = await Promise.all([world.runs(aServer('both', {}, {}, ['tcp:8080', 'tcp:8081'])), world.runs(aClient('client'))])
      await writtenSlices(world, [{ address: addressOf(pod), ports: [{ name: 'a', port: 8080 }] }, { address: addressOf(pod), ports: [{ name: 'b', port: 8081 }] }])
      for (const port of [8090, 8091]) await answers(world, ['both'], () => fetched(world, 'client', `written:${port}`))
    },
  },
  {
    row: '[sig-network] EndpointSlice should support a Service with multiple endpoint IPs specified in multiple EndpointSlices [Conformance]',
    tell: async (world) => {
      const [first, second] = await Promise.all([world.runs(aServer('first')), world.runs(aServer('second', {}, {}, ['tcp:8081'])), world.runs(aClient('client'))])
      await writtenSlices(world, [{ address: addressOf(first), ports: [{ name: 'a', port: 8080 }] }, { address: addressOf(second), ports: [{ name: 'b', port: 8081 }] }])
      await answers(world, ['first'], () => fetched(world, 'client', 'written:8090'))
      await answers(world, ['second'], () => fetched(world, 'client', 'written:8091'))
    },
  },
]

const serverWith = (port: number): object => ({ ...(aServer('', {}, {}, [`tcp:${port}`]) as unknown as { readonly spec: { readonly containers: readonly object[] } }).spec.containers[0] })
