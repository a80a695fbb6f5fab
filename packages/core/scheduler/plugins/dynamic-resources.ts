// Devices for pods: claims are allocated where their devices are, and reserved for the pod before it is bound. Behaviour: upstream's DynamicResources plugin.
import type { Action } from '../../api/action.ts'
import type { AllocationResult } from '../../api/generated/types.ts'
import { keyOf } from '../../api/resource.ts'
import { deviceClasses, deviceTaintRules, type DeviceTaintRule, nodes as nodeType, type Pod, pods, type ResourceClaim, resourceClaims, resourceSlices, type ResourceSlice } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import { nodeSelectorMatches } from '../../rules/node-selectors.ts'
import { finalizersPatch, isControlledBy } from '../../rules/owners.ts'
import { isTerminating } from '../../rules/pods.ts'
import { allocationOf, wishOf } from '../devices/allocation.ts'
import { DevicePools } from '../devices/pools.ts'
import { type ClaimWish, searchDevices } from '../devices/search.ts'
import { DeviceUses } from '../devices/uses.ts'
import { normalised } from '../normalise.ts'
import { type Hopeless, type NodeRefusal, nodeSides, type PluginState, podSides, type Preparation, type SchedulerPlugin, type Study, type Surroundings } from '../types.ts'

const protection = 'resource.kubernetes.io/delete-protection'
const alternativesMost = 8

export const dynamicResources: SchedulerPlugin = {
  name: 'DynamicResources', weight: 2, fixed: 'by more',
  start: (surroundings) => stateOf(surroundings),
}

/** What drivers offer, and what of it is taken. */
interface Devices { readonly pools: DevicePools; readonly uses: DeviceUses }

function stateOf(surroundings: Surroundings): PluginState {
  const { view } = surroundings
  const devices: Devices = { pools: new DevicePools(), uses: new DeviceUses() }
  for (const rule of view.list(deviceTaintRules)) devices.pools.putRule(rule.metadata.name, rule)
  for (const slice of view.list(resourceSlices)) devices.pools.putSlice(slice.metadata.name, slice)
  for (const claim of view.list(resourceClaims)) devices.uses.put(claim)
  return {
    changed: (change) => follow(change, devices),
    holds: (pod) => pod.spec.resourceClaims !== undefined && 'refusal' in claimsOf(pod, view),
    study: (pod) => (pod.spec.resourceClaims === undefined || pod.spec.resourceClaims.length === 0 ? undefined : study(pod, surroundings, devices)),
    concerns: (change) => watched.has(change.key.resource),
    wakes: (pod, change) => wakes(pod, change, view),
  }
}
const watched: ReadonlySet<string> = new Set([nodeType, pods, resourceClaims, deviceClasses, resourceSlices, deviceTaintRules].map(({ resource }) => resource))

function follow({ key: { resource, name }, before, after }: Change, { pools, uses }: Devices): void {
  if (resource === resourceSlices.resource) pools.putSlice(name, after as ResourceSlice | undefined)
  else if (resource === deviceTaintRules.resource) {
    // Its status says nothing about devices.
    if ((before as DeviceTaintRule | undefined)?.spec !== (after as DeviceTaintRule | undefined)?.spec) pools.putRule(name, after as DeviceTaintRule | undefined)
  } else if (resource === resourceClaims.resource) {
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid) uses.drop(before.metadata.uid)
    if (after !== undefined) uses.put(after as ResourceClaim)
  }
}

/** As upstream's hints: the pod's own claims and names, devices that became free, and whatever may change what is offered where. */
function wakes(pod: Pod, change: Change, view: ClusterView): boolean {
  switch (change.key.resource) {
    case pods.resource: {
      const { before, after } = podSides(change)
      return after?.metadata.uid === pod.metadata.uid && before?.status.resourceClaimStatuses !== after.status.resourceClaimStatuses && !('refusal' in claimsOf(pod, view))
    }
    case nodeType.resource: {
      const { before, after } = nodeSides(change)
      return after !== undefined && (before === undefined || JSON.stringify([before.metadata.labels, before.spec.taints]) !== JSON.stringify([after.metadata.labels, after.spec.taints]))
    }
    case resourceClaims.resource: {
      const [before, after] = [change.before as ResourceClaim | undefined, change.after as ResourceClaim | undefined]
      const claims = claimsOf(pod, view)
      if ('refusal' in claims) return false
      if (before?.status?.allocation !== undefined && after?.status?.allocation === undefined) return true
      return after !== undefined && before?.status !== after.status && claims.claims.some(({ metadata }) => metadata.uid === after.metadata.uid)
    }
    default: return change.key.resource === deviceTaintRules.resource || change.after !== undefined
  }
}

