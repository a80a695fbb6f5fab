// What upstream's ValidatePodStatusUpdate refuses.
import type { ContainerStatus, PodIP } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Pod } from '../../../resources.ts'
import { checkLabelKey, checkSubdomain } from '../../../selectors/syntax.ts'
import { addressFault, familyOf } from '../../addresses.ts'
import { checkText, duplicate, forbidden, immutable, invalid } from '../../problems.ts'

const ownConditions: readonly string[] = ['PodScheduled', 'Ready', 'Initialized']

export function checkPodStatus(next: Pod, before: Pod): readonly Problem[] {
  const { status } = next
  const nominated = status.nominatedNodeName
  return [
    ...(status.conditions === before.status.conditions ? [] : (status.conditions ?? []).flatMap(({ type }, index) => (ownConditions.includes(type) ? [] : checkText(`metadata.conditions[${index}].Type`, type ?? '', checkLabelKey)))),
    ...(nominated && nominated !== before.status.nominatedNodeName ? checkText('status.nominatedNodeName', nominated, checkSubdomain) : []),
    ...(before.status.qosClass === undefined || status.qosClass === before.status.qosClass ? [] : [immutable('status.qosClass', status.qosClass ?? '')]),
    ...checkEnded(status.containerStatuses, before.status.containerStatuses, 'status.containerStatuses', before.spec.restartPolicy ?? 'Always'),
    ...checkEnded(status.initContainerStatuses, before.status.initContainerStatuses, 'status.initContainerStatuses', before.spec.restartPolicy ?? 'Always', sidecarsOf(before)),
    // Those that look at a pod are never started again.
    ...checkEnded(status.ephemeralContainerStatuses, before.status.ephemeralContainerStatuses, 'status.ephemeralContainerStatuses', 'Never'),
    ...checkClaims(next),
    ...checkPodIPs(status.podIPs ?? [], 'status.podIPs'),
    ...(status.hostIPs?.[0] !== undefined && status.hostIP !== status.hostIPs[0].ip ? [invalid('status.hostIPs[0].ip', status.hostIPs[0].ip, 'must be equal to `hostIP`')] : []),
    ...checkPodIPs(status.hostIPs ?? [], 'status.hostIPs'),
  ]
}

const sidecarsOf = ({ spec }: Pod): ReadonlySet<string> => new Set((spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name))

/** A container that has ended, and is not to be started again, stays ended. */
function checkEnded(next: readonly ContainerStatus[] | undefined, before: readonly ContainerStatus[] | undefined, path: string, policy: string, restarting?: ReadonlySet<string>): readonly Problem[] {
  if (policy === 'Always' || next === before) return []
  return (before ?? []).flatMap(({ name, state }, index) => {
    const ended = state?.terminated
    if (ended === undefined || restarting?.has(name) === true || (ended.exitCode !== 0 && policy === 'OnFailure')) return []
    const now = next?.find((status) => status.name === name)
    return now !== undefined && now.state?.terminated === undefined ? [forbidden(`${path}[${index}].state`, 'may not be transitioned to non-terminated state')] : []
  })
}

function checkClaims({ spec, status }: Pod): readonly Problem[] {
  const names = new Set<string>()
  return (status.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, index) => {
    const at = `status.resourceClaimStatuses[${index}].name`
    const again = names.has(name)
    names.add(name)
    return [
      ...((spec.resourceClaims ?? []).some((claim) => claim.name === name) ? [] : [invalid(at, name, 'must match the name of an entry in `spec.resourceClaims`')]),
      ...(again ? [duplicate(at, name)] : []),
      ...(resourceClaimName === undefined ? [] : checkText(at, resourceClaimName, checkSubdomain)),
    ]
  })
}

/** One address, or one of each family. */
function checkPodIPs(addresses: readonly PodIP[], path: string): readonly Problem[] {
  const families = addresses.map(({ ip }) => familyOf(ip))
  const unformed = addresses.flatMap(({ ip }, index) => (families[index] === undefined ? [invalid(`${path}[${index}]`, ip, addressFault)] : []))
  if (addresses.length < 2) return unformed
  return [
    ...unformed,
    ...(addresses.length > 2 || families[0] === families[1] ? [invalid(path, addresses, 'may specify no more than one IP for each IP family')] : []),
    ...addresses.flatMap((address, index) => (addresses.findIndex(({ ip }) => ip === address.ip) < index ? [duplicate(`${path}[${index}]`, address)] : [])),
  ]
}
