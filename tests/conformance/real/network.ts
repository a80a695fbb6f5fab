// What stories about the network share: servers, clients, and what these reach.
import assert from 'node:assert/strict'
import { at, type Fields, list, text, until } from '../api.ts'
import { becomes } from '../workloads.ts'
import { datagramCommand, serverCommand } from './programs.ts'
import { aPod, image, type RealWorld, waiting } from './world.ts'

/** A container that serves its host's name; see programs.ts for what else. */
export const server = (places: readonly string[] = ['tcp:8080', 'udp:8081'], more: object = {}): object =>
  ({ name: 'main', image, command: serverCommand(...places), readinessProbe: { tcpSocket: { port: Number((places.find((place) => place.startsWith('tcp:')) ?? 'tcp:8080').slice(4)) }, periodSeconds: 1 }, ...more })
export const aServer = (name: string, labels: Readonly<Record<string, string>> = {}, spec: object = {}, places?: readonly string[]): { readonly metadata: { readonly name: string } } =>
  aPod(name, [server(places)], spec, { labels })
export const aClient = (name: string, spec: object = {}): { readonly metadata: { readonly name: string } } => aPod(name, [waiting()], spec)
export const addressOf = (pod: Fields): string => text(pod, 'status', 'podIP')

/** Pods that serve under a label, all ready. */
export const serving = (world: RealWorld, count: number, label = 'web', places?: readonly string[]): Promise<readonly Fields[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => world.runs(aServer(`${label}-${index}`, { app: label }, {}, places))))

export const services = (world: RealWorld, name?: string): string => world.path('v1', 'services', name)
export function aService(name: string, spec: object): object {
  return { metadata: { name }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec } }
}
export const nodeAddresses = async (world: RealWorld): Promise<readonly string[]> =>
  list(await world.get('/api/v1/nodes'), 'items').map((node) => text(list(node, 'status', 'addresses').find((one) => one['type'] === 'InternalIP'), 'address'))

const clientOf = (place: string): string => (place.includes(':') && !place.startsWith('[') ? place : `${place}:80`)
/** What a pod gets from `http://PLACE/PATH`; undefined where nobody answers. */
export async function fetched(world: RealWorld, client: string, place: string, path = '/hostname'): Promise<string | undefined> {
  const { code, out } = await world.exec(client, ['timeout', '3', 'wget', '-qO-', `http://${clientOf(place)}${path}`])
  return code === 0 ? out.trim() : undefined
}
export async function datagram(world: RealWorld, client: string, address: string, port: number): Promise<string | undefined> {
  const { code, out } = await world.exec(client, datagramCommand(address, port))
  return code === 0 ? out.trim() : undefined
}

/** Waits until a place has answered with each of these names, and with no other. */
export async function answers(world: RealWorld, names: readonly string[], ask: () => Promise<string | undefined>): Promise<void> {
  const seen = new Set<string>()
  await until(world.api, `each of ${names.join(', ')} answers`, async () => {
    const said = await ask()
    if (said !== undefined) seen.add(said)
    return names.every((name) => seen.has(name)) || undefined
  }).catch((error: unknown) => { throw new Error(`${String(error)}; answers came from: ${[...seen].join(', ')}`) })
  assert.deepEqual([...seen].sort(), [...names].sort())
}
/** Waits until nobody answers any more. */
export const isSilent = (world: RealWorld, ask: () => Promise<string | undefined>): Promise<true> =>
  until(world.api, 'nobody answers any more', async () => (await ask()) === undefined || undefined)

/** Waits until the slices of a Service hold these endpoints: pod name to ports, by their order. */
export async function hasEndpoints(world: RealWorld, service: string, wanted: Readonly<Record<string, readonly number[]>>): Promise<void> {
  let seen: Record<string, number[]> = {}
  await until(world.api, `${service} has the endpoints ${JSON.stringify(wanted)}`, async () => {
    seen = {}
    for (const slice of list(await world.get(`${world.path('discovery.k8s.io/v1', 'endpointslices')}?labelSelector=kubernetes.io/service-name%3D${service}`), 'items')) {
      for (const endpoint of list(slice, 'endpoints')) {
        if (at(endpoint, 'conditions', 'ready') === false) continue
        const name = text(endpoint, 'targetRef', 'name')
        seen[name] = [...seen[name] ?? [], ...list(slice, 'ports').map((port) => Number(port['port']))].sort()
      }
    }
    return JSON.stringify(Object.entries(seen).sort()) === JSON.stringify(Object.entries(wanted).sort()) || undefined
  }).catch((error: unknown) => { throw new Error(`${String(error)}; it has ${JSON.stringify(seen)}`) })
}
export const gone = (world: RealWorld, pod: string): Promise<true> => world.remove(world.pod(pod)).then(() => until(world.api, `${pod} is gone`, async () => (await world.isGone(world.pod(pod))) || undefined))
export const withoutEndpoints = (world: RealWorld, name: string): Promise<Fields> => becomes(world, world.path('v1', 'endpoints', name), 'is empty', (object) => list(object, 'subsets').length === 0)
