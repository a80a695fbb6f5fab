// Devices that have to be made ready on a node before pods that use them are bound. Behaviour: upstream's DRADeviceBindingConditions.
import type { DeviceRequestAllocationResult } from '../../api/generated/types.ts'
import type { ResourceClaim } from '../../api/resources.ts'
import type { Instant } from '../../base/clock.ts'
import { conditionOf } from '../../rules/conditions.ts'
import { instantOf } from '../../rules/time.ts'

/** As upstream's default: so long a device may take. */
export const bindingMostMs = 600_000

type Result = DeviceRequestAllocationResult
const resultsOf = ({ status }: ResourceClaim): readonly Result[] => status.allocation?.devices?.results ?? []
/** Does one of these devices have to be made ready? */
export const mustBeReady = (results: readonly Result[]): boolean => results.some(({ bindingConditions = [] }) => bindingConditions.length > 0)
/** Does a device that the claim has have to be made ready? */
export const hasBindingConditions = (claim: ResourceClaim): boolean => mustBeReady(resultsOf(claim))

/** Whether the claim's devices are ready, or why they never will be. */
export function readinessOf(claim: ResourceClaim): 'ready' | 'waiting' | { readonly fault: string } {
  if (claim.status.allocation === undefined) return 'waiting'
  for (const result of resultsOf(claim)) {
    const { bindingConditions = [], bindingFailureConditions = [] } = result
    if (bindingConditions.length === 0) continue
    const conditions = claim.status.devices?.find((each) => each.driver === result.driver && each.pool === result.pool && each.device === result.device && each.shareID === result.shareID)?.conditions
    if (conditions === undefined) return 'waiting'
    for (const type of bindingFailureConditions) {
      const failed = conditionOf(conditions, type)
      if (failed?.status === 'True') return { fault: `claim ${claim.metadata.name} binding failed: reason=${failed.reason}, message=${JSON.stringify(failed.message)}` }
    }
    if (bindingConditions.some((type) => conditionOf(conditions, type)?.status !== 'True')) return 'waiting'
  }
  return 'ready'
}

/** Has it been waited for too long since the devices were allocated? */
export const isTimedOut = (claim: ResourceClaim, now: Instant): boolean => hasBindingConditions(claim) && (instantOf(claim.status.allocation?.allocationTimestamp) ?? Infinity) + bindingMostMs < now

/** The claim's devices are of no use: other ones have to be tried. */
export function isLost(claim: ResourceClaim, now: Instant): boolean {
  if (!hasBindingConditions(claim)) return false
  const readiness = readinessOf(claim)
  return typeof readiness === 'object' || (readiness === 'waiting' && isTimedOut(claim, now))
}
