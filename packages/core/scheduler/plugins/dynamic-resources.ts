// Devices for pods: claims are allocated where their devices are, and reserved for the pod before it is bound. Behaviour: upstream's DynamicResources plugin.
import type { Action } from '../../api/action.ts'
import type { AllocationResult } from '../../api/generated/types.ts'
import { type Draft, keyOf } from '../../api/resource.ts'
import { deviceClasses, deviceTaintRules, type DeviceTaintRule, type Node, nodes as nodeType, type Pod, pods, type ResourceClaim, resourceClaims, resourceSlices, type ResourceSlice } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { nodeSelectorMatches } from '../../rules/node-selectors.ts'
import { finalizersPatch, isControlledBy } from '../../rules/owners.ts'
import { timestamp } from '../../rules/time.ts'
import { claimNameOf } from '../../rules/pod-references.ts'
import { isTerminating } from '../../rules/pods.ts'
import { allocationOf, wishOf } from '../devices/allocation.ts'
import { bindingMostMs, hasBindingConditions, isLost, isTimedOut, mustBeReady, readinessOf } from '../devices/binding-conditions.ts'
import { DeviceChanges } from '../devices/changes.ts'
import { type ExtendedClaim, extendedClaim, extendedClaimOf, nodeHas, resourcesBehindClasses } from '../devices/extended.ts'
import { DevicePools, poolIdOf } from '../devices/pools.ts'
import { type ClaimWish, type Found, searchDevices } from '../devices/search.ts'
import { DeviceUses } from '../devices/uses.ts'
import { normalised } from '../normalise.ts'
import { Remembered } from '../remembered.ts'
import { type Hopeless, type NodeRefusal, nodeSides, type PluginState, podSides, type Preparation, type SchedulerPlugin, type Study, type Surroundings } from '../types.ts'

const protection = 'resource.kubernetes.io/delete-protection'
const alternativesMost = 8
/** So many sorts of claims are remembered. */
const kindsMax = 64

export const dynamicResources: SchedulerPlugin = {
  name: 'DynamicResources', weight: 2, fixed: 'by more',
  start: (surroundings) => stateOf(surroundings),
}

/** What drivers offer, and what of it is taken. */
interface Devices { readonly pools: DevicePools; readonly uses: DeviceUses; readonly deviceChanges: DeviceChanges; /** Why there are no devices; '' where there are. */ readonly verdicts: Remembered<string> }

function stateOf(surroundings: Surroundings): PluginState {
  const { view } = surroundings
  const [pools, deviceChanges] = [new DevicePools(), new DeviceChanges()]
  const devices: Devices = { pools, deviceChanges, verdicts: new Remembered(kindsMax), uses: new DeviceUses((pool) => deviceChanges.touch(pools.nodesOf(pool))) }
  for (const rule of view.list(deviceTaintRules)) devices.pools.putRule(rule.metadata.name, rule)
  for (const slice of view.list(resourceSlices)) devices.pools.putSlice(slice.metadata.name, slice)
  for (const claim of view.list(resourceClaims)) devices.uses.put(claim)
  return {
    changed: (change) => follow(change, devices),
    holds: (pod) => pod.spec.resourceClaims !== undefined && 'refusal' in claimsOf(pod, view),
    study: (pod) => study(pod, surroundings, devices),
    concerns,
    wakes: (pod, change) => wakes(pod, change, view),
  }
}

function follow({ key: { resource, name }, before, after }: Change, { pools, uses, deviceChanges }: Devices): void {
  if (resource === resourceSlices.resource) {
    // A slice decides about all of its pool: whether that is complete, and of which generation.
    const ids = [before, after].flatMap((slice) => (slice === undefined ? [] : [poolIdOf(slice as ResourceSlice)]))
    for (const id of ids) deviceChanges.touch(pools.nodesOf(id))
    pools.putSlice(name, after as ResourceSlice | undefined)
    for (const id of ids) deviceChanges.touch(pools.nodesOf(id))
  }
  else if (resource === deviceTaintRules.resource) {
    // Its status says nothing about devices.
    if ((before as DeviceTaintRule | undefined)?.spec !== (after as DeviceTaintRule | undefined)?.spec) { pools.putRule(name, after as DeviceTaintRule | undefined); deviceChanges.touch(undefined) }
  } else if (resource === resourceClaims.resource) {
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid) uses.drop(before.metadata.uid)
    if (after !== undefined) uses.put(after as ResourceClaim)
  }
}

