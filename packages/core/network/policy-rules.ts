// What NetworkPolicies say, as data. Behaviour: the NetworkPolicy API's own documentation.
import type { LabelSelector, NetworkPolicyPeer, NetworkPolicyPort } from '../api/generated/types.ts'
import type { NetworkPolicy } from '../api/index.ts'

export type Direction = 'ingress' | 'egress'
export type Transport = 'TCP' | 'UDP' | 'SCTP'

/** Pods by namespace and labels; with `port`, those of them that have a container port of that name, and that port. */
export interface PodSelection {
  /** Absent: the namespaces that `namespaces` selects. */
  readonly namespace?: string
  readonly namespaces?: LabelSelector
  /** Absent: all pods. */
  readonly pods?: LabelSelector
  readonly port?: { readonly protocol: Transport; readonly name: string }
}

/** One way in or out: who may be at the other end, and at which ports. */
export interface PolicyWay {
  readonly peer: { readonly is: 'anyone' } | { readonly is: 'pods'; readonly selection: PodSelection } | { readonly is: 'block'; readonly cidr: string; readonly except: readonly string[] }
  readonly ports:
    | { readonly is: 'all' }
    | { readonly is: 'range'; readonly protocol: Transport; readonly first: number; readonly last: number }
    /** The destination is one of these pods, at the port that it calls so. */
    | { readonly is: 'named'; readonly selection: PodSelection }
}

/** A policy: whom it isolates, and the ways that it leaves open. A direction it says nothing of is absent. */
export interface PolicyRules {
  readonly subjects: PodSelection
  readonly ingress?: readonly PolicyWay[]
  readonly egress?: readonly PolicyWay[]
}

const portsMost = 65535

/** Reads a policy. Ways are a product of its peers and ports; either list empty stands for all. */
export function policyRules(policy: NetworkPolicy): PolicyRules {
  const namespace = policy.metadata.namespace ?? ''
  const { podSelector = {}, policyTypes = ['Ingress'], ingress = [], egress = [] } = policy.spec
  const subjects: PodSelection = { namespace, pods: podSelector }
  const ways = (direction: Direction, peers: readonly NetworkPolicyPeer[] = [], ports: readonly NetworkPolicyPort[] = []): readonly PolicyWay[] =>
    (peers.length === 0 ? [anyone] : peers.map((peer) => peerOf(peer, namespace))).flatMap((peer) =>
      (ports.length === 0 ? [allPorts] : ports).map((port): PolicyWay => ({ peer, ports: portsOf(port, direction === 'ingress' ? subjects : peer.is === 'pods' ? peer.selection : peer.is === 'anyone' ? everybody : undefined) })))
  return {
    subjects,
    ...(policyTypes.includes('Ingress') && { ingress: ingress.flatMap(({ from, ports }) => ways('ingress', from, ports)) }),
    ...(policyTypes.includes('Egress') && { egress: egress.flatMap(({ to, ports }) => ways('egress', to, ports)) }),
  }
}

const anyone: PolicyWay['peer'] = { is: 'anyone' }
const allPorts: NetworkPolicyPort & { readonly all: true } = { all: true }
const everybody: PodSelection = { namespaces: {} }

function peerOf(peer: NetworkPolicyPeer, namespace: string): PolicyWay['peer'] {
  if (peer.ipBlock !== undefined) return { is: 'block', cidr: peer.ipBlock.cidr, except: peer.ipBlock.except ?? [] }
  const pods = peer.podSelector === undefined ? {} : { pods: peer.podSelector }
  return { is: 'pods', selection: peer.namespaceSelector === undefined ? { namespace, ...pods } : { namespaces: peer.namespaceSelector, ...pods } }
}

/** `named`: the pods that a port's name is looked up in; a block of addresses has none, so that a name opens nothing there. */
function portsOf(port: NetworkPolicyPort & { readonly all?: true }, named: PodSelection | undefined): PolicyWay['ports'] {
  if (port.all === true) return { is: 'all' }
  const protocol = transportOf(port.protocol)
  if (port.port === undefined) return { is: 'range', protocol, first: 0, last: portsMost }
  if (typeof port.port === 'number') return { is: 'range', protocol, first: port.port, last: port.endPort ?? port.port }
  return { is: 'named', selection: { ...(named ?? nobody), port: { protocol, name: port.port } } }
}
const nobody: PodSelection = { namespace: '' }

export const transportOf = (protocol: string | undefined): Transport => (protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP')
