// EndpointSlices of Services with a selector. Behaviour: kube-controller-manager's endpointslice-controller.
import { deepEqual } from 'fast-equals'
import {
  type Action, type ClusterView, type Controller, type Draft, type EndpointSlice, endpointSlices, keyOf, nodes, type Plan, type Pod, pods, type Service, services, servicesWithZoneHints, slicesByService, wantsZoneHints,
} from '../../api/index.ts'
import type { Endpoint, EndpointHints } from '../../api/generated/types.ts'
import { objectKey, sidesOf, splitKey } from '../../rules/changes.ts'
import { belongs, changedService, endpointHostname, type FoundPort, portsIn, selectedPods, servicesBehindPod } from '../../rules/service-endpoints.ts'
import { ownerReference } from '../../rules/owners.ts'
import { isReady, isTerminating } from '../../rules/pods.ts'
import { triggered, type Triggers, withTrigger } from '../trigger-time.ts'
import { pack, samePorts } from './pack.ts'
import { capacityOf, hinted, shares, zoneLabel } from './topology.ts'

const managedBy = 'endpointslice-controller.k8s.io'
const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
const serviceLabel = 'kubernetes.io/service-name'
const headlessLabel = 'service.kubernetes.io/headless'

/** What was noted of changes, and what was said last of hints, for each family of addresses. */
interface Memory { readonly triggers: Triggers; readonly told?: Readonly<Record<string, string>> }

export const endpointSliceController: Controller<Memory> = {
  name: 'endpointslice-controller',
  watches: [
    { resource: services.resource, affected: changedService },
    { resource: pods.resource, affected: servicesBehindPod },
    { resource: nodes.resource, affected: (change, view) => { const sides = sidesOf(nodes, change); return capacityOf(sides?.before) === capacityOf(sides?.after) ? [] : [...view.by(servicesWithZoneHints, '')].map(objectKey) } },
    {
      resource: endpointSlices.resource,
      affected: (change) => {
        const sides = sidesOf(endpointSlices, change)
        return [...new Set([sides?.before, sides?.after].flatMap((slice) => (slice !== undefined && isOurs(slice) ? [`${slice.metadata.namespace}/${slice.metadata.labels?.[serviceLabel]}`] : [])))]
      },
    },
  ],
  reconcile(key, { view, memory }): Plan<Memory> {
    const { namespace, name } = splitKey(key)
    const service = view.get(services, namespace, name)
    // Slices of a Service that is gone are the garbage collector's.
    if (service === undefined || isTerminating(service)) return { actions: [] }
    if (service.spec.selector === undefined || service.spec.type === 'ExternalName') return { actions: [] }
    const selected = selectedPods(view, service)
    const { at, triggers } = triggered(service, selected, memory?.triggers)
    const families = familiesOf(service).map((family) => ({ family, ...familyPlan({ view, service, selected, at }, family, memory?.told?.[family]) }))
    const told = families.flatMap(({ family, told }) => (told === undefined ? [] : [[family, told] as const]))
    return { actions: [...families.flatMap(({ actions }) => actions), ...ofOtherFamilies(view, service)], memory: { triggers, ...(told.length > 0 && { told: Object.fromEntries(told) }) } }
  },
}

const isOurs = (slice: EndpointSlice): boolean => slice.metadata.labels?.[managedByLabel] === managedBy

const familiesOf = (service: Service): readonly string[] => (service.spec.ipFamilies?.length ? service.spec.ipFamilies : ['IPv4'])

/** Slices of a family of addresses that the Service has no more. */
const ofOtherFamilies = (view: ClusterView, service: Service): readonly Action[] =>
  [...view.by(slicesByService, objectKey(service))].filter((slice) => isOurs(slice) && !familiesOf(service).includes(slice.addressType) && !isTerminating(slice)).map(remove)
const remove = (slice: EndpointSlice): Action => ({ do: 'delete', key: keyOf(endpointSlices, slice), uid: slice.metadata.uid })

