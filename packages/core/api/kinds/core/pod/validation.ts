// What upstream's ValidatePod and ValidatePodSpec refuse.
import type { PodSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Pod } from '../../../resources.ts'
import { checkLabelKey, checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { addressFault, familyOf } from '../../addresses.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkOneOf, checkRequiredOneOf, checkText, duplicate, forbidden, invalid, required } from '../../problems.ts'
import { checkAnnotatedProfiles } from './app-armor.ts'
import { checkContainers, checkHostNetwork, type Whose } from './containers.ts'
import { checkOperatingSystem } from './os.ts'
import { checkPodClaims, checkPodResources, checkResources } from './resources.ts'
import { checkPlacement } from './scheduling.ts'
import { checkPodSecurity } from './security.ts'
import { checkPodUpdate } from './update.ts'
import { checkVolumes } from './volumes.ts'

const deadlineMax = 2 ** 31 - 1
const nameserversMax = 3
const searchesMax = 32
const searchLengthMax = 2048

export function checkPod(next: Pod, before: Pod | undefined): readonly Problem[] {
  const gated = (next.spec.schedulingGates ?? []).length > 0
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(next.metadata.annotations === before?.metadata.annotations ? [] : checkDeletionCost(next)),
    ...checkAnnotatedProfiles(next, before),
    // A stored spec was checked when it was stored.
    ...(next.spec === before?.spec ? [] : [...checkPodSpec(next.spec, 'spec', { isPod: true, name: next.metadata.name }), ...checkTokens(next.spec)]),
    ...(before !== undefined ? checkPodUpdate(next, before) : [
      ...((next.spec.ephemeralContainers ?? []).length > 0 ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')] : []),
      ...(gated && next.spec.nodeName ? [forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')] : []),
    ]),
  ]
}

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost'
function checkDeletionCost({ metadata: { annotations } }: Pod): readonly Problem[] {
  const cost = annotations?.[costAnnotation]
  return cost === undefined || (/^(0|-?[1-9]\d{0,9})$/.test(cost) && Math.abs(Number(cost)) <= deadlineMax) ? [] : [invalid(`metadata.annotations[${costAnnotation}]`, cost, 'must be a 32bit integer')]
}

/** Who has no account has no token of one. */
function checkTokens({ serviceAccountName, volumes = [] }: PodSpec): readonly Problem[] {
  if (serviceAccountName) return []
  return volumes.flatMap(({ projected }, index) => (projected?.sources ?? []).flatMap(({ serviceAccountToken }, at) =>
    (serviceAccountToken === undefined ? [] : [forbidden(`spec.volumes[${index}].projected.sources[${at}].serviceAccountToken`, 'must not be specified when serviceAccountName is not set')])))
}

/** The spec of a pod, or of a template. */
export function checkPodSpec(spec: PodSpec, path: string, whose: Whose = { isPod: false }): readonly Problem[] {
  const volumes = checkVolumes(spec.volumes ?? [], `${path}.volumes`, whose.name)
  return [
    ...volumes.problems,
    ...checkPodClaims(spec.resourceClaims ?? [], `${path}.resourceClaims`),
    ...checkContainers(volumes.problems.length > 0 ? { ...spec, volumes: volumes.sound } : spec, path, whose),
    ...checkPodResources(spec, `${path}.resources`),
    ...checkHostNetwork(spec, path, whose),
    ...checkRequiredOneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...checkRequiredOneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
    ...checkPodSecurity(spec, path),
    ...checkPlacement(spec, path),
    ...checkDns(spec, path),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, index) => checkText(`${path}.readinessGates[${index}].conditionType`, conditionType ?? '', checkLabelKey)),
    ...checkGates(spec, `${path}.schedulingGates`),
    ...checkNames(spec, path),
    ...(spec.activeDeadlineSeconds !== undefined && (spec.activeDeadlineSeconds < 1 || spec.activeDeadlineSeconds > deadlineMax)
      ? [invalid(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, `must be between 1 and ${deadlineMax}, inclusive`)] : []),
    ...(spec.hostAliases ?? []).flatMap(({ ip, hostnames = [] }, index) => [
      ...(familyOf(ip ?? '') === undefined ? [invalid(`${path}.hostAliases[${index}].ip`, ip ?? '', addressFault)] : []),
      ...hostnames.flatMap((name, at) => checkText(`${path}.hostAliases[${index}].hostnames[${at}]`, name, checkSubdomain)),
    ]),
    ...checkOneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never']),
    ...(spec.overhead === undefined ? [] : checkResources({ limits: spec.overhead }, `${path}.overhead`)),
    ...checkOperatingSystem(spec, path),
  ]
}

function checkNames(spec: PodSpec, path: string): readonly Problem[] {
  const named = (field: 'serviceAccountName' | 'nodeName' | 'priorityClassName' | 'runtimeClassName'): readonly Problem[] => {
    const value = spec[field]
    return value ? checkText(`${path}.${field}`, value, checkSubdomain) : []
  }
  return [
    ...named('serviceAccountName'), ...named('nodeName'),
    ...(spec.hostname ? checkText(`${path}.hostname`, spec.hostname, checkLabelName) : []),
    ...(spec.subdomain ? checkText(`${path}.subdomain`, spec.subdomain, checkLabelName) : []),
    ...named('priorityClassName'), ...named('runtimeClassName'),
  ]
}

/** Names to search may have underscores, and a dot at their end. */
const checkSearch = (search: string): readonly string[] => checkSubdomain(search.replace(/\.$/, '').replaceAll('_', 'a'))

function checkDns({ dnsPolicy, dnsConfig }: PodSpec, path: string): readonly Problem[] {
  const at = `${path}.dnsConfig`
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {}
  if (dnsPolicy === 'None' && dnsConfig === undefined) return [required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')]
  if (dnsPolicy === 'None' && nameservers.length === 0) return [required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
  return [
    ...(nameservers.length > nameserversMax ? [invalid(`${at}.nameservers`, nameservers, `must not have more than ${nameserversMax} nameservers`)] : []),
    ...nameservers.flatMap((address, index) => (familyOf(address) === undefined ? [invalid(`${at}.nameservers[${index}]`, address, addressFault)] : [])),
    ...(searches.length > searchesMax ? [invalid(`${at}.searches`, searches, `must not have more than ${searchesMax} search paths`)] : []),
    ...(searches.join(' ').length > searchLengthMax ? [invalid(`${at}.searches`, searches, `must not have more than ${searchLengthMax} characters (including spaces) in the search list`)] : []),
    ...searches.flatMap((search, index) => (search === '.' ? [] : checkText(`${at}.searches[${index}]`, search, checkSearch))),
    ...options.flatMap(({ name }, index) => (name ? [] : [required(`${at}.options[${index}]`, 'must not be empty')])),
  ]
}

function checkGates({ schedulingGates = [] }: PodSpec, path: string): readonly Problem[] {
  const seen = new Set<string>()
  return schedulingGates.flatMap(({ name }, index) => {
    const again = seen.has(name)
    seen.add(name)
    return [...checkText(`${path}[${index}]`, name ?? '', checkLabelKey), ...(again ? [duplicate(`${path}[${index}]`, name)] : [])]
  })
}
