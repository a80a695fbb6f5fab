import { formatIPv6, parseIPv6 } from '../api/kinds/addresses.ts'
import { addressNumber, addressText } from '../rules/addresses.ts'

/** What a name inside the cluster's zone speaks of. Names are lower-cased and without the final dot. */
export type ClusterName =
  | { readonly is: 'zone' }
  | { readonly is: 'server' } // ns.dns.<zone>
  | { readonly is: 'version' } // dns-version.<zone>
  | { readonly is: 'branch' } // svc.<zone>, pod.<zone>
  | { readonly is: 'namespace'; readonly namespace: string }
  | { readonly is: 'service'; readonly namespace: string; readonly service: string }
  | { readonly is: 'port'; readonly namespace: string; readonly service: string; readonly port: string; readonly protocol: string }
  | { readonly is: 'endpoint'; readonly namespace: string; readonly service: string; readonly endpoint: string }
  | { readonly is: 'pod address'; readonly namespace: string; readonly address: string }
  | { readonly is: 'nothing' }
  | { readonly is: 'reverse'; readonly address: string }
  | { readonly is: 'elsewhere' }

/** Reads a question's name as CoreDNS's kubernetes plugin does. */
export function readName(name: string, zone: string): ClusterName {
  const plain = normalName(name)
  if (plain === zone) return { is: 'zone' }
  if (plain.endsWith('.in-addr.arpa')) return reverse(plain)
  if (plain.endsWith('.ip6.arpa')) return reverseSix(plain)
  if (!plain.endsWith(`.${zone}`)) return { is: 'elsewhere' }
  const labels = plain.slice(0, -zone.length - 1).split('.').toReversed()
  const [branch, namespace, first, second, third] = labels
  if (plain === `ns.dns.${zone}`) return { is: 'server' }
  if (plain === `dns-version.${zone}`) return { is: 'version' }
  if (branch !== 'svc' && branch !== 'pod') return { is: 'nothing' }
  if (namespace === undefined) return { is: 'branch' }
  if (first === undefined) return { is: 'namespace', namespace }
  if (branch === 'pod') return labels.length === 3 ? podAddress(namespace, first) : { is: 'nothing' }
  if (second === undefined) return { is: 'service', namespace, service: first }
  if (labels.length === 4) return { is: 'endpoint', namespace, service: first, endpoint: second }
  if (labels.length === 5 && third !== undefined && second.startsWith('_') && third.startsWith('_'))
    return { is: 'port', namespace, service: first, protocol: second.slice(1), port: third.slice(1) }
  return { is: 'nothing' }
}

/** Lower case, no final dot. */
export const normalName = (name: string): string => (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()

function podAddress(namespace: string, label: string): ClusterName {
  if (label.includes('.')) return { is: 'nothing' }
  const number = addressNumber(label.replaceAll('-', '.'))
  if (number !== undefined) return { is: 'pod address', namespace, address: addressText(number) }
  const six = parseIPv6(label.replaceAll('-', ':'))
  return six === undefined ? { is: 'nothing' } : { is: 'pod address', namespace, address: formatIPv6(six) }
}

/** Thirty-two digits, the last first. */
function reverseSix(name: string): ClusterName {
  const digits = name.slice(0, -'.ip6.arpa'.length).split('.').toReversed()
  return digits.length === 32 && digits.every((digit) => /^[0-9a-f]$/.test(digit)) ? { is: 'reverse', address: formatIPv6(BigInt(`0x${digits.join('')}`)) } : { is: 'elsewhere' }
}

function reverse(name: string): ClusterName {
  const address = name.slice(0, -'.in-addr.arpa'.length).split('.').toReversed().join('.')
  return addressNumber(address) === undefined ? { is: 'elsewhere' } : { is: 'reverse', address }
}
