/** One port of one Service on one node, as data: the host turns it into packet rules. */
export interface ServiceRoute {
  /** 'namespace/name:port', for comments and for finding the rule again. */
  readonly name: string
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly addresses: readonly string[] // cluster IPs, external IPs
  readonly port: number
  readonly nodePort?: number
  readonly affinitySeconds?: number
  /** Ready (or, where none is, serving and terminating) endpoints; empty: refuse at once. */
  readonly endpoints: readonly { readonly address: string; readonly port: number }[]
}

export interface DnsQuestion { readonly name: string; readonly type: string } // 'web.default.svc.cluster.local', 'A'
export interface DnsRecord { readonly name: string; readonly type: string; readonly ttl: number; readonly data: unknown }
/** `forward`: not ours, ask the resolver above. */
export type DnsAnswer = { readonly is: 'answer'; readonly records: readonly DnsRecord[]; readonly additional: readonly DnsRecord[] } | { readonly is: 'no such name' } | { readonly is: 'forward' }
