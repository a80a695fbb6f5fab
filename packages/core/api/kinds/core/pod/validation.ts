// What upstream's ValidatePod and ValidatePodSpec refuse.
import type { PodSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Pod } from '../../../resources.ts'
import { checkLabelKey, checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { familyOf } from '../../addresses.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkOneOf, checkRequiredOneOf, checkText, duplicate, forbidden, invalid, required } from '../../problems.ts'
import { checkContainers } from './containers.ts'
import { checkResources } from './resources.ts'
import { checkPlacement } from './scheduling.ts'
import { checkPodSecurity } from './security.ts'
import { checkPodUpdate } from './update.ts'
import { checkVolumes } from './volumes.ts'

const deadlineMax = 2 ** 31 - 1
const nameserversMax = 3
const searchesMax = 32

export function checkPod(next: Pod, before: Pod | undefined): readonly Problem[] {
  const gated = (next.spec.schedulingGates ?? []).length > 0
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    // A stored spec was checked when it was stored.
    ...(next.spec === before?.spec ? [] : checkPodSpec(next.spec, 'spec')),
    ...(before !== undefined ? checkPodUpdate(next, before) : [
      ...((next.spec.ephemeralContainers ?? []).length > 0 ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')] : []),
      ...(gated && next.spec.nodeName ? [forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')] : []),
    ]),
  ]
}

export function checkPodStatus(next: Pod, before: Pod): readonly Problem[] {
  const nominated = next.status.nominatedNodeName
  return [
    ...(nominated && nominated !== before.status.nominatedNodeName ? checkText('status.nominatedNodeName', nominated, checkSubdomain) : []),
    ...(next.status.podIPs ?? []).flatMap(({ ip }, index) => (familyOf(ip) === undefined ? [invalid(`status.podIPs[${index}]`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] : [])),
  ]
}

/** The spec of a pod, or of a template. */
export function checkPodSpec(spec: PodSpec, path: string): readonly Problem[] {
  return [
    ...checkVolumes(spec.volumes ?? [], `${path}.volumes`),
    ...checkContainers(spec, path),
    ...checkRequiredOneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...checkRequiredOneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None']),
    ...checkDns(spec, path),
    ...checkNames(spec, path),
    ...checkPlacement(spec, path),
    ...checkPodSecurity(spec, path),
    ...(spec.resources === undefined ? [] : checkResources(spec.resources, `${path}.resources`)),
    ...(spec.activeDeadlineSeconds !== undefined && (spec.activeDeadlineSeconds < 1 || spec.activeDeadlineSeconds > deadlineMax)
      ? [invalid(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, `must be between 1 and ${deadlineMax}, inclusive`)] : []),
    ...(spec.hostAliases ?? []).flatMap(({ ip, hostnames = [] }, index) => [
      ...(familyOf(ip ?? '') === undefined ? [invalid(`${path}.hostAliases[${index}].ip`, ip ?? '', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] : []),
      ...hostnames.flatMap((name, at) => checkText(`${path}.hostAliases[${index}].hostnames[${at}]`, name, checkSubdomain)),
    ]),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, index) => checkText(`${path}.readinessGates[${index}].conditionType`, conditionType ?? '', checkLabelKey)),
    ...checkGates(spec, `${path}.schedulingGates`),
    ...checkOneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['Never', 'PreemptLowerPriority']),
    ...checkOneOf(`${path}.os.name`, spec.os?.name, ['linux', 'windows']),
  ]
}

function checkNames(spec: PodSpec, path: string): readonly Problem[] {
  const named = (field: 'serviceAccountName' | 'nodeName' | 'priorityClassName' | 'runtimeClassName'): readonly Problem[] => {
    const value = spec[field]
    return value ? checkText(`${path}.${field}`, value, checkSubdomain) : []
  }
  return [
    ...named('serviceAccountName'), ...named('nodeName'), ...named('priorityClassName'), ...named('runtimeClassName'),
    ...(spec.hostname ? checkText(`${path}.hostname`, spec.hostname, checkLabelName) : []),
    ...(spec.subdomain ? checkText(`${path}.subdomain`, spec.subdomain, checkLabelName) : []),
  ]
}

function checkDns({ dnsPolicy, dnsConfig }: PodSpec, path: string): readonly Problem[] {
  const at = `${path}.dnsConfig`
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {}
  return [
    ...(dnsPolicy === 'None' ? dnsConfig === undefined ? [required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')]
      : nameservers.length === 0 ? [required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')] : [] : []),
    ...(nameservers.length > nameserversMax ? [invalid(`${at}.nameservers`, nameservers, `must not have more than ${nameserversMax} nameservers`)] : []),
    ...nameservers.flatMap((address, index) => (familyOf(address) === undefined ? [invalid(`${at}.nameservers[${index}]`, address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] : [])),
    ...(searches.length > searchesMax ? [invalid(`${at}.searches`, searches, `must not have more than ${searchesMax} search paths`)] : []),
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
