// EndpointSlices of Services with a selector. Behaviour: kube-controller-manager's endpointslice-controller.
import { deepEqual } from 'fast-equals'
import {
  type Action, type ClusterView, type Controller, type Draft, type EndpointSlice, endpointSlices, keyOf, nodes, type Plan, type Pod, pods, type Service, services, slicesByService,
} from '../../api/index.ts'
import type { Endpoint, EndpointHints } from '../../api/generated/types.ts'
import { objectKey, sidesOf, splitKey } from '../../rules/changes.ts'
import { belongs, changedService, endpointHostname, type FoundPort, portsIn, selectedPods, servicesBehindPod } from '../../rules/service-endpoints.ts'
import { ownerReference } from '../../rules/owners.ts'
import { isReady, isTerminating } from '../../rules/pods.ts'
import { pack, samePorts } from './pack.ts'

const managedBy = 'endpointslice-controller.k8s.io'
const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
const serviceLabel = 'kubernetes.io/service-name'
const headlessLabel = 'service.kubernetes.io/headless'
const zoneLabel = 'topology.kubernetes.io/zone'

export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  watches: [
    { resource: services.resource, affected: changedService },
    { resource: pods.resource, affected: servicesBehindPod },
    {
      resource: endpointSlices.resource,
      affected: (change) => {
        const sides = sidesOf(endpointSlices, change)
        return [...new Set([sides?.before, sides?.after].flatMap((slice) => (slice !== undefined && isOurs(slice) ? [`${slice.metadata.namespace}/${slice.metadata.labels?.[serviceLabel]}`] : [])))]
      },
    },
  ],
  reconcile(key, { view }): Plan {
    const { namespace, name } = splitKey(key)
    const service = view.get(services, namespace, name)
    // Slices of a Service that is gone are the garbage collector's.
    if (service === undefined || isTerminating(service)) return { actions: [] }
    if (service.spec.selector === undefined || service.spec.type === 'ExternalName') return { actions: [] }
    return { actions: familiesOf(service).flatMap((family) => familyActions(view, service, family)) }
  },
}

const isOurs = (slice: EndpointSlice): boolean => slice.metadata.labels?.[managedByLabel] === managedBy

const familiesOf = (service: Service): readonly string[] => (service.spec.ipFamilies?.length ? service.spec.ipFamilies : ['IPv4'])

function familyActions(view: ClusterView, service: Service, family: string): readonly Action[] {
  const existing = [...view.by(slicesByService, objectKey(service))].filter((slice) => isOurs(slice) && slice.addressType === family && !isTerminating(slice))
  const groups = portGroups(view, service, family)
  // Without a single endpoint one empty slice stays, as upstream's placeholder.
  if (groups.length === 0) groups.push({ ports: undefined, endpoints: [] })
  const packed = pack(groups, existing)
  return [
    ...packed.added.map(({ ports, endpoints }): Action => ({ do: 'create', object: newSlice(service, family, ports, endpoints) })),
    ...packed.kept.flatMap(({ slice, ports, endpoints }): Action[] => {
      const next: EndpointSlice = { ...slice, metadata: { ...slice.metadata, labels: labelsOf(service, slice) }, endpoints, ports: ports ?? [] }
      const same = deepEqual(slice.endpoints ?? [], endpoints) && samePorts(slice.ports, ports) && deepEqual(slice.metadata.labels, next.metadata.labels)
      return same ? [] : [{ do: 'replace', object: next, part: 'main' }]
    }),
    ...packed.dropped.map((slice): Action => ({ do: 'delete', key: keyOf(endpointSlices, slice), uid: slice.metadata.uid })),
  ]
}

/** Endpoints with the same ports share slices: pods that name a port differently go apart. */
function portGroups(view: ClusterView, service: Service, family: string): { ports: readonly FoundPort[] | undefined; endpoints: Endpoint[] }[] {
  const groups = new Map<string, { ports: readonly FoundPort[]; endpoints: Endpoint[] }>()
  for (const pod of selectedPods(view, service)) {
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
function hintsOf({ spec: { trafficDistribution } }: Service, node: string | undefined, zone: string | undefined): { readonly hints?: EndpointHints } {
  const [forNodes, forZones] = [node ? [{ name: node }] : undefined, zone ? [{ name: zone }] : undefined]
  switch (trafficDistribution) {
    case 'PreferClose': case 'PreferSameZone': return forZones === undefined ? {} : { hints: { forZones } }
    case 'PreferSameNode': return forNodes === undefined ? {} : { hints: { forNodes, ...(forZones && { forZones }) } }
    default: return {}
  }
}

function addressesOf(pod: Pod, family: string): readonly string[] {
  const all = pod.status.podIPs?.map(({ ip }) => ip) ?? [pod.status.podIP ?? '']
  return all.filter((address) => address !== '' && address.includes(':') === (family === 'IPv6'))
}

function newSlice(service: Service, family: string, ports: readonly FoundPort[] | undefined, endpoints: readonly Endpoint[]): Draft {
  return {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice',
    metadata: { generateName: `${service.metadata.name}-`, namespace: service.metadata.namespace ?? '', labels: labelsOf(service, undefined), ownerReferences: [ownerReference(services, service)] },
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