/** The pod's claims, or why they are not all there. */
function claimsOf(pod: Pod, view: ClusterView): { readonly claims: readonly ResourceClaim[] } | Hopeless {
  const { namespace = '', name } = pod.metadata
  const claims: ResourceClaim[] = []
  for (const asked of pod.spec.resourceClaims ?? []) {
    const status = pod.status.resourceClaimStatuses?.find((each) => each.name === asked.name)
    if (asked.resourceClaimName === undefined && status === undefined) return { refusal: `pod "${namespace}/${name}": ResourceClaim not created yet` }
    const claimName = asked.resourceClaimName ?? status?.resourceClaimName
    // As upstream: there may be a reason why no claim was made for it.
    if (claimName === undefined) continue
    const claim = view.get(resourceClaims, namespace, claimName)
    if (claim === undefined) return { refusal: `could not find ResourceClaim "${namespace}/${claimName}"` }
    if (isTerminating(claim)) return { refusal: `resourceclaim "${claimName}" is being deleted` }
    if (asked.resourceClaimName === undefined && !isControlledBy(claim, pod)) return { refusal: `ResourceClaim ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not owner)` }
    claims.push(claim)
  }
  return { claims }
}

type Verdict = { readonly is: 'fits'; readonly allocations: readonly AllocationResult[] } | { readonly is: 'refused'; readonly refusal: NodeRefusal }

function study(pod: Pod, { nodes, view }: Surroundings, { pools, uses }: Devices): Study | Hopeless | undefined {
  const found = claimsOf(pod, view)
  if ('refusal' in found) return found
  const { claims } = found
  if (claims.length === 0) return undefined
  const wishes: ClaimWish[] = []
  for (const claim of claims) {
    if (claim.status.allocation !== undefined) continue
    if (uses.isUnderWay(claim.metadata.uid)) return { refusal: `resource claim ${claim.metadata.namespace}/${claim.metadata.name} is in the process of being allocated` }
    const wish = wishOf(claim, view)
    if ('refusal' in wish) return wish
    wishes.push(wish)
  }
  const bound = claims.filter(({ status }) => status.allocation?.nodeSelector !== undefined)
  const verdicts = new Map<number, Verdict>()
  const elsewhere = new Set<ResourceClaim>()
  let fault: string | undefined
  const judge = (number: number): Verdict => {
    const node = nodes.node(number)
    if (node === undefined || fault !== undefined) return refused('cannot allocate all claims')
    const away = bound.filter(({ status: { allocation } }) => allocation?.nodeSelector !== undefined && !nodeSelectorMatches(allocation.nodeSelector, node))
    const result = wishes.length === 0 ? nothingToFind : searchDevices(wishes, pools.of(node), uses)
    if (result.is === 'fault') fault = result.fault
    if (result.is !== 'found') return refused(result.is === 'none' ? result.why : 'cannot allocate all claims')
    for (const claim of away) elsewhere.add(claim)
    if (away.length > 0) return refused('resourceclaim not available on the node')
    return { is: 'fits', allocations: wishes.map((wish, at) => allocationOf(wish, result.devices[at] ?? [])) }
  }
  const verdict = (node: number): Verdict => {
    const known = verdicts.get(node)
    if (known !== undefined) return known
    const made = judge(node)
    verdicts.set(node, made)
    return made
  }
  const allocationsOn = (node: number): readonly AllocationResult[] => { const made = verdict(node); return made.is === 'fits' ? made.allocations : [] }
  return {
    refuses: (node) => verdict(node).is === 'refused',
    why: (node) => { const made = verdict(node); return made.is === 'refused' ? made.refusal : refused('cannot allocate all claims').refusal },
    fault: () => fault,
    amends: () => amends(pod, claims.filter((claim) => elsewhere.has(claim))),
    ...(wishes.some(({ requests }) => requests.some(({ alternatives }) => alternatives.length > 1)) && {
      score: (node: number) => wishes.reduce((sum, wish, at) => sum + preference(wish, allocationsOn(node)[at]), 0),
      normalise: (scores: Float64Array) => normalised(scores, 'most is best'),
    }),
    prepare: (node) => prepare(pod, claims, new Map(wishes.map(({ claim }, at) => [claim, allocationsOn(node)[at] ?? {}])), uses),
  }
}
const nothingToFind = { is: 'found', devices: [] } as const