/** As upstream's hints: the pod's own claims and names, devices that became free, and whatever may change what is offered where. */
function concerns(change: Change): boolean {
  switch (change.key.resource) {
    case pods.resource: {
      const { before, after } = podSides(change)
      return after !== undefined && before?.status.resourceClaimStatuses !== after.status.resourceClaimStatuses
    }
    case nodeType.resource: {
      const { before, after } = nodeSides(change)
      return after !== undefined && (before === undefined || JSON.stringify([before.metadata.labels, before.spec.taints]) !== JSON.stringify([after.metadata.labels, after.spec.taints]))
    }
    case resourceClaims.resource: {
      const { before, after } = claimSides(change)
      return isFreed(change) || (after !== undefined && before?.status !== after.status)
    }
    case deviceTaintRules.resource: return true
    case deviceClasses.resource: case resourceSlices.resource: return change.after !== undefined
    default: return false
  }
}

/** Does a change that concerns some pod let this one go on? */
function wakes(pod: Pod, change: Change, view: ClusterView): boolean {
  const { resource } = change.key
  if (resource === pods.resource) return change.after?.metadata.uid === pod.metadata.uid && !('refusal' in claimsOf(pod, view))
  if (resource !== resourceClaims.resource) return true
  const claims = claimsOf(pod, view)
  return !('refusal' in claims) && (isFreed(change) || claims.claims.some(({ metadata }) => metadata.uid === change.after?.metadata.uid))
}

const claimSides = (change: Change): { readonly before: ResourceClaim | undefined; readonly after: ResourceClaim | undefined } =>
  ({ before: change.before as ResourceClaim | undefined, after: change.after as ResourceClaim | undefined })
const isFreed = (change: Change): boolean => { const { before, after } = claimSides(change); return before?.status?.allocation !== undefined && after?.status?.allocation === undefined }

/** The pod's claims, or why they are not all there. */
function claimsOf(pod: Pod, view: ClusterView): { readonly claims: readonly ResourceClaim[] } | Hopeless {
  const { namespace = '', name } = pod.metadata
  const claims: ResourceClaim[] = []
  for (const asked of pod.spec.resourceClaims ?? []) {
    const claimName = claimNameOf(pod, asked)
    if (claimName === undefined) return { refusal: `pod "${namespace}/${name}": ResourceClaim not created yet` }
    // As upstream: there may be a reason why no claim was made for it.
    if (claimName === '') continue
    const claim = view.get(resourceClaims, namespace, claimName)
    if (claim === undefined) return { refusal: `could not find ResourceClaim "${namespace}/${claimName}"` }
    if (isTerminating(claim)) return { refusal: `resourceclaim "${claimName}" is being deleted` }
    if (asked.resourceClaimName === undefined && !isControlledBy(claim, pod)) return { refusal: `ResourceClaim ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not owner)` }
    claims.push(claim)
  }
  return { claims }
}

type Verdict = { readonly is: 'fits'; readonly devices: Found; readonly extra?: ExtendedWish } | { readonly is: 'refused'; readonly refusal: NodeRefusal }

/** A claim for extended resources that is made when the pod is bound. */
interface ExtendedGift extends ExtendedClaim { readonly allocation: AllocationResult }
interface ExtendedWish { readonly extended: ExtendedClaim; readonly wish: ClaimWish }

