// Which families of addresses a Service has: what it says, what its addresses tell, and what the cluster has. Behaviour: initIPFamilyFields of upstream's allocators.
import type { Circumstances } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import type { Service } from '../../../resources.ts'
import { familyOf } from '../../addresses.ts'
import { sameMeaning } from '../../equal.ts'
import { invalid } from '../../problems.ts'
import { clusterFamilies } from './allocation.ts'
import { checkAddressChange, checkClusterAddresses } from './validation.ts'

/** `contradicts`: the check will refuse it, and it gets no address. */
export type WithFamilies = { readonly service: Service; readonly contradicts?: true } | { readonly problems: readonly Problem[] }
type Spec = Service['spec']

/** The service with its policy and its families; an update that asks for one family only lets go of the second one, with its address. */
export function withFamilies(given: Service, before: Service | undefined, circumstances: Circumstances): WithFamilies {
  if (given.spec.type === 'ExternalName') return { service: given }
  if (before !== undefined && isLeftAsPreferred(given.spec, before.spec)) return { service: given }
  const policy = given.spec.ipFamilyPolicy ?? before?.spec.ipFamilyPolicy ?? (isOpen(given.spec) ? 'RequireDualStack' : 'SingleStack')
  const stated: Service = { ...given, spec: { ...given.spec, ipFamilyPolicy: policy } }
  const service = before !== undefined && policy === 'SingleStack' ? withoutSecond(stated, before) : stated
  // What contradicts itself, or changes what may not change, is refused by the check.
  if (checkClusterAddresses(service.spec).length > 0 || (before !== undefined && checkAddressChange(service, before).length > 0)) return { service, contradicts: true }
  const ours = clusterFamilies(circumstances)
  const { families, problems } = inferred(service.spec, policy, ours)
  if (problems.length > 0) return { problems }
  if (isOpen(service.spec)) return { service: withBoth(service, families.length === 0 ? ours.slice(0, 1) : families, policy !== 'SingleStack') }
  const unmet = [
    ...(policy === 'RequireDualStack' && ours.length < 2 ? [invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services')] : []),
    ...families.flatMap((family, index) => (ours.includes(family) ? [] : [invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')])),
  ]
  return unmet.length > 0 ? { problems: unmet } : { service: withBoth(service, families.length === 0 ? ours.slice(0, 1) : families, policy !== 'SingleStack' && ours.length === 2) }
}

/** Without addresses and without a selector it says nothing about the cluster. */
const isOpen = ({ clusterIP, selector = {} }: Spec): boolean => clusterIP === 'None' && Object.keys(selector).length === 0

/** A Service that prefers two families is not changed by the way, whatever the cluster has by now. */
const isLeftAsPreferred = (next: Spec, before: Spec): boolean =>
  next.ipFamilyPolicy === 'PreferDualStack' && before.ipFamilyPolicy === 'PreferDualStack' && sameMeaning(next.clusterIPs, before.clusterIPs) && sameMeaning(next.ipFamilies, before.ipFamilies)

/** Whoever asks for one family without a word of the second's address, or of itself, means that they go. */
function withoutSecond(service: Service, before: Service): Service {
  const { clusterIPs = [], ipFamilies = [] } = service.spec
  return { ...service, spec: {
    ...service.spec,
    ...(clusterIPs.length > 1 && sameMeaning(clusterIPs, before.spec.clusterIPs) ? { clusterIPs: clusterIPs.slice(0, 1) } : {}),
    ...(ipFamilies.length > 1 && sameMeaning(ipFamilies, before.spec.ipFamilies) ? { ipFamilies: ipFamilies.slice(0, 1) } : {}),
  } }
}

/** The families that are named, and after these those of the addresses. */
function inferred({ clusterIPs = [], ipFamilies = [] }: Spec, policy: string, ours: readonly string[]): { readonly families: readonly string[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  if (policy === 'SingleStack') {
    for (const [count, what] of [[clusterIPs.length, 'cluster IPs'], [ipFamilies.length, 'IP families']] as const) {
      if (count === 2) problems.push(invalid('spec.ipFamilyPolicy', policy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`))
    }
  }
  const families = [...ipFamilies]
  for (const [index, address] of clusterIPs.entries()) {
    const family = familyOf(address)
    if (index < ipFamilies.length || family === undefined) continue
    if (ours.includes(family)) families.push(family)
    else problems.push(invalid(`spec.clusterIPs[${index}]`, clusterIPs, `${family} is not configured on this cluster`))
  }
  return { families, problems }
}

function withBoth(service: Service, families: readonly string[], both: boolean): Service {
  const ipFamilies = both && families.length === 1 ? [...families, families[0] === 'IPv4' ? 'IPv6' : 'IPv4'] : families
  return { ...service, spec: { ...service.spec, ipFamilies } }
}
