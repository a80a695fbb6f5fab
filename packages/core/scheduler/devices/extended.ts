// Extended resources that classes of devices stand for: a pod asks for example.com/gpu, and gets a claim for it. Behaviour: upstream's DynamicResources plugin.
import type { Container, ContainerExtendedResourceRequest, DeviceRequest } from '../../api/generated/types.ts'
import { byOwner } from '../../api/indexes.ts'
import { type DeviceClass, deviceClasses, type Node, type Pod, pods, type ResourceClaim, resourceClaims } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { wholeValue } from '../../base/quantity.ts'
import { isOf } from '../../rules/changes.ts'
import { generatedName } from '../../rules/names.ts'
import { ownerReference } from '../../rules/owners.ts'

/** Every class may be asked for by such a resource too. */
const implicitPrefix = 'deviceclass.resource.kubernetes.io/'
const mark = 'resource.kubernetes.io/extended-resource-claim'

/** The class that stands for an extended resource; of several, as upstream, the one that was made last. */
function classBehind(resource: string, view: ClusterView): DeviceClass | undefined {
  if (resource.startsWith(implicitPrefix)) return view.get(deviceClasses, '', resource.slice(implicitPrefix.length))
  let found: DeviceClass | undefined
  for (const each of view.list(deviceClasses)) {
    if (each.spec.extendedResourceName === resource && (found === undefined || (each.metadata.creationTimestamp ?? '') > (found.metadata.creationTimestamp ?? ''))) found = each
  }
  return found
}

/** Does the node itself have the resource, by a device plugin? Then no class stands for it there. */
export const nodeHas = (node: Node, resource: string): boolean => node.status?.allocatable?.[resource] !== undefined

/** The resources of a pod that classes stand for. Costs nothing where there are no classes. */
export function resourcesBehindClasses(pod: Pod, view: ClusterView): ReadonlyMap<string, DeviceClass> {
  if (view.count(deviceClasses) === 0) return noResources
  const found = new Map<string, DeviceClass>()
  for (const container of containersOf(pod)) for (const resource in container.resources?.requests) {
    const behind = resource.includes('/') && !found.has(resource) ? classBehind(resource, view) : undefined
    if (behind !== undefined) found.set(resource, behind)
  }
  return found
}

const noResources: ReadonlyMap<string, DeviceClass> = new Map()
const containersOf = ({ spec }: Pod): readonly Container[] => [...(spec.initContainers ?? []), ...spec.containers]

/** The claim that was made for a pod's extended resources. */
export function extendedClaimOf(pod: Pod, view: ClusterView): ResourceClaim | undefined {
  for (const object of view.by(byOwner, pod.metadata.uid)) if (isOf(resourceClaims, object) && object.metadata.annotations?.[mark] === 'true') return object
  return undefined
}

export interface ExtendedClaim { readonly claim: ResourceClaim; readonly mappings: readonly ContainerExtendedResourceRequest[] }

/**
 * The claim that a pod needs for some resources, not made yet, and which container has which of its requests. What init containers need they share with those
 * that run later.
 */
export function extendedClaim(pod: Pod, resources: ReadonlyMap<string, DeviceClass>, view: ClusterView): ExtendedClaim {
  const requests: DeviceRequest[] = []
  const mappings: ContainerExtendedResourceRequest[] = []
  const made = new Map<string, { readonly name: string; readonly count: number }[]>()
  const all = containersOf(pod)
  const ask = (at: number, container: Container, resource: string, deviceClassName: string, count: number): void => {
    const name = `container-${at}-request-${requests.filter((each) => each.name.startsWith(`container-${at}-`)).length}`
    requests.push({ name, exactly: { deviceClassName, allocationMode: 'ExactCount', count } })
    made.set(resource, [...(made.get(resource) ?? []), { name, count }])
    mappings.push({ containerName: container.name, resourceName: resource, requestName: name })
  }
  const each = (passes: (container: Container) => boolean, give: (at: number, container: Container, resource: string, className: string, count: number) => void): void => {
    all.forEach((container, at) => {
      if (!passes(container)) return
      for (const resource of Object.keys(container.resources?.requests ?? {}).sort()) {
        const behind = resources.get(resource)
        const count = wholeValue(String(container.resources?.requests?.[resource] ?? '0'))
        if (behind !== undefined && count > 0) give(at, container, resource, behind.metadata.name, count)
      }
    })
  }
  const isBrief = (container: Container): boolean => pod.spec.initContainers?.includes(container) === true && container.restartPolicy !== 'Always'
  each((container) => !isBrief(container), ask)
  each(isBrief, (at, container, resource, className, count) => {
    let missing = count
    for (const { name, count: there } of made.get(resource) ?? []) {
      if (missing <= 0) break
      mappings.push({ containerName: container.name, resourceName: resource, requestName: name })
      missing -= there
    }
    if (missing > 0) ask(at, container, resource, className, missing)
  })
  const { namespace = '', name, uid } = pod.metadata
  const prefix = `${name}-extended-resources-`
  const claim: unknown = {
    apiVersion: 'resource.k8s.io/v1', kind: resourceClaims.kind,
    metadata: {
      name: generatedName(prefix, (one) => view.get(resourceClaims, namespace, one) !== undefined, uid, 'extended resources'), generateName: prefix, namespace, uid: '',
      annotations: { [mark]: 'true' }, ownerReferences: [ownerReference(pods, pod)],
    },
    spec: { devices: { requests } }, status: {},
  }
  return { claim: claim as ResourceClaim, mappings }
}
