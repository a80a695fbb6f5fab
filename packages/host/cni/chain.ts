import { isIP } from 'node:net'
import { isRecord } from '@kubeskiff/core/api/text'
import { wordsOf } from '@kubeskiff/core/base'
import { type Capabilities, toldTo } from './capabilities.ts'
import { isAtLeast, type NetworkConfiguration, type PluginConfiguration } from './conf.ts'
import { type Call, execute, PluginMissing, type Verb } from './execute.ts'

/** What a pod's chain was called with: plugins are to get the same again when the pod goes. */
export interface Attachment {
  readonly id: string
  /** Path of the pod's network namespace. */
  readonly namespace: string
  readonly interface: string
  readonly args: string
  readonly network: NetworkConfiguration
  readonly capabilities: Capabilities
  /** What the last plugin answered; absent until all have. */
  readonly result?: CniResult
}
export type CniResult = Readonly<Record<string, unknown>>

/** Where plugins are, and what is their host. */
export interface PluginPlace {
  readonly folders: readonly string[]
  /** The node's network namespace. */
  readonly host: string
  /** Where addresses that are given out are kept, unless a configuration says it. */
  readonly dataDirectory: string
}

/** Calls all plugins, each with what the one before answered; answers what the last one did. */
export async function add(attachment: Attachment, place: PluginPlace): Promise<CniResult> {
  let result: CniResult = {}
  let before: CniResult | undefined
  for (const plugin of attachment.network.plugins) {
    result = await one('ADD', 'add', plugin, attachment, place, before) ?? {}
    before = result
  }
  return result
}

/** Undoes it, from the last plugin to the first; what is undone already is no error to them. */
export async function remove(attachment: Attachment, place: PluginPlace): Promise<void> {
  const before = isAtLeast(attachment.network.version, '0.4.0') ? attachment.result : undefined
  for (const plugin of attachment.network.plugins.toReversed()) {
    await one('DEL', 'delete', plugin, attachment, place, before).catch((error: unknown) => {
      // Of a chain that was never whole: who is not there has made nothing.
      if (attachment.result !== undefined || !(error instanceof Error && error.cause instanceof PluginMissing)) throw error
    })
  }
}

/** Whether all still stands as it was made: rejects where it does not. */
export async function check(attachment: Attachment, place: PluginPlace): Promise<void> {
  const { network, result } = attachment
  if (!isAtLeast(network.version, '0.4.0') || network.disableCheck) return
  for (const plugin of network.plugins) await one('CHECK', 'check', plugin, attachment, place, result)
}

/** Whether the plugins could serve a pod now: rejects where one could not. */
export async function status(network: NetworkConfiguration, place: PluginPlace): Promise<void> {
  if (!isAtLeast(network.version, '1.1.0')) return
  for (const plugin of network.plugins) await ofAll('STATUS', 'status', plugin, network, place)
}

/** Tells the plugins who is there: what they hold for others is to go. */
export async function collect(network: NetworkConfiguration, place: PluginPlace, valid: readonly Pick<Attachment, 'id' | 'interface'>[]): Promise<void> {
  if (!isAtLeast(network.version, '1.1.0') || network.disableGC) return
  const attachments = valid.map(({ id, interface: name }) => ({ containerID: id, ifname: name }))
  for (const plugin of network.plugins) await ofAll('GC', 'gc', plugin, network, place, { 'cni.dev/valid-attachments': attachments, 'cni.dev/attachments': attachments })
}

/** Plugins that do not speak the configuration's version, or are not there. */
export async function strangers(network: NetworkConfiguration, place: PluginPlace): Promise<readonly string[]> {
  const found: string[] = []
  for (const { type } of network.plugins) {
    try {
      const supported = (await execute(type, { cniVersion: network.version }, { verb: 'VERSION', folders: place.folders, host: place.host }))?.['supportedVersions']
      if (Array.isArray(supported) && !supported.includes(network.version)) found.push(`plugin ${type} does not support config version ${JSON.stringify(network.version)}`)
    } catch (error) {
      found.push(wordsOf(error))
    }
  }
  return found
}

function one(verb: Verb, doing: string, plugin: PluginConfiguration, attachment: Attachment, place: PluginPlace, before: CniResult | undefined): Promise<CniResult | undefined> {
  const { network, capabilities } = attachment
  const told = toldTo(plugin, capabilities)
  const more = { ...(told === undefined ? {} : { runtimeConfig: told }), ...(before === undefined ? {} : { prevResult: before }) }
  return called(verb, doing, plugin, network, place, more, { id: attachment.id, namespace: attachment.namespace, interface: attachment.interface, args: attachment.args })
}
const ofAll = (verb: Verb, doing: string, plugin: PluginConfiguration, network: NetworkConfiguration, place: PluginPlace, more: Capabilities = {}): Promise<CniResult | undefined> =>
  called(verb, doing, plugin, network, place, more)

async function called(verb: Verb, doing: string, plugin: PluginConfiguration, network: NetworkConfiguration, place: PluginPlace, more: Capabilities, pod?: Call['pod']): Promise<CniResult | undefined> {
  const configuration = { ...withData(plugin.whole, place), name: network.name, cniVersion: network.version, ...more }
  try {
    return await execute(plugin.type, configuration, { verb, folders: place.folders, host: place.host, ...(pod === undefined ? {} : { pod }) })
  } catch (error) {
    // As libcni words it.
    throw new Error(`plugin type=${JSON.stringify(plugin.type)}${plugin.name === undefined ? '' : ` name=${JSON.stringify(plugin.name)}`} failed (${doing}): ${wordsOf(error)}`, { cause: error })
  }
}

/** host-local keeps what it gave out in one folder a machine: nodes that share a machine have one each. */
function withData(whole: Readonly<Record<string, unknown>>, { dataDirectory }: PluginPlace): Readonly<Record<string, unknown>> {
  const { ipam } = whole
  return isRecord(ipam) && ipam['type'] === 'host-local' && ipam['dataDir'] === undefined ? { ...whole, ipam: { ...ipam, dataDir: dataDirectory } } : whole
}

/** The pod's addresses in a result, an IPv4 one first: those of its interface inside. As containerd. */
export function addressesIn(result: CniResult, name: string): readonly string[] {
  const interfaces: readonly unknown[] = Array.isArray(result['interfaces']) ? result['interfaces'] : []
  const ips: readonly unknown[] = Array.isArray(result['ips']) ? result['ips'] : []
  const found = ips.flatMap((ip) => {
    if (!isRecord(ip) || typeof ip['address'] !== 'string') return []
    const at = ip['interface']
    const on: unknown = typeof at === 'number' ? interfaces[at] : { name }
    if (!isRecord(on) || on['name'] !== name) return []
    const address = ip['address'].split('/')[0] ?? ''
    return isIP(address) === 0 ? [] : [address]
  })
  return [...found.filter((address) => isIP(address) === 4), ...found.filter((address) => isIP(address) === 6)]
}