function study(pod: Pod, { nodes, view, now }: Surroundings, { pools, uses, deviceChanges, verdicts: remembered }: Devices): Study | Hopeless | undefined {
  const resources = resourcesBehindClasses(pod, view)
  if (resources.size === 0 && (pod.spec.resourceClaims ?? []).length === 0) return undefined
  const found = claimsOf(pod, view)
  if ('refusal' in found) return found
  // One that an attempt before has left is used.
  const left = resources.size === 0 ? undefined : extendedClaimOf(pod, view)
  const claims = left === undefined ? found.claims : [...found.claims, left]
  if (claims.length === 0 && resources.size === 0) return undefined
  const wishes: ClaimWish[] = []
  for (const claim of claims) {
    if (claim.status.allocation !== undefined) continue
    if (uses.isUnderWay(claim.metadata.uid)) return { refusal: `resource claim ${claim.metadata.namespace}/${claim.metadata.name} is in the process of being allocated` }
    const wish = wishOf(claim, view)
    if ('refusal' in wish) return wish
    wishes.push(wish)
  }
  /** Those that may be of no use on a node. */
  const bound = claims.filter((claim) => claim.status.allocation?.nodeSelector !== undefined || hasBindingConditions(claim))
  const at = now()
  const lost = new Set(bound.filter((claim) => isLost(claim, at)))
  const verdicts = new Map<number, Verdict>()
  const elsewhere = new Set<ResourceClaim>()
  let fault: string | undefined
  const extendedWishes = new Map<string, ExtendedWish | undefined>()
  /** What has to be claimed on a node for the pod's extended resources: nothing where the node has them itself. */
  const extendedOn = (node: Node): ExtendedWish | undefined => {
    const lacking = left !== undefined ? [] : [...resources].filter(([resource]) => !nodeHas(node, resource))
    const key = lacking.map(([resource]) => resource).join()
    if (lacking.length === 0 || extendedWishes.has(key)) return extendedWishes.get(key)
    const extended = extendedClaim(pod, new Map(lacking), view)
    const wish = wishOf(extended.claim, view)
    const made = 'refusal' in wish ? undefined : { extended, wish }
    extendedWishes.set(key, made)
    return made
  }
  const judge = (number: number): Verdict => {
    const node = nodes.node(number)
    if (node === undefined || fault !== undefined) return refused('cannot allocate all claims')
    const away = bound.filter((claim) => { const { allocation } = claim.status; return lost.has(claim) || (allocation?.nodeSelector !== undefined && !nodeSelectorMatches(allocation.nodeSelector, node)) })
    const extra = resources.size === 0 ? undefined : extendedOn(node)
    const all = extra === undefined ? wishes : [...wishes, extra.wish]
    const result = all.length === 0 ? nothingToFind : searchDevices(all, pools.of(node), uses)
    if (result.is === 'fault') fault = result.fault
    if (result.is !== 'found') return refused(result.is === 'none' ? result.why : 'cannot allocate all claims')
    for (const claim of away) elsewhere.add(claim)
    if (away.length > 0) return refused('resourceclaim not available on the node')
    return { is: 'fits', devices: result.devices, ...(extra !== undefined && { extra }) }
  }
  const verdict = (node: number): Verdict => {
    const known = verdicts.get(node)
    if (known !== undefined) return known
    const made = judge(node)
    verdicts.set(node, made)
    return made
  }
  const allocationsOn = (node: number): readonly AllocationResult[] => { const made = verdict(node); return made.is === 'fits' ? wishes.map((wish, at) => allocationOf(wish, made.devices[at] ?? [], nodes.nameOf(node))) : [] }
  // Claims that are alike find the same devices where nothing has changed since.
  const kind = bound.length > 0 || resources.size > 0 || wishes.length === 0 ? undefined : remembered.of(kindOf(wishes))
  /** Two counts in one number, not their sum: a number is given to another node when its own has gone, and that one's devices have changed less. */
  const stampOf = (node: number): number => nodes.version(node) * deviceChangesMost + deviceChanges.of(nodes.nameOf(node))
  const refuses = (node: number): boolean => {
    if (kind === undefined) return verdict(node).is === 'refused'
    const stamp = stampOf(node)
    const known = kind.get(node, stamp)
    if (known !== undefined) return known !== ''
    const made = verdict(node)
    if (fault === undefined) kind.set(node, stamp, made.is === 'fits' ? '' : made.refusal.reasons[0] ?? '')
    return made.is === 'refused'
  }
  return {
    refuses,
    why: (node) => {
      const known = kind?.get(node, stampOf(node)) ?? ''
      if (known !== '') return refused(known).refusal
      const made = verdict(node)
      return made.is === 'refused' ? made.refusal : refused('cannot allocate all claims').refusal
    },
    fault: () => fault,
    amends: () => amends(pod, claims.filter((claim) => elsewhere.has(claim))),
    ...(wishes.some(({ requests }) => requests.some(({ alternatives }) => alternatives.length > 1)) && {
      score: (node: number) => { const allocations = allocationsOn(node); return wishes.reduce((sum, wish, at) => sum + preference(wish, allocations[at]), 0) },
      normalise: (scores: Float64Array) => normalised(scores, 'most is best'),
    }),
    prepare: (node) => {
      const made = verdict(node)
      const around: Preparing = { uses, now: at, nodeName: nodes.nameOf(node), current: now }
      const allocations = allocationsOn(node)
      const gift = made.is === 'fits' && made.extra !== undefined ? { ...made.extra.extended, allocation: allocationOf(made.extra.wish, made.devices[wishes.length] ?? [], around.nodeName) } : undefined
      const own = prepare(pod, claims, new Map(wishes.map(({ claim }, each) => [claim, allocations[each] ?? {}])), around)
      const told = left !== undefined && pod.status.extendedResourceClaimStatus === undefined ? [tell(pod, left.metadata.name, extendedClaim(pod, resources, view).mappings)] : []
      return gift === undefined ? { ...own, steps: [...own.steps, ...told] } : withExtended(pod, gift, own, around)
    },
  }
}
/** More than a node's devices ever change. */
const deviceChangesMost = 2 ** 22
const nothingToFind = { is: 'found', devices: [] } as const

