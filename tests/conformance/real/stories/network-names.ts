// Names that pods are given, and names that they ask for.
import assert from 'node:assert/strict'
import { text, until } from '../../api.ts'
import { aClient, addressOf, aServer, aService, services } from '../network.ts'
import { resolverCommand } from '../programs.ts'
import type { RealStory, RealWorld } from '../world.ts'

type Type = Parameters<typeof resolverCommand>[1]
/** Waits until a name is answered so over UDP and over TCP, whatever the order. */
async function resolves(world: RealWorld, name: string, type: Type, ...records: readonly string[]): Promise<void> {
  const wanted = ['udp', 'tcp'].flatMap((way) => records.map((record) => `${way} ${record}`)).sort()
  let last = ''
  await until(world.api, `${name} ${type} is answered`, async () => {
    const { out, err } = await world.exec('client', resolverCommand(name, type))
    last = out + err
    return JSON.stringify(out.trim().split('\n').sort()) === JSON.stringify(wanted) || undefined
  }).catch((error: unknown) => { throw new Error(`${String(error)}; wanted ${wanted.join(', ')}; last: ${last}`) })
}
/** Waits until the container's own resolver, with its search paths, finds these addresses. */
async function finds(world: RealWorld, name: string, ...addresses: readonly string[]): Promise<void> {
  let last = ''
  await until(world.api, `${name} is found`, async () => {
    const { out } = await world.exec('client', ['sh', '-c', `for try in 1; do ping -c 1 -W 1 ${name} | head -1; done`])
    last = out
    return addresses.some((address) => out.includes(`(${address})`)) || undefined
  }).catch((error: unknown) => { throw new Error(`${String(error)}; last: ${last}`) })
}
const local = (world: RealWorld, name: string): string => `${name}.${world.namespace}.svc.cluster.local`
const reversed = (address: string): string => `${address.split('.').toReversed().join('.')}.in-addr.arpa`

