// What the devices that were found are written down as: status.allocation of a claim. Behaviour: upstream's structured allocator.
import type { AllocationResult, DeviceAllocationConfiguration, DeviceSubRequest, ExactDeviceRequest, NodeSelector, NodeSelectorRequirement } from '../../api/generated/types.ts'
import { type DeviceClass, deviceClasses, type ResourceClaim } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Alternative, ClaimWish, FoundDevice } from './search.ts'
import { consumedOf, shareIdOf } from './shares.ts'

/** A claim's wishes, or why they cannot be fulfilled whatever the node. */
export function wishOf(claim: ResourceClaim, view: ClusterView): ClaimWish | { readonly refusal: string } {
  const requests: { readonly name: string; readonly alternatives: readonly Alternative[] }[] = []
  for (const { name, exactly, firstAvailable = [] } of claim.spec.devices?.requests ?? []) {
    if (exactly === undefined && firstAvailable.length === 0) return { refusal: `resource claim ${claim.metadata.namespace}/${claim.metadata.name}, request ${name}: unknown request type` }
    const alternatives: Alternative[] = []
    for (const [reference, wanted, adminAccess] of exactly !== undefined ? [[name, exactly, exactly.adminAccess === true] as const] : firstAvailable.map((each) => [`${name}/${each.name}`, each, false] as const)) {
      const deviceClass = view.get(deviceClasses, '', wanted.deviceClassName)
      if (deviceClass === undefined) return { refusal: `request ${reference}: device class ${wanted.deviceClassName} does not exist` }
      alternatives.push(alternativeOf(reference, wanted, deviceClass, adminAccess))
    }
    requests.push({ name, alternatives })
  }
  return { claim, requests }
}

const alternativeOf = (name: string, { selectors = [], allocationMode, count = 1, tolerations = [], capacity }: ExactDeviceRequest | DeviceSubRequest, deviceClass: DeviceClass, adminAccess: boolean): Alternative =>
  ({ name, deviceClass, selectors, mode: allocationMode === 'All' ? 'All' : 'ExactCount', count, adminAccess, tolerations, capacity: capacity?.requests ?? {} })

/** What is written into the claim on a node: its devices, how they are set up, and where they can be used. */
export function allocationOf({ claim, requests }: ClaimWish, found: readonly FoundDevice[], nodeName: string): AllocationResult {
  const chosen = requests.flatMap(({ alternatives }) => { const taken = alternatives.length === 1 ? alternatives[0] : alternatives.find((each) => found.some(({ alternative }) => alternative === each)); return taken === undefined ? [] : [taken] })
  const config = [...classConfiguration(chosen), ...claimConfiguration(claim, chosen)]
  const nodeSelector = found.some(({ pooled: { device } }) => device.bindsToNode === true) ? onlyOn(nodeName) : selectorOf(found)
  return {
    devices: {
      results: found.map(({ pooled: { device, pool }, alternative: { name, adminAccess, tolerations }, shares }, at) => ({
        request: name, driver: pool.driver, pool: pool.name, device: device.name, ...(adminAccess && { adminAccess }), ...(tolerations.length > 0 && { tolerations }),
        ...(device.bindingConditions !== undefined && { bindingConditions: device.bindingConditions }), ...(device.bindingFailureConditions !== undefined && { bindingFailureConditions: device.bindingFailureConditions }),
        ...(shares !== undefined && { shareID: shareIdOf(claim.metadata.uid || claim.metadata.name, at), consumedCapacity: consumedOf(device, shares) }),
      })),
      ...(config.length > 0 && { config }),
    },
    ...(nodeSelector !== undefined && { nodeSelector }),
  }
}

/** Each class is asked once, and its configuration is for all requests that name it. */
function classConfiguration(chosen: readonly Alternative[]): readonly DeviceAllocationConfiguration[] {
  const byClass = new Map<DeviceClass, string[]>()
  for (const { deviceClass, name } of chosen) byClass.set(deviceClass, [...(byClass.get(deviceClass) ?? []), name])
  return [...byClass].flatMap(([deviceClass, requests]) => (deviceClass.spec.config ?? []).map((config) => ({ source: 'FromClass', requests, ...config })))
}

/** A claim's own configuration, where it is for all or for a request that was fulfilled as it says; once for each such request, as upstream. */
function claimConfiguration(claim: ResourceClaim, chosen: readonly Alternative[]): readonly DeviceAllocationConfiguration[] {
  return (claim.spec.devices?.config ?? []).flatMap((config) => {
    const { requests = [] } = config
    const written: DeviceAllocationConfiguration = { source: 'FromClaim', ...config }
    return requests.length === 0 ? [written] : chosen.filter(({ name }) => requests.includes(name) || requests.includes(name.slice(0, name.indexOf('/') + 1 ? name.indexOf('/') : name.length))).map(() => written)
  })
}

const onlyOn = (nodeName: string): NodeSelector => ({ nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }] })

/** One device of one node binds the claim to that node; selectors of devices add up; none: everywhere. */
function selectorOf(found: readonly FoundDevice[]): NodeSelector | undefined {
  const fields: NodeSelectorRequirement[] = []
  const expressions: NodeSelectorRequirement[] = []
  for (const { pooled: { reach: { nodeName, nodeSelector } } } of found) {
    if (nodeName !== undefined) return onlyOn(nodeName)
    const [term] = nodeSelector?.nodeSelectorTerms ?? []
    addNew(fields, term?.matchFields)
    addNew(expressions, term?.matchExpressions)
  }
  if (fields.length === 0 && expressions.length === 0) return undefined
  return { nodeSelectorTerms: [{ ...(expressions.length > 0 && { matchExpressions: expressions }), ...(fields.length > 0 && { matchFields: fields }) }] }
}

function addNew(to: NodeSelectorRequirement[], from: readonly NodeSelectorRequirement[] = []): void {
  for (const requirement of from) if (!to.some((other) => sameRequirement(other, requirement))) to.push(requirement)
}
const sameRequirement = (a: NodeSelectorRequirement, b: NodeSelectorRequirement): boolean => a.key === b.key && a.operator === b.operator && JSON.stringify([...(a.values ?? [])].sort()) === JSON.stringify([...(b.values ?? [])].sort())
