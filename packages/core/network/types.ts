/** One port of one Service in one family of addresses, as a node or the machine serves it: the host turns it into packet rules. */
export interface ServiceRoute {
  /** 'namespace/name:port', for comments and for finding the rule again. */
  readonly name: string
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  /** Cluster IPs. */
  readonly addresses: readonly string[]
  readonly port: number
  readonly affinitySeconds?: number
  readonly endpoints: Endpoints
  /** How it is reached from outside of the cluster. */
  readonly outside?: {
    /** External IPs, and those that a balancer has given. */
    readonly addresses: readonly string[]
    readonly nodePort?: number
    /** Where only these blocks may ask the balancer's addresses. */
    readonly balanced?: { readonly addresses: readonly string[]; readonly from: readonly string[] }
    /** Only the node's own pods, which see the asker's address; pods and nodes themselves go to all endpoints. */
    readonly local?: { readonly endpoints: Endpoints; readonly all: Endpoints }
  }
}

/** Ready (or, where none is, serving and terminating) endpoints. `refused`: there is none at all; `dropped`: there are, but not here. */
export type Endpoints = readonly EndpointPlace[] | 'refused' | 'dropped'
export interface EndpointPlace { readonly address: string; readonly port: number }

/** Who serves: a node, or the machine, which is no node and knows no nearness. */
export interface ServingPlace { readonly node?: string; readonly zone?: string }

export interface DnsQuestion { readonly name: string; readonly type: string } // 'web.default.svc.cluster.local', 'A'
export interface DnsRecord { readonly name: string; readonly type: string; readonly ttl: number; readonly data: unknown }
/** `forward`: not ours, ask the resolver above. */
export type DnsAnswer = { readonly is: 'answer'; readonly records: readonly DnsRecord[]; readonly additional: readonly DnsRecord[] } | { readonly is: 'no such name' } | { readonly is: 'forward' }