const refusals = new Map<string, Verdict & { readonly is: 'refused' }>()
function refused(reason: string): Verdict & { readonly is: 'refused' } {
  const known = refusals.get(reason)
  if (known !== undefined) return known
  const made = { is: 'refused', refusal: { reasons: [reason], forGood: true } } as const
  refusals.set(reason, made)
  return made
}

/** As upstream: the earlier an alternative is in its list, the better. */
function preference({ requests }: ClaimWish, allocation: AllocationResult | undefined): number {
  const taken = new Set((allocation?.devices?.results ?? []).map(({ request }) => request))
  return requests.reduce((sum, { alternatives }) => sum + (alternatives.length < 2 ? 0 : alternatives.reduce((inner, { name }, at) => inner + (taken.has(name) ? alternativesMost - at : 0), 0)), 0)
}

/** Where the pod fits nowhere because a claim's devices are elsewhere, and nobody else uses them: they are given back. */
function amends(pod: Pod, claims: readonly ResourceClaim[]): { readonly said: string; readonly actions: readonly Action[] } {
  const claim = claims.find(({ status: { reservedFor = [] } }) => reservedFor.every(({ uid }) => uid === pod.metadata.uid))
  if (claim === undefined) return { said: 'still not schedulable', actions: [] }
  return {
    said: 'deallocation of ResourceClaim completed',
    actions: [{ do: 'patch', key: keyOf(resourceClaims, claim), uid: claim.metadata.uid, part: 'status', patch: { metadata: { resourceVersion: claim.metadata.resourceVersion }, status: { reservedFor: null, allocation: null, devices: null } } }],
  }
}

/** Writes allocations down and reserves every claim for the pod, in this order; devices are taken from now on. */
function prepare(pod: Pod, claims: readonly ResourceClaim[], allocations: ReadonlyMap<ResourceClaim, AllocationResult>, uses: DeviceUses): Preparation {
  const { namespace = '', name, uid } = pod.metadata
  for (const [claim, allocation] of allocations) uses.promise(claim.metadata.uid, allocation.devices?.results ?? [])
  const mine = { resource: 'pods', name, uid }
  const steps = claims.filter(({ status: { reservedFor = [] } }) => !reservedFor.some((user) => user.uid === uid)).flatMap((claim): Preparation['steps'] => {
    const allocation = allocations.get(claim)
    const { finalizers = [], resourceVersion } = claim.metadata
    const adds = allocation !== undefined && !finalizers.includes(protection)
    const reserve = (version: string | undefined): Action => ({
      do: 'patch', key: keyOf(resourceClaims, claim), uid: claim.metadata.uid, part: 'status',
      patch: { metadata: { resourceVersion: version }, status: { ...(allocation !== undefined && { allocation }), reservedFor: [...(claim.status.reservedFor ?? []), mine] } },
    })
    const called = `${namespace}/${claim.metadata.name}`
    return [
      ...(adds ? [{ action: () => finalizersPatch(resourceClaims, claim, [...finalizers, protection]), failure: `add finalizer to claim ${called}` }] : []),
      { action: (after) => reserve(adds ? after?.metadata.resourceVersion : resourceVersion), failure: `${allocation === undefined ? 'add reservation' : 'add allocation and reservation'} to claim ${called}` },
    ]
  })
  return {
    steps,
    abandon: (view) => {
      for (const claim of allocations.keys()) uses.drop(claim.metadata.uid)
      return claims.flatMap((old): readonly Action[] => {
        const claim = view.get(resourceClaims, namespace, old.metadata.name)
        const users = claim?.status.reservedFor?.filter((user) => user.uid !== uid)
        if (claim === undefined || claim.metadata.uid !== old.metadata.uid || users === undefined) return []
        // What was written down all the same counts again.
        uses.put(claim)
        return users.length === claim.status.reservedFor?.length ? [] : [{ do: 'patch', key: keyOf(resourceClaims, claim), uid: claim.metadata.uid, part: 'status', patch: { metadata: { resourceVersion: claim.metadata.resourceVersion }, status: { reservedFor: users.length > 0 ? users : null } } }]
      })
    },
  }
}
