// Tells other machines of this one by its nodes' annotations, and makes the ways to those that do the same.
import { isIP } from 'node:net'
import { type Change, type Node, nodes } from '@kubeskiff/core/api'
import { type Cancel, wordsOf } from '@kubeskiff/core/base'
import { addressAt, addressBlock, blockHolds, blockText } from '@kubeskiff/core/network'
import { clusterRanges, compareText } from '@kubeskiff/core/rules'
import type { Store } from '@kubeskiff/core/store'
import { type Connection, refusalOf } from '../client/index.ts'
import type { ClusterNetwork, FamilyNetworks, NetworkSettings, NetworksThere, OtherMachine } from '../network/index.ts'
import { nthAddress } from '../network/addresses.ts'
import { hubOffset } from '../network/layout.ts'
import { isWireguardKey } from '../network/wireguard.ts'
import type { AgentConfiguration } from './configuration.ts'
import { machineAddressMark, machineKeyMark, machineNetworkMark, networksMark, several } from './machine-marks.ts'

const retryMs = 2_000
/** How often it is seen to that the ways to others are there. */
const restoreMs = 5_000

export interface MachinesFollowed {
  readonly store: Pick<Store, 'view' | 'changes' | 'onCommit'>
  readonly network: Pick<ClusterNetwork, 'settings' | 'otherMachines'>
  readonly machine: NonNullable<AgentConfiguration['machine']>
  /** What tells the cluster from others. */
  readonly cluster: string
  /** The nodes that this machine plays, each with its own. */
  readonly connections: ReadonlyMap<string, Pick<Connection, 'request'>>
  readonly onTrouble: (message: string) => void
}

/** Call it when the view is whole: what it does not show is taken away. */
export function followMachines({ store, network, machine, cluster, connections, onTrouble }: MachinesFollowed): Cancel {
  const ways = network.otherMachines({ ...machine, cluster })
  const marks = { [machineAddressMark]: [machine.address, ...(machine.second === undefined ? [] : [machine.second])].join(), [machineNetworkMark]: networksMark(network.settings), ...(ways.key !== undefined && { [machineKeyMark]: ways.key }) }
  const telling = new Set<string>()
  let seen = store.view.revision
  let made: string | undefined
  let trouble: string | undefined
  let timer: NodeJS.Timeout | undefined

  const again = (why: string): void => {
    if (why !== trouble) onTrouble(`other machines: ${why}`)
    trouble = why
    timer ??= setTimeout(() => { timer = undefined; look() }, retryMs).unref()
  }
  const tell = async (node: string, connection: Pick<Connection, 'request'>): Promise<void> => {
    telling.add(node)
    try {
      const answer = await connection.request('PATCH', `/api/v1/nodes/${node}`, { body: JSON.stringify({ metadata: { annotations: marks } }), contentType: 'application/merge-patch+json' })
      if (answer.status >= 300) again(refusalOf(answer).message)
    } catch (error) {
      again(wordsOf(error))
    } finally { telling.delete(node) }
  }
  const look = (): void => {
    for (const [name, connection] of connections) {
      const node = store.view.get(nodes, '', name)
      if (node !== undefined && !telling.has(name) && Object.entries(marks).some(([mark, value]) => node.metadata.annotations?.[mark] !== value)) void tell(name, connection)
    }
    const machines = otherMachines(store.view.list(nodes), network.settings, machine)
    const wanted = JSON.stringify(machines)
    if (wanted === made) return
    try {
      ways.reach(machines)
      made = wanted
      trouble = undefined
    } catch (error) { again(wordsOf(error)) }
  }
  /** All nodes are gone through only where one tells something else: most changes are of nodes that report that they live. */
  const concernsMachines = (change: Change): boolean => {
    if (change.key.resource !== nodes.resource) return false
    const [before, after] = [change.before, change.after].map((node) => node && JSON.stringify(toldBy(node as Node))) // of this resource
    return before !== after || (connections.has(change.key.name) && change.before === undefined)
  }
  const restore = (): void => {
    // What could not be made yet is tried anyway.
    if (made === undefined) return
    try {
      if (ways.restore()) onTrouble('other machines: the device that packets to them go into was gone, and has been made again')
      trouble = undefined
    } catch (error) {
      made = undefined
      again(wordsOf(error))
    }
  }
  const quiet = store.onCommit(() => {
    const changes = store.changes(seen)
    seen = store.view.revision
    if (changes === 'compacted' || [...changes].some(concernsMachines)) look()
  })
  look()
  const restoring = setInterval(restore, restoreMs).unref()
  return () => {
    quiet()
    clearInterval(restoring)
    clearTimeout(timer)
    ways.close()
  }
}

