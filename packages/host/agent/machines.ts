// Tells other machines of this one by its nodes' annotations, and makes the ways to those that do the same.
import { isIPv4 } from 'node:net'
import { type Node, nodes } from '@kubeskiff/core/api'
import type { Cancel } from '@kubeskiff/core/base'
import { compareText } from '@kubeskiff/core/rules'
import type { Store } from '@kubeskiff/core/store'
import { type Connection, refusalOf } from '../client/index.ts'
import type { ClusterNetwork, NetworkSettings, OtherMachine } from '../network/index.ts'
import { isInside, nthAddress } from '../network/addresses.ts'
import { hubOffset } from '../network/layout.ts'
import type { AgentConfiguration } from './configuration.ts'
import { machineAddressMark, machineNetworkMark } from './machine-marks.ts'

const retryMs = 2_000

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
  const marks = { [machineAddressMark]: machine.address, [machineNetworkMark]: network.settings.nodeNetwork }
  const telling = new Set<string>()
  let seen = store.view.revision
  let made: string | undefined
  let timer: NodeJS.Timeout | undefined

  const again = (why: string): void => {
    onTrouble(`other machines: ${why}`)
    timer ??= setTimeout(() => { timer = undefined; look() }, retryMs).unref()
  }
  const tell = async (node: string, connection: Pick<Connection, 'request'>): Promise<void> => {
    telling.add(node)
    try {
      const answer = await connection.request('PATCH', `/api/v1/nodes/${node}`, { body: JSON.stringify({ metadata: { annotations: marks } }), contentType: 'application/merge-patch+json' })
      if (answer.status >= 300) again(refusalOf(answer).message)
    } catch (error) {
      again(error instanceof Error ? error.message : String(error))
    } finally { telling.delete(node) }
  }
  const look = (): void => {
    for (const [name, connection] of connections) {
      const node = store.view.get(nodes, '', name)
      if (node !== undefined && !telling.has(name) && Object.entries(marks).some(([mark, value]) => node.metadata.annotations?.[mark] !== value)) void tell(name, connection)
    }
    const machines = otherMachines(store.view.list(nodes), network.settings)
    const wanted = JSON.stringify(machines)
    if (wanted === made) return
    try {
      ways.reach(machines)
      made = wanted
    } catch (error) { again(error instanceof Error ? error.message : String(error)) }
  }
  const quiet = store.onCommit(() => {
    const changes = store.changes(seen)
    seen = store.view.revision
    if (changes === 'compacted' || [...changes].some(({ key }) => key.resource === nodes.resource)) look()
  })
  look()
  return () => {
    quiet()
    clearTimeout(timer)
    ways.close()
  }
}

/**
 * The other machines, as their nodes tell of them. A node tells what it likes: only networks of nodes and pods lead to
 * another machine, none of this machine's own, and each to the oldest node that has it.
 */
export function otherMachines(all: Iterable<Node>, { nodeNetwork, nodeNetworks = [], podNetwork }: Pick<NetworkSettings, 'nodeNetwork' | 'nodeNetworks' | 'podNetwork'>): readonly OtherMachine[] {
  const found = new Map<string, { address: string; podNetworks: string[] }>()
  const told = [...all].sort((one, other) => compareText(one.metadata.creationTimestamp, other.metadata.creationTimestamp) || compareText(one.metadata.name, other.metadata.name))
  const networkOf = (node: Node): string => node.metadata.annotations?.[machineNetworkMark] ?? ''
  const taken = new Set(told.filter((node) => networkOf(node) === nodeNetwork).flatMap(podNetworksOf))
  for (const node of told) {
    const [address, network] = [node.metadata.annotations?.[machineAddressMark] ?? '', networkOf(node)]
    if (network === nodeNetwork || !isIPv4(address) || !nodeNetworks.some((one) => isWithin(network, one))) continue
    const machine = found.get(network) ?? { address, podNetworks: [] }
    found.set(network, machine)
    for (const pods of podNetworksOf(node)) {
      if (taken.has(pods) || !isWithin(pods, podNetwork)) continue
      taken.add(pods)
      machine.podNetworks.push(pods)
    }
  }
  return [...found].map(([network, { address, podNetworks }]) => ({ address, hub: nthAddress(network, hubOffset), nodeNetwork: network, podNetworks: podNetworks.sort() })).sort((one, other) => compareText(one.nodeNetwork, other.nodeNetwork))
}

const shareForm = /^(\d{1,3}\.){3}0\/24$/
/** Whether this is a share of a network, as nodes and machines have one. */
const isWithin = (share: string, network: string): boolean => isShare(share) && isInside(share.slice(0, share.indexOf('/')), network)
/** Written as the kernel takes it: one that it refuses would keep all others from being made. */
const isShare = (share: string): boolean => shareForm.test(share) && isIPv4(share.slice(0, share.indexOf('/')))
const podNetworksOf = ({ spec }: Node): readonly string[] => (spec.podCIDRs ?? [spec.podCIDR ?? '']).filter(isShare)
