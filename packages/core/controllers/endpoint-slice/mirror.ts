// Endpoints that somebody wrote for a Service without a selector, mirrored into EndpointSlices. Behaviour: upstream's endpointslicemirroring-controller.
import { deepEqual } from 'fast-equals'
import { type Action, type Change, type Controller, type Endpoints, endpoints, type EndpointSlice, endpointSlices, keyOf, type Plan, services, slicesByService } from '../../api/index.ts'
import type { CoreV1EndpointPort, Endpoint, EndpointAddress } from '../../api/generated/types.ts'
import { ownerReference } from '../../rules/owners.ts'
import { isTerminating } from '../../rules/pods.ts'
import { namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'
import { type Group, pack, samePorts } from './pack.ts'

const managedBy = 'endpointslicemirroring-controller.k8s.io'
const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
const serviceLabel = 'kubernetes.io/service-name'
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const notCopied = new Set(['kubectl.kubernetes.io/last-applied-configuration', 'endpoints.kubernetes.io/last-change-trigger-time'])
/** So many addresses of one subset are mirrored. */
const addressesMost = 1000

export const endpointSliceMirroringController: Controller = {
  name: 'endpointslicemirroring-controller',
  watches: [
    { resource: endpoints.resource, affected: ownKey },
    { resource: services.resource, affected: ownKey },
    { resource: endpointSlices.resource, affected: sliceKeys },
  ],
  reconcile(key, { view }): Plan {
    const [namespace, name] = namesOf(key)
    const source = view.get(endpoints, namespace, name)
    const service = view.get(services, namespace, name)
    const existing = [...view.by(slicesByService, key)].filter((slice) => isMirror(slice) && !isTerminating(slice))
    const isMirrored = source !== undefined && service !== undefined && service.spec.selector === undefined &&
      source.metadata.labels?.[skipLabel] !== 'true' && source.metadata.annotations?.[leaderAnnotation] === undefined && !isTerminating(source)
    if (!isMirrored) return existing.length === 0 ? settled : { actions: existing.map(remove) }
    const actions = ['IPv4', 'IPv6'].flatMap((family) => familyActions(source, family, existing.filter((slice) => slice.addressType === family)))
    // Told with what changes: nobody asked again otherwise.
    return { actions: actions.length === 0 ? actions : [...tooMany(source), ...actions] }
  },
}

function tooMany(source: Endpoints): readonly Action[] {
  const skipped = (source.subsets ?? []).reduce((sum, { addresses = [], notReadyAddresses = [] }) => sum + Math.max(0, addresses.length + notReadyAddresses.length - addressesMost), 0)
  return skipped === 0 ? [] : [{ do: 'record', about: source, type: 'Warning', reason: 'TooManyAddressesToMirror', message: `A max of ${addressesMost} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped` }]
}

const isMirror = (slice: EndpointSlice): boolean => slice.metadata.labels?.[managedByLabel] === managedBy
const remove = (slice: EndpointSlice): Action => ({ do: 'delete', key: keyOf(endpointSlices, slice), uid: slice.metadata.uid })

function sliceKeys(change: Change): readonly string[] {
  const names = [change.before, change.after].flatMap((slice) => (slice?.metadata.labels?.[managedByLabel] === managedBy ? [slice.metadata.labels[serviceLabel]] : []))
  return [...new Set(names.map((name) => `${change.key.namespace}/${name}`))]
}

function familyActions(source: Endpoints, family: string, existing: readonly EndpointSlice[]): readonly Action[] {
  const groups = (source.subsets ?? []).flatMap((subset): Group<readonly CoreV1EndpointPort[]>[] => {
    const all = [...(subset.addresses ?? []).map((address) => mirrored(address, true)), ...(subset.notReadyAddresses ?? []).map((address) => mirrored(address, false))].slice(0, addressesMost)
    const own = all.filter(({ addresses: [address = ''] }) => address.includes(':') === (family === 'IPv6'))
    return own.length === 0 ? [] : [{ ports: subset.ports ?? [], endpoints: own }]
  })
  const { added, kept, dropped } = pack(groups, existing)
  const { labels, annotations } = marksOf(source)
  return [
    ...added.map(({ ports, endpoints: list }): Action => ({
      do: 'create', object: {
        apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: family, endpoints: list, ports: ports ?? [],
        metadata: { generateName: `${source.metadata.name}-`, namespace: source.metadata.namespace ?? '', labels, ...(annotations && { annotations }), ownerReferences: [ownerReference(endpoints, source)] },
      },
    })),
    ...kept.flatMap(({ slice, ports, endpoints: list }): Action[] => {
      const same = deepEqual(slice.endpoints ?? [], list) && samePorts(slice.ports, ports) && deepEqual(slice.metadata.labels, labels) && deepEqual(slice.metadata.annotations, annotations)
      const { annotations: _before, ...metadata } = slice.metadata
      return same ? [] : [{ do: 'replace', part: 'main', object: { ...slice, metadata: { ...metadata, labels, ...(annotations && { annotations }) }, endpoints: list, ports: ports ?? [] } as EndpointSlice }]
    }),
    ...dropped.map(remove),
  ]
}

const mirrored = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint =>
  ({ addresses: [ip], conditions: { ready }, ...(hostname && { hostname }), ...(nodeName && { nodeName }), ...(targetRef && { targetRef }) })

function marksOf(source: Endpoints): { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> | undefined } {
  const copied = Object.entries(source.metadata.annotations ?? {}).filter(([name]) => !notCopied.has(name))
  return { labels: { ...source.metadata.labels, [serviceLabel]: source.metadata.name, [managedByLabel]: managedBy }, annotations: copied.length > 0 ? Object.fromEntries(copied) : undefined }
}