/** What a node says of its machine; undefined: nothing. */
function toldBy({ metadata: { annotations = {} }, spec }: Node): readonly unknown[] | undefined {
  const told = [machineAddressMark, machineNetworkMark, machineKeyMark].map((mark) => annotations[mark])
  return told.every((mark) => mark === undefined) ? undefined : [...told, spec.podCIDR, spec.podCIDRs]
}

/**
 * The other machines, as their nodes tell of them. A node tells what it likes: only networks of nodes and pods lead to
 * another machine, none of this machine's own, and each to the oldest node that has it.
 */
export function otherMachines(all: Iterable<Node>, settings: Pick<NetworkSettings, 'nodeNetwork' | 'nodeNetworks' | 'podNetwork' | 'second'>, own: MachinesFollowed['machine']): readonly OtherMachine[] {
  const families = [settings, ...(settings.second === undefined ? [] : [settings.second])]
  const found = new Map<string, { readonly key?: string; readonly networks: (NetworksThere & { readonly podNetworks: string[]; readonly family: Family })[] }>()
  const told = [...all].filter((node) => toldBy(node) !== undefined).sort((one, other) => compareText(one.metadata.creationTimestamp, other.metadata.creationTimestamp) || compareText(one.metadata.name, other.metadata.name))
  const networksOf = (node: Node): readonly string[] => several(node.metadata.annotations?.[machineNetworkMark])
  const isOwn = (node: Node): boolean => networksOf(node)[0] === settings.nodeNetwork
  const taken = new Set([...families.map(({ nodeNetwork }) => nodeNetwork), ...told.filter(isOwn).flatMap(podNetworksOf)])
  for (const node of told) {
    const [first = ''] = networksOf(node)
    if (isOwn(node) || !isNodeNetwork(first, settings)) continue
    const addresses = several(node.metadata.annotations?.[machineAddressMark])
    const key = node.metadata.annotations?.[machineKeyMark] ?? ''
    // Two machines of one key would be one to the kernel.
    if (own.overlay === 'wireguard' && (!isWireguardKey(key) || (!found.has(first) && taken.has(key)))) continue
    const machine = found.get(first) ?? {
      ...(own.overlay === 'wireguard' && { key }),
      networks: families.flatMap((family) => {
        const [nodeNetwork, address] = [networksOf(node).find((network) => isNodeNetwork(network, family) && !taken.has(network)), addressFor(family, addresses, own)]
        if (nodeNetwork === undefined || address === undefined) return []
        taken.add(nodeNetwork)
        return [{ address, hub: nthAddress(nodeNetwork, hubOffset), nodeNetwork, podNetworks: [], family }]
      }),
    }
    if (machine.networks.length === 0) continue
    found.set(first, machine)
    if (machine.key !== undefined) taken.add(machine.key)
    for (const pods of podNetworksOf(node)) {
      const place = machine.networks.find(({ family }) => isShare(pods, family.podNetwork, shareBits(family)))
      if (place === undefined || taken.has(pods)) continue
      taken.add(pods)
      place.podNetworks.push(pods)
    }
  }
  return [...found].sort(([one], [other]) => compareText(one, other)).map(([, { networks, ...machine }]) => ({ ...machine, networks: networks.map(({ family: _, podNetworks, ...there }) => ({ ...there, podNetworks: podNetworks.sort() })) }))
}

type Family = Pick<FamilyNetworks, 'nodeNetwork' | 'nodeNetworks' | 'podNetwork'>
const podNetworksOf = ({ spec }: Node): readonly string[] => spec.podCIDRs ?? [spec.podCIDR ?? '']
const familyOf = ({ podNetwork }: Family): 4 | 6 => (podNetwork.includes(':') ? 6 : 4)
const shareBits = (family: Family): number => clusterRanges[familyOf(family) === 6 ? 'IPv6' : 'IPv4'].podsOfNode
const isNodeNetwork = (network: string, { nodeNetwork, nodeNetworks = [] }: Family): boolean => nodeNetworks.some((one) => isShare(network, one, addressBlock(nodeNetwork)?.prefix ?? 0))
/** Whether this is a share of a network, written as the kernel takes it: one that it refuses would keep all others from being made. */
function isShare(text: string, network: string, bits: number): boolean {
  const [share, all] = [addressBlock(text), addressBlock(network)]
  return share !== undefined && all !== undefined && share.prefix === bits && blockText(share) === text && blockHolds(all, addressAt(share, 0))
}

/** Where a machine is reached for one family: packets of UDP go to an address of the kind of ours, plain routes lead by both machines' of that family. */
function addressFor(family: Family, theirs: readonly string[], { overlay, address, second = '' }: MachinesFollowed['machine']): string | undefined {
  const wanted = overlay === 'routes' ? familyOf(family) : isIP(address)
  return [address, second].some((one) => isIP(one) === wanted) ? theirs.find((one) => isIP(one) === wanted) : undefined
}