interface Sight { readonly view: ClusterView; readonly service: Service; readonly selected: readonly Pod[]; readonly at: string | undefined }
interface FamilyPlan { readonly actions: readonly Action[]; readonly told?: string }

function familyPlan(sight: Sight, family: string, told: string | undefined): FamilyPlan {
  const { view, service } = sight
  const existing = [...view.by(slicesByService, objectKey(service))].filter((slice) => isOurs(slice) && slice.addressType === family && !isTerminating(slice))
  const groups = portGroups(sight, family)
  // Without a single endpoint one empty slice stays, as upstream's placeholder.
  if (groups.length === 0) groups.push({ ports: undefined, endpoints: [] })
  if (!wantsZoneHints(service)) {
    const actions = written(sight, family, pack(groups, existing))
    return { actions: told === enabled ? [...actions, sayDisabled(service, family, 'Topology Aware Hints has been disabled')] : actions }
  }
  return withZoneHints(sight, family, { told, existing, groups })
}

type Packed = ReturnType<typeof pack<readonly FoundPort[]>>

function written({ service, at }: Pick<Sight, 'service' | 'at'>, family: string, packed: Packed): readonly Action[] {
  return [
    ...packed.added.map(({ ports, endpoints }): Action => ({ do: 'create', object: newSlice(service, family, at, ports, endpoints) })),
    ...packed.kept.flatMap(({ slice, ports, endpoints }): Action[] => {
      const labels = labelsOf(service, slice)
      const same = deepEqual(slice.endpoints ?? [], endpoints) && samePorts(slice.ports, ports) && deepEqual(slice.metadata.labels, labels)
      if (same) return []
      const { annotations, ...metadata } = slice.metadata
      return [{ do: 'replace', object: { ...slice, metadata: { ...metadata, labels, ...withTrigger(annotations, at) }, endpoints, ports: ports ?? [] } as EndpointSlice, part: 'main' }]
    }),
    ...packed.dropped.map(remove),
  ]
}

/** What is remembered while there are hints. */
const enabled = 'Topology Aware Hints has been enabled'
const sayDisabled = (service: Service, family: string, why: string): Action => ({ do: 'record', about: service, type: 'Warning', reason: 'TopologyAwareHintsDisabled', message: `${why}, addressType: ${family}` })

/** Slices are packed as if there were no hints; then hints are given, and slices that would only change by them keep theirs if they can. */
function withZoneHints(sight: Sight, family: string, { told, existing, groups }: { readonly told: string | undefined; readonly existing: readonly EndpointSlice[]; readonly groups: readonly PortGroup[] }): FamilyPlan {
  const plain = new Map(existing.map((slice) => [{ ...slice, endpoints: (slice.endpoints ?? []).map(({ hints: _hints, ...endpoint }) => endpoint) } as EndpointSlice, slice]))
  const { added, kept, dropped } = pack(groups, [...plain.keys()])
  const standing = ({ slice, ports, endpoints }: Packed['kept'][number]): readonly Endpoint[] | undefined =>
    (deepEqual(slice.endpoints, endpoints) && samePorts(slice.ports, ports) ? plain.get(slice)?.endpoints ?? [] : undefined)
  const hints = hinted([...added.map(({ endpoints }) => ({ endpoints, standing: undefined })), ...kept.map((one) => ({ endpoints: one.endpoints, standing: standing(one) }))], shares(sight.view))
  const endpointsAt = (at: number, otherwise: readonly Endpoint[]): readonly Endpoint[] => ('why' in hints ? otherwise : hints.endpoints[at] ?? otherwise)
  const actions = written(sight, family, {
    added: added.map((group, at) => ({ ...group, endpoints: endpointsAt(at, group.endpoints) })),
    kept: kept.map(({ slice, ports, endpoints }, at) => ({ slice: plain.get(slice) ?? slice, ports, endpoints: endpointsAt(added.length + at, endpoints) })),
    dropped: dropped.map((slice) => plain.get(slice) ?? slice),
  })
  if ('why' in hints) return { actions: told === hints.why && actions.length === 0 ? actions : [...actions, sayDisabled(sight.service, family, hints.why)], told: hints.why }
  const had = told === enabled || existing.some(({ endpoints }) => endpoints?.some((endpoint) => endpoint.hints !== undefined))
  return { actions: had ? actions : [...actions, { do: 'record', about: sight.service, type: 'Normal', reason: 'TopologyAwareHintsEnabled', message: `${enabled}, addressType: ${family}` }], told: enabled }
}