export const networkNames: readonly RealStory[] = [
  {
    row: '[sig-network] DNS should provide DNS for the cluster [Conformance]',
    tell: async (world) => {
      await world.runs(aClient('client'))
      const address = text(await world.get('/api/v1/namespaces/default/services/kubernetes'), 'spec', 'clusterIP')
      const name = 'kubernetes.default.svc.cluster.local'
      await resolves(world, name, 'A', `${name} A ${address}`)
      await finds(world, 'kubernetes.default', address)
    },
  },
  {
    row: '[sig-network] DNS should provide /etc/hosts entries for the cluster [Conformance]',
    tell: async (world) => {
      await world.create(services(world), aService('inner', { clusterIP: 'None', selector: { app: 'client' } }))
      const pod = await world.runs({ ...aClient('client', { hostname: 'named', subdomain: 'inner' }) })
      const hosts = await world.sh('client', 'cat /etc/hosts')
      assert.match(hosts, /^127\.0\.0\.1\s+localhost$/m)
      assert.ok(hosts.split('\n').some((line) => line.split(/\s+/).join(' ') === `${addressOf(pod)} ${local(world, 'named.inner')} named`), hosts)
      assert.equal((await world.sh('client', 'hostname')).trim(), 'named')
      await finds(world, 'named', addressOf(pod))
      await finds(world, 'kubernetes.default.svc', text(await world.get('/api/v1/namespaces/default/services/kubernetes'), 'spec', 'clusterIP'))
    },
  },
  {
    row: '[sig-network] DNS should provide DNS for services [Conformance]',
    tell: async (world) => {
      const ports = [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }]
      await Promise.all([world.create(services(world), aService('plain', { ports })), world.create(services(world), aService('headless', { ports, clusterIP: 'None' }))])
      const [pod] = await Promise.all([world.runs(aServer('web', { app: 'web' })), world.runs(aClient('client'))])
      const [plain, headless] = [local(world, 'plain'), local(world, 'headless')]
      const address = text(await world.get(services(world, 'plain')), 'spec', 'clusterIP')
      await resolves(world, headless, 'A', `${headless} A ${addressOf(pod)}`)
      await resolves(world, plain, 'A', `${plain} A ${address}`)
      await resolves(world, `_http._tcp.${plain}`, 'SRV', `_http._tcp.${plain} SRV 80 ${plain}`)
      await resolves(world, `_http._tcp.${headless}`, 'SRV', `_http._tcp.${headless} SRV 8080 ${addressOf(pod).replaceAll('.', '-')}.${headless}`)
      await resolves(world, reversed(address), 'PTR', `${reversed(address)} PTR ${plain}`)
      await resolves(world, reversed(addressOf(pod)), 'PTR', `${reversed(addressOf(pod))} PTR ${addressOf(pod).replaceAll('.', '-')}.${headless}`)
      await finds(world, 'plain', address)
    },
  },
  {
    row: '[sig-network] DNS should resolve DNS of partial qualified names for services [LinuxOnly] [Conformance]',
    tell: async (world) => {
      await Promise.all([world.create(services(world), aService('plain', {})), world.create(services(world), aService('headless', { clusterIP: 'None' }))])
      const [pod] = await Promise.all([world.runs(aServer('web', { app: 'web' })), world.runs(aClient('client'))])
      const address = text(await world.get(services(world, 'plain')), 'spec', 'clusterIP')
      for (const [name, found] of [['plain', address], ['headless', addressOf(pod)]] as const) for (const tail of ['', `.${world.namespace}`, `.${world.namespace}.svc`]) await finds(world, `${name}${tail}`, found)
      await resolves(world, `_http._tcp.${local(world, 'plain')}`, 'SRV', `_http._tcp.${local(world, 'plain')} SRV 80 ${local(world, 'plain')}`)
    },
  },
  {
    row: '[sig-network] DNS should provide DNS for pods for Hostname [Conformance]',
    tell: async (world) => {
      await world.create(services(world), aService('inner', { clusterIP: 'None' }))
      const [pod] = await Promise.all([world.runs(aServer('web', { app: 'web' }, { hostname: 'named', subdomain: 'inner' })), world.runs(aClient('client'))])
      const name = local(world, 'named.inner')
      await resolves(world, name, 'A', `${name} A ${addressOf(pod)}`)
      await finds(world, 'named.inner', addressOf(pod))
      assert.match(await world.sh('web', 'cat /etc/hosts'), new RegExp(`${addressOf(pod)}\\s+${name}\\s+named`))
    },
  },
  {
    row: '[sig-network] DNS should provide DNS for pods for Subdomain [Conformance]',
    tell: async (world) => {
      await world.create(services(world), aService('inner', { clusterIP: 'None' }))
      const [pod] = await Promise.all([world.runs(aServer('web', { app: 'web' }, { hostname: 'named', subdomain: 'inner' })), world.runs(aClient('client'))])
      const name = local(world, 'inner')
      await resolves(world, name, 'A', `${name} A ${addressOf(pod)}`)
      await finds(world, 'inner', addressOf(pod))
    },
  },
  {
    row: '[sig-network] DNS should provide DNS for ExternalName services [Conformance]',
    tell: async (world) => {
      await Promise.all([world.runs(aClient('client')), world.create(services(world), { metadata: { name: 'alias' }, spec: { type: 'ExternalName', externalName: 'foo.example.com' } })])
      const name = local(world, 'alias')
      await resolves(world, name, 'CNAME', `${name} CNAME foo.example.com`)
      await world.merge(services(world, 'alias'), { spec: { externalName: 'bar.example.com' } })
      await resolves(world, name, 'CNAME', `${name} CNAME bar.example.com`)
      await world.merge(services(world, 'alias'), { spec: { type: 'ClusterIP', externalName: null, ports: [{ name: 'http', port: 80 }] } })
      const address = text(await world.get(services(world, 'alias')), 'spec', 'clusterIP')
      await resolves(world, name, 'A', `${name} A ${address}`)
    },
  },
]
