// The kubelet's side of device plugins: they register at a socket, tell their devices as long as they live, and say what a container needs to use some.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import type { Client, ClientReadableStream, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { type Allocations, chooseDevices, freeDevices, holdersOf, ownDevices, withAllocation, withoutPod } from './allocations.ts'
import { type Device, type Granted, type PluginOptions, readDevices, readGranted, readOptions, readPreferred, readRegistration, type Registration, writePreference, writeStarting, writeWanted } from './messages.ts'
import { writtenIn } from '../files/index.ts'
import { ask, clientAt, empty, listenAt, rpcText, unary, unimplemented } from '../plugins/index.ts'

const apiVersion = 'v1beta1'
const service = '/v1beta1.DevicePlugin'
/** As upstream bounds PreStartContainer; it bounds the others by nothing. */
const callTimeoutMs = 30_000

/** The device plugins of one node. */
export interface DevicePlugins {
  /** By resource: how many devices there are, and how many are well. */
  resources(): Readonly<Record<string, { readonly capacity: number; readonly allocatable: number }>>
  /** All devices, by resource. */
  devices(): Readonly<Record<string, readonly Device[]>>
  /** Those that a container has, by resource. As upstream: one that its plugin does not tell of is well. */
  held(pod: string, container: string): Readonly<Record<string, readonly Device[]>>
  /** What a container gets for the devices it asks for; a resource of which no plugin knows is left out. Rejects with the words of the event. */
  allocate(pod: string, container: string, wanted: Readonly<Record<string, number>>): Promise<Granted>
  /** The pod's devices are free again. */
  release(pod: string): void
  /** Frees the devices of pods that are here no more. */
  retain(isHere: (pod: string) => boolean): void
  close(): void
}

const nothing: Readonly<Record<string, readonly Device[]>> = {}

interface Plugin { readonly endpoint: string; readonly client: Client; readonly options: PluginOptions; readonly stream: ClientReadableStream<readonly Device[]>; devices: readonly Device[] }

