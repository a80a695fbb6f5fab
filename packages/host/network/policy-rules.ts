import type { GroupMember, Isolation, OpenPolicy, OpenWay } from '@kubeskiff/core/network'
import type { Family, RuleSet } from './packet-table.ts'
import { addressType, familyOf, shortHash } from './rules.ts'

const portsMost = 65535
const noSets: ReadonlyMap<string, string> = new Map()
const noElements: RuleSet['elements'] = new Map()
const directions = ['ingress', 'egress'] as const

/**
 * What there is once any pod here is held: two maps from pods' addresses to their chains, asked for each connection that
 * passes. Answers of connections that were let through pass; what the node itself sends to its pods is not asked for. What
 * pods send to their node, where names are answered, is held as what they send elsewhere.
 */
export function policyFrame(family: Family): RuleSet {
  const map = `type ${addressType(family)} : verdict;`
  const passes = [...neighbours(family), 'ct state established,related accept', `${family} saddr . ${family} daddr @hairpin accept`]
  return {
    chains: new Map([
      ['policies-passing', ['type filter hook forward priority filter; policy accept;', ...passes, `${family} saddr vmap @held-egress`, `${family} daddr vmap @held-ingress`]],
      ['policies-node', ['type filter hook input priority filter; policy accept;', ...passes, `${family} saddr vmap @held-egress`]],
      // What may leave must be let in yet, where the other end is here, too.
      ['let-out', [`${family} daddr vmap @held-ingress`, 'accept']],
    ]),
    sets: new Map([['held-egress', map], ['held-ingress', map]]),
    elements: noElements,
  }
}

/** How pods, and they and their node, find each other on a cable or a bridge is nobody's to hold: without it nothing arrives that may. */
const neighbours = (family: Family): readonly string[] => (family === 'ip' ? [] : ['icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept'])

/** The ways that a policy leaves open: a chain a direction. */
export function policyChains(family: Family, key: string, policy: OpenPolicy): RuleSet {
  return {
    chains: new Map(directions.flatMap((direction) => {
      const ways = policy[direction]
      return ways === undefined ? [] : [[policyChain(direction, key), ways.flatMap((way) => wayRule(family, direction, way))] as const]
    })),
    sets: noSets, elements: noElements,
  }
}

/** Pods held by the same policies share a chain: through one of them, or nowhere. */
export function heldPod(family: Family, { addresses, ...held }: Isolation): RuleSet {
  const own = addresses.filter((address) => familyOf(address) === family)
  const chains = new Map<string, readonly string[]>()
  const elements = new Map<string, ReadonlyMap<string, string>>()
  for (const direction of directions) {
    const policies = held[direction]
    if (policies === undefined || own.length === 0) continue
    const chain = `held-${direction}-${shortHash(policies.join(' '))}`
    chains.set(chain, [...policies.map((key) => `jump ${policyChain(direction, key)}`), 'drop'])
    elements.set(`held-${direction}`, new Map(own.map((address) => [address, `goto ${chain}`])))
  }
  return { chains, sets: noSets, elements }
}

/** The set of a group's members; its elements are put one by one. */
export const groupSet = (family: Family, id: string, withPorts: boolean): RuleSet =>
  ({ chains: new Map(), sets: new Map([[groupName(id), `type ${addressType(family)}${withPorts ? ' . inet_proto . inet_service' : ''};`]]), elements: noElements })
export const groupName = (id: string): string => `group-${shortHash(id)}`
export const memberKeys = (family: Family, members: readonly GroupMember[]): readonly string[] =>
  members.filter(({ address }) => familyOf(address) === family).map(({ address, protocol, port }) => (protocol === undefined ? address : `${address} . ${protocol.toLowerCase()} . ${port}`))

const policyChain = (direction: 'ingress' | 'egress', key: string): string => `policy-${direction}-${shortHash(key)}`

function wayRule(family: Family, direction: 'ingress' | 'egress', { peer, ports }: OpenWay): readonly string[] {
  const other = `${family} ${direction === 'ingress' ? 'saddr' : 'daddr'}`
  if (peer.is === 'block' && familyOf(peer.cidr) !== family) return []
  const matches = [
    ...(peer.is === 'group' ? [`${other} @${groupName(peer.group)}`] : []),
    ...(peer.is === 'block' ? [`${other} ${peer.cidr}`, ...peer.except.filter((cidr) => familyOf(cidr) === family).map((cidr) => `${other} != ${cidr}`)] : []),
    ...(ports.is === 'named' ? [`${family} daddr . meta l4proto . th dport @${groupName(ports.group)}`] : []),
    ...(ports.is === 'range' ? [`meta l4proto ${ports.protocol.toLowerCase()}`, ...(ports.first === 0 && ports.last === portsMost ? [] : [`th dport ${ports.first === ports.last ? ports.first : `${ports.first}-${ports.last}`}`])] : []),
    direction === 'ingress' ? 'accept' : 'goto let-out',
  ]
  return [matches.join(' ')]
}