/** What decides which devices will do. Classes may change: their versions are part of it. */
const kindOf = (wishes: readonly ClaimWish[]): string =>
  JSON.stringify(wishes.map(({ claim, requests }) => [claim.spec.devices?.requests, claim.spec.devices?.constraints, requests.map(({ alternatives }) => alternatives.map(({ deviceClass: { metadata } }) => [metadata.uid, metadata.resourceVersion]))]))

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

/** The pod learns which claim its extended resources come from. */
const tell = (pod: Pod, resourceClaimName: string, requestMappings: ExtendedClaim['mappings']): Preparation['steps'][number] => ({
  action: () => ({ do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'status', patch: { status: { extendedResourceClaimStatus: { resourceClaimName, requestMappings } } } }),
  failure: `update pod ${pod.metadata.namespace}/${pod.metadata.name} ExtendedResourceClaimStatus`,
})

/** Makes the claim for extended resources, gives it its devices and tells the pod; a pod that is not bound leaves none behind. */
function withExtended(pod: Pod, { claim, mappings, allocation: given }: ExtendedGift, own: Preparation, around: Preparing): Preparation {
  const { uses, now } = around
  const allocation = { ...given, allocationTimestamp: timestamp(now) }
  const { namespace = '', name, uid } = pod.metadata
  const { status: _status, metadata: { uid: _uid, ...metadata }, ...rest } = claim
  const key = keyOf(resourceClaims, claim)
  let made: string | undefined
  return {
    steps: [
      ...own.steps,
      { action: () => ({ do: 'create', object: { ...rest, metadata: { ...metadata, finalizers: [protection] } } as Draft }), failure: `create claim for extended resources ${namespace}/${claim.metadata.name}` },
      {
        action: (after) => {
          made = after?.metadata.uid ?? ''
          uses.promise(made, allocation.devices?.results ?? [])
          return { do: 'patch', key, uid: made, part: 'status', patch: { metadata: { resourceVersion: after?.metadata.resourceVersion }, status: { allocation, reservedFor: [{ resource: 'pods', name, uid }] } } }
        },
        failure: `add allocation and reservation to claim ${namespace}/${claim.metadata.name}`,
      },
      tell(pod, claim.metadata.name, mappings),
    ],
    ...(own.waits === undefined ? waitsFor(namespace, [claim.metadata.name], [given], around) : { waits: own.waits }),
    abandon: (view) => {
      const before = own.abandon(view)
      if (made === undefined) return before
      uses.drop(made)
      return [
        ...before, { do: 'patch', key, uid: made, part: 'status', patch: { status: { allocation: null, reservedFor: null } } },
        { do: 'patch', key, uid: made, part: 'main', patch: { metadata: { finalizers: null } } }, { do: 'delete', key, uid: made },
      ]
    },
  }
}