/** Opens `kubelet.sock` in a folder of the node's; plugins put their own sockets beside it. `onChange` hears which pods have devices that are well or unwell now. */
export function openDevicePlugins({ directory, onChange, onTrouble }: { readonly directory: string; readonly onChange: (pods: readonly string[]) => void; readonly onTrouble: (message: string) => void }): DevicePlugins {
  const plugins = new Map<string, Plugin>()
  /** What was told last, by resource. */
  const known = new Map<string, readonly Device[]>()
  const record = join(directory, 'allocations.json')
  mkdirSync(directory, { recursive: true, mode: 0o750 })
  // Where none are known their containers ask again.
  let allocations = writtenIn<Allocations>(record) ?? {}
  let closed = false
  // As upstream: a plugin that sees a new socket registers again.
  const registry = listenAt({
    socket: join(directory, 'kubelet.sock'), name: 'device plugins', onTrouble,
    serve: (server, { status }) => {
      const register = (call: ServerUnaryCall<Registration, object>, answer: sendUnaryData<object>): void => {
        const fault = faultOf(call.request)
        if (fault !== undefined) { answer({ code: status.UNKNOWN, details: fault }); return }
        connect(call.request).then(() => { answer(null, {}) }, (error: unknown) => { answer({ code: status.UNKNOWN, details: wordsOf(error) }) })
      }
      server.addService({ register: unary('/v1beta1.Registration/Register', readRegistration, () => empty) }, { register })
    },
  })

  /** As upstream: what nobody answers for is not well. The number stays, so that who asks for some waits. */
  const devicesOf = (resource: string): readonly Device[] => plugins.get(resource)?.devices ?? (known.get(resource) ?? []).map((device) => ({ ...device, healthy: false }))
  function tell(resource: string, before: readonly Device[]): void {
    if (closed) return
    // One that was not told of counts as well.
    const was = new Map(before.map(({ id, healthy }) => [id, healthy]))
    const changed = new Set(devicesOf(resource).filter(({ id, healthy }) => (was.get(id) ?? true) !== healthy).map(({ id }) => id))
    onChange(changed.size === 0 ? [] : holdersOf(allocations, resource, changed))
  }

  async function connect({ endpoint, resource, options: told }: Registration): Promise<void> {
    const client = await clientAt(join(directory, endpoint))
    const options = await optionsOf(client, told).catch((error: unknown) => { client.close(); throw error })
    const stream = client.makeServerStreamRequest(`${service}/ListAndWatch`, () => empty, readDevices, {})
    // Until it tells of its devices they are as they were.
    const plugin: Plugin = { endpoint, client, options, stream, devices: devicesOf(resource) }
    const last = plugins.get(resource)
    plugins.set(resource, plugin)
    last?.client.close()
    stream.on('data', (devices: readonly Device[]) => {
      const before = plugin.devices
      plugin.devices = devices
      known.set(resource, devices)
      tell(resource, before)
    })
    const lost = (): void => {
      if (plugins.get(resource) !== plugin) return
      plugins.delete(resource)
      client.close()
      tell(resource, plugin.devices)
    }
    stream.on('error', lost)
    stream.on('end', lost)
  }

  function release(pod: string): void {
    if (allocations[pod] === undefined) return
    allocations = withoutPod(allocations, pod)
    save()
  }
  function save(): void {
    writeFileSync(`${record}.new`, JSON.stringify(allocations))
    renameSync(`${record}.new`, record)
  }

  return {
    devices: () => Object.fromEntries([...known.keys()].map((resource) => [resource, devicesOf(resource)])),
    resources: () => Object.fromEntries([...known.keys()].map((resource) => [resource, { capacity: devicesOf(resource).length, allocatable: devicesOf(resource).filter(({ healthy }) => healthy).length }])),
    held(pod, container) {
      const own = allocations[pod]?.[container]
      if (own === undefined) return nothing
      return Object.fromEntries(Object.entries(own).map(([resource, ids]) => {
        const devices = new Map(devicesOf(resource).map((device) => [device.id, device]))
        return [resource, ids.map((id) => devices.get(id) ?? { id, healthy: true })]
      }))
    },
    async allocate(pod, container, wanted) {
      const all: Granted[] = []
      for (const [resource, count] of Object.entries(wanted)) {
        if (!known.has(resource) || count === 0) continue
        const plugin = plugins.get(resource)
        const preferred = plugin?.options.preferred === true && ownDevices(resource, count, allocations, pod, container) === undefined ? await preferredOf(plugin, freeDevices(resource, plugin.devices, allocations), count) : []
        // What was free before may have been taken while the plugin was asked: it is looked at anew.
        const ids = chooseDevices(resource, count, plugin?.devices ?? [], allocations, pod, container, preferred)
        if (plugin === undefined || typeof ids === 'string') throw new Error(typeof ids === 'string' ? ids : `device plugin of ${resource} is not there`)
        allocations = withAllocation(allocations, pod, container, resource, ids)
        save()
        all.push(await ask(plugin.client, `${service}/Allocate`, writeWanted(ids), readGranted, callTimeoutMs).catch((error: Error) => { throw new Error(`Allocate failed due to ${rpcText(error)}, which is unexpected`) }))
        if (plugin.options.preStart) await ask(plugin.client, `${service}/PreStartContainer`, writeStarting(ids), () => ({}), callTimeoutMs).catch((error: Error) => { throw new Error(`device plugin PreStartContainer rpc failed with err: ${rpcText(error)}`) })
      }
      return { env: Object.assign({}, ...all.map(({ env }) => env)) as Granted['env'], mounts: all.flatMap(({ mounts }) => mounts), devices: all.flatMap(({ devices }) => devices), cdi: all.flatMap(({ cdi }) => cdi) }
    },
    release,
    retain(isHere) { for (const pod of Object.keys(allocations)) if (!isHere(pod)) release(pod) },
    close() {
      closed = true
      registry.close()
      for (const { stream, client } of plugins.values()) {
        stream.cancel()
        client.close()
      }
    },
  }
}

/** What the plugin says of itself, or, where it does not know that question, what it said when it registered. */
async function optionsOf(client: Client, told: PluginOptions | undefined): Promise<PluginOptions> {
  try { return await ask(client, `${service}/GetDevicePluginOptions`, empty, readOptions, callTimeoutMs) } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === unimplemented) return told ?? { preStart: false, preferred: false }
    throw new Error(`failed to get device plugin options: ${rpcText(error instanceof Error ? error : undefined)}`)
  }
}

/** Which of the free devices the plugin would give: none where there are no more than are wanted. */
async function preferredOf({ client }: Plugin, available: readonly string[], count: number): Promise<readonly string[]> {
  if (available.length <= count) return []
  return ask(client, `${service}/GetPreferredAllocation`, writePreference({ available, count }), readPreferred, callTimeoutMs).catch((error: Error) => { throw new Error(`device plugin GetPreferredAllocation rpc failed with err: ${rpcText(error)}`) })
}

/** What a plugin may not register, in upstream's words. */
function faultOf({ version, endpoint, resource }: Registration): string | undefined {
  if (version !== apiVersion) return `requested API version ${JSON.stringify(version)} is not supported by kubelet. Supported version is ${JSON.stringify(apiVersion)}`
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/.test(resource) || /(^|\.)kubernetes\.io\//.test(resource)) return `the ResourceName ${JSON.stringify(resource)} is invalid`
  return endpoint === '' || basename(endpoint) !== endpoint ? `the endpoint ${JSON.stringify(endpoint)} is invalid` : undefined
}
