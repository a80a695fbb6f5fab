// Which taints of devices end pods, and when.
import type { DeviceRequestAllocationResult, DeviceTaint } from '../../api/generated/types.ts'
import { claimsByPool, slicesByPool } from '../../api/indexes.ts'
import { type DeviceTaintRule, deviceTaintRules, type Pod, pods, type ResourceClaim, resourceClaims, type ResourceSlice } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { ruleSelects, toleratesDeviceTaint } from '../../rules/device-taints.ts'
import { isControlledBy } from '../../rules/owners.ts'
import { isTerminal, isTerminating } from '../../rules/pods.ts'
import { instantOf } from '../../rules/time.ts'

export const ends = (effect: string | undefined): boolean => effect === 'NoExecute'

/** The slices of a pool that count: those of its newest generation. Costs the pool's slices. */
export function currentSlices(pool: string, view: ClusterView): readonly ResourceSlice[] {
  const slices = [...view.by(slicesByPool, pool)]
  const generation = Math.max(...slices.map(({ spec }) => spec.pool.generation))
  return slices.filter(({ spec }) => spec.pool.generation === generation)
}

/** When a pod that uses the claim has to go: the first instant at which a NoExecute taint of a device is tolerated no longer. `rules` are those that count. */
export function endOfClaim({ status }: ResourceClaim, rules: readonly DeviceTaintRule[], view: ClusterView): Instant | undefined {
  let end: Instant | undefined
  for (const result of status?.allocation?.devices?.results ?? []) {
    const device = currentSlices(`${result.driver}/${result.pool}`, view).flatMap(({ spec }) => spec.devices ?? []).find(({ name }) => name === result.device)
    const ruled = rules.filter((rule) => ruleSelects(rule, result)).map((rule) => rule.spec.taint)
    for (const taint of [...(device?.taints ?? []), ...ruled]) {
      const at = ends(taint.effect) ? endOfTaint(taint, result) : undefined
      if (at !== undefined) end = Math.min(end ?? Infinity, at)
    }
  }
  return end
}

/** As upstream: of the tolerations that name the effect and stand the taint, the shortest counts; one without an end stands it for ever. */
export function endOfTaint(taint: DeviceTaint, { tolerations = [] }: DeviceRequestAllocationResult): Instant | undefined {
  const standing = tolerations.filter((toleration) => ends(toleration.effect) && toleratesDeviceTaint(toleration, taint))
  if (standing.some(({ tolerationSeconds }) => tolerationSeconds === undefined)) return undefined
  const seconds = Math.min(...standing.map(({ tolerationSeconds = 0 }) => Math.max(0, tolerationSeconds)))
  return (instantOf(taint.timeAdded) ?? 0) + (standing.length === 0 ? 0 : seconds * 1000)
}

/** The rules that end pods. */
export const endingRules = (view: ClusterView): readonly DeviceTaintRule[] => [...view.list(deviceTaintRules)].filter(({ spec }) => ends(spec.taint?.effect))

/** The claims that a pod has and may use. */
export function claimsInUse(pod: Pod, view: ClusterView): readonly ResourceClaim[] {
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName
  return [...(pod.spec.resourceClaims ?? []), ...(extended === undefined ? [] : [{ name: '', resourceClaimName: extended }])].flatMap(({ name, resourceClaimName }) => {
    const told = resourceClaimName ?? pod.status?.resourceClaimStatuses?.find((status) => status.name === name)?.resourceClaimName
    const claim = told === undefined ? undefined : view.get(resourceClaims, pod.metadata.namespace ?? '', told)
    if (claim?.status.reservedFor?.some(({ uid }) => uid === pod.metadata.uid) !== true) return []
    return resourceClaimName === undefined && !isControlledBy(claim, pod) ? [] : [claim]
  })
}

/** The pods that a claim is reserved for and that can still be ended. */
export function usersOf({ metadata: { namespace = '' }, status }: ResourceClaim, view: ClusterView): readonly Pod[] {
  return (status?.reservedFor ?? []).flatMap(({ apiGroup = '', resource, name, uid }) => {
    const pod = apiGroup === '' && resource === 'pods' ? view.get(pods, namespace, name) : undefined
    return pod !== undefined && pod.metadata.uid === uid && canEnd(pod) ? [pod] : []
  })
}
export const canEnd = (pod: Pod): boolean => !!pod.spec.nodeName && !isTerminating(pod) && !isTerminal(pod)

/** The claims with devices that a rule selects. Costs the claims of the pool where the rule names one, else all. */
export function claimsUnder(rule: DeviceTaintRule, view: ClusterView): readonly ResourceClaim[] {
  const { driver, pool } = rule.spec.deviceSelector ?? {}
  const candidates = driver !== undefined && pool !== undefined ? view.by(claimsByPool, `${driver}/${pool}`) : view.list(resourceClaims)
  return [...candidates].filter(({ status }) => status?.allocation?.devices?.results?.some((result) => ruleSelects(rule, result)))
}