/** Where and when a pod is prepared. */
interface Preparing { readonly uses: DeviceUses; readonly now: Instant; readonly nodeName: string; current(): Instant }

/** The wait for claims whose devices have to be made ready, if there are such. */
function waitsFor(namespace: string, names: readonly string[], allocations: readonly AllocationResult[], { nodeName, current }: Preparing): Pick<Preparation, 'waits'> {
  if (!allocations.some(({ devices }) => mustBeReady(devices?.results ?? []))) return {}
  return {
    waits: {
      said: { reason: 'BindingConditionsPending', message: `waiting for binding conditions for device on node ${nodeName}` }, mostMs: bindingMostMs,
      state: (view) => {
        for (const name of names) {
          const claim = view.get(resourceClaims, namespace, name)
          if (claim === undefined) return { fault: `resourceclaim.resource.k8s.io ${JSON.stringify(name)} not found` }
          const readiness = readinessOf(claim)
          if (readiness !== 'ready') return readiness === 'waiting' && isTimedOut(claim, current()) ? { fault: `claim ${name} binding timeout` } : readiness
        }
        return 'ready'
      },
    },
  }
}

/** Writes allocations down and reserves every claim for the pod, in this order; devices are taken from now on. */
function prepare(pod: Pod, claims: readonly ResourceClaim[], allocations: ReadonlyMap<ResourceClaim, AllocationResult>, around: Preparing): Preparation {
  const { uses, now } = around
  const { namespace = '', name, uid } = pod.metadata
  for (const [claim, allocation] of allocations) uses.promise(claim.metadata.uid, allocation.devices?.results ?? [])
  const mine = { resource: 'pods', name, uid }
  const steps = claims.filter(({ status: { reservedFor = [] } }) => !reservedFor.some((user) => user.uid === uid)).flatMap((claim): Preparation['steps'] => {
    const allocation = allocations.get(claim)
    const { finalizers = [], resourceVersion } = claim.metadata
    const adds = allocation !== undefined && !finalizers.includes(protection)
    const reserve = (version: string | undefined): Action => ({
      do: 'patch', key: keyOf(resourceClaims, claim), uid: claim.metadata.uid, part: 'status',
      patch: { metadata: { resourceVersion: version }, status: { ...(allocation !== undefined && { allocation: { ...allocation, allocationTimestamp: timestamp(now) } }), reservedFor: [...(claim.status.reservedFor ?? []), mine] } },
    })
    const called = `${namespace}/${claim.metadata.name}`
    return [
      ...(adds ? [{ action: () => finalizersPatch(resourceClaims, claim, [...finalizers, protection]), failure: `add finalizer to claim ${called}` }] : []),
      { action: (after) => reserve(adds ? after?.metadata.resourceVersion : resourceVersion), failure: `${allocation === undefined ? 'add reservation' : 'add allocation and reservation'} to claim ${called}` },
    ]
  })
  return {
    steps,
    ...waitsFor(namespace, claims.map(({ metadata }) => metadata.name), claims.map((claim) => allocations.get(claim) ?? claim.status.allocation ?? {}), around),
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
