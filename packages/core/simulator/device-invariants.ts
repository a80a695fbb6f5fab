import { type Pod, pods, type ResourceClaim, resourceClaims, type ClusterView } from '../api/index.ts'
import { Broken } from './broken.ts'
import { isOver } from './rules.ts'

const protection = 'resource.kubernetes.io/delete-protection'
export const deviceDriver = 'gpu.example.com'
export const deviceTemplate = 'one-gpu'

/** The objects by which pods of a namespace may ask for a device. */
export const deviceClass = { metadata: { name: 'gpu' }, spec: { selectors: [{ cel: { expression: `device.driver == '${deviceDriver}'` } }] } }
export const deviceClaimTemplate = { metadata: { name: deviceTemplate }, spec: { spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } } } }

/** Who has which device, kept from changes of claims. */
export class DeviceInvariants {
  readonly #holders = new Map<string, string>()

  claimGoesOn(before: ResourceClaim | undefined, after: ResourceClaim | undefined): void {
    for (const device of devicesOf(before)) if (this.#holders.get(device) === before?.metadata.uid) this.#holders.delete(device)
    if (after === undefined) return
    for (const device of devicesOf(after)) {
      const holder = this.#holders.get(device)
      if (holder !== undefined) throw new Broken('a device belongs to one claim', `${device} to ${after.metadata.name} and to ${holder}`)
      this.#holders.set(device, after.metadata.uid)
    }
    if (after.status?.allocation !== undefined && after.metadata.finalizers?.includes(protection) !== true) throw new Broken('an allocated claim is kept from deletion', after.metadata.name)
  }
}

const devicesOf = (claim: ResourceClaim | undefined): readonly string[] => (claim?.status?.allocation?.devices?.results ?? []).map(({ driver, pool, device }) => `${driver}/${pool}/${device}`)

/** A pod runs where its devices are, and they are reserved for it. */
export function podRunsOnDevices(view: ClusterView, { metadata: { uid, name, namespace = '' }, spec, status }: Pod): void {
  for (const asked of spec.resourceClaims ?? []) {
    const claimName = asked.resourceClaimName ?? status.resourceClaimStatuses?.find((each) => each.name === asked.name)?.resourceClaimName ?? ''
    const claim = view.get(resourceClaims, namespace, claimName)
    if (claim?.status.reservedFor?.some((user) => user.uid === uid) !== true) throw new Broken('a pod runs on claims that are reserved for it', `${name} on ${claimName}, which is for ${JSON.stringify(claim?.status.reservedFor)}`)
    const elsewhere = claim.status.allocation?.devices?.results?.find(({ pool }) => pool !== spec.nodeName)
    if (elsewhere !== undefined) throw new Broken('a pod runs where its devices are', `${name} on ${spec.nodeName}, with ${elsewhere.device} of ${elsewhere.pool}`)
  }
}

/** Claims that nobody needs any more, in a cluster that had time. */
export function* leftClaims(view: ClusterView): Iterable<string> {
  for (const { metadata: { name, namespace = '', ownerReferences = [] }, status } of view.list(resourceClaims)) {
    const isNeeded = (pod: Pod | undefined, uid: string): boolean => pod?.metadata.uid === uid && !isOver(pod)
    for (const owner of ownerReferences) if (!isNeeded(view.get(pods, namespace, owner.name), owner.uid)) yield `ResourceClaim ${name} is left of pod ${owner.name}`
    for (const user of status.reservedFor ?? []) if (!isNeeded(view.get(pods, namespace, user.name), user.uid)) yield `ResourceClaim ${name} is reserved for ${user.name}, which is no more`
  }
}