interface PortGroup { readonly ports: readonly FoundPort[] | undefined; readonly endpoints: Endpoint[] }

/** Endpoints with the same ports share slices: pods that name a port differently go apart. */
function portGroups({ view, service, selected }: Sight, family: string): PortGroup[] {
  const groups = new Map<string, { ports: readonly FoundPort[]; endpoints: Endpoint[] }>()
  for (const pod of selected) {
    if (!belongs(pod)) continue
    const addresses = addressesOf(pod, family)
    if (addresses.length === 0) continue
    const ports = portsIn(service, pod)
    const text = JSON.stringify(ports)
    const group = groups.get(text) ?? { ports, endpoints: [] }
    groups.set(text, group)
    group.endpoints.push(endpointOf(view, service, pod, addresses))
  }
  return [...groups.values()]
}

function endpointOf(view: ClusterView, service: Service, pod: Pod, addresses: readonly string[]): Endpoint {
  const serving = isReady(pod)
  const terminating = isTerminating(pod)
  const zone = pod.spec.nodeName ? view.get(nodes, '', pod.spec.nodeName)?.metadata.labels?.[zoneLabel] : undefined
  return {
    addresses,
    conditions: { ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...endpointHostname(service, pod),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace ?? '', uid: pod.metadata.uid },
    ...(zone === undefined ? {} : { zone }),
    ...(service.spec.publishNotReadyAddresses === true || (serving && !terminating) ? hintsOf(service, pod.spec.nodeName, zone) : {}),
  }
}

/** For whom an endpoint is: those near it, when the Service prefers so. */
function hintsOf(service: Service, node: string | undefined, zone: string | undefined): { readonly hints?: EndpointHints } {
  if (wantsZoneHints(service)) return {}
  const [forNodes, forZones] = [node ? [{ name: node }] : undefined, zone ? [{ name: zone }] : undefined]
  switch (service.spec.trafficDistribution) {
    case 'PreferClose': case 'PreferSameZone': return forZones === undefined ? {} : { hints: { forZones } }
    case 'PreferSameNode': return forNodes === undefined ? {} : { hints: { forNodes, ...(forZones && { forZones }) } }
    default: return {}
  }
}

function addressesOf(pod: Pod, family: string): readonly string[] {
  const all = pod.status.podIPs?.map(({ ip }) => ip) ?? [pod.status.podIP ?? '']
  return all.filter((address) => address !== '' && address.includes(':') === (family === 'IPv6'))
}

function newSlice(service: Service, family: string, at: string | undefined, ports: readonly FoundPort[] | undefined, endpoints: readonly Endpoint[]): Draft {
  return {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice',
    metadata: { generateName: `${service.metadata.name}-`, namespace: service.metadata.namespace ?? '', labels: labelsOf(service, undefined), ...withTrigger(undefined, at), ownerReferences: [ownerReference(services, service)] },
    addressType: family, endpoints, ports: ports ?? [],
  }
}

function labelsOf(service: Service, slice: EndpointSlice | undefined): Readonly<Record<string, string>> {
  const { [serviceLabel]: _service, [managedByLabel]: _managed, [headlessLabel]: _headless, ...own } = service.metadata.labels ?? {}
  const labels: Readonly<Record<string, string>> = {
    ...own, [managedByLabel]: managedBy, [serviceLabel]: service.metadata.name, ...(service.spec.clusterIP === 'None' ? { [headlessLabel]: '' } : {}),
  }
  return slice !== undefined && deepEqual(slice.metadata.labels, labels) ? (slice.metadata.labels ?? labels) : labels
}
