// Endpoints of Services with a selector. Behaviour: kube-controller-manager's endpoints controller.
import { deepEqual } from 'fast-equals'
import { type Action, type Controller, type Endpoints, endpoints, keyOf, type Plan, type Pod, pods, type Service, services } from '../../api/index.ts'
import type { EndpointAddress, EndpointSubset } from '../../api/generated/types.ts'
import { addressNumber } from '../../rules/addresses.ts'
import { objectKey, sidesOf, splitKey } from '../../rules/changes.ts'
import { compareText, isReady, isTerminating } from '../../rules/pods.ts'
import { belongs, changedService, endpointHostname, type FoundPort, portsIn, selectedPods, servicesBehindPod } from '../../rules/service-endpoints.ts'
import { triggered, type Triggers, withTrigger } from '../trigger-time.ts'

/** How many addresses one Endpoints object holds at most. */
const addressesMost = 1000
const managedByLabel = 'endpoints.kubernetes.io/managed-by'
const headlessLabel = 'service.kubernetes.io/headless'
const overCapacity = 'endpoints.kubernetes.io/over-capacity'

export const endpointsController: Controller<Triggers> = {
  name: 'endpoint-controller',
  watches: [
    { resource: services.resource, affected: changedService },
    { resource: pods.resource, affected: servicesBehindPod },
    {
      resource: endpoints.resource,
      affected: (change) => {
        const object = sidesOf(endpoints, change)?.after ?? change.before
        return object === undefined ? [] : [objectKey(object)]
      },
    },
  ],
  reconcile(key, { view, memory }): Plan<Triggers> {
    const { namespace, name } = splitKey(key)
    const service = view.get(services, namespace, name)
    const existing = view.get(endpoints, namespace, name)
    if (service === undefined) return { actions: existing !== undefined && isOurs(existing) ? [remove(existing)] : [] }
    if (service.spec.selector === undefined || service.spec.type === 'ExternalName') return { actions: [] }
    const selected = selectedPods(view, service)
    const { at, triggers } = triggered(service, selected, memory)
    return { actions: write(service, existing, subsetsOf(service, selected), at), memory: triggers }
  },
}

const isOurs = (object: Endpoints): boolean => object.metadata.labels?.[managedByLabel] === 'endpoint-controller'
const remove = (object: Endpoints): Action => ({ do: 'delete', key: keyOf(endpoints, object), uid: object.metadata.uid })

function write(service: Service, existing: Endpoints | undefined, all: readonly EndpointSubset[], at: string | undefined): readonly Action[] {
  const { kept: subsets, truncated } = truncate(all)
  const labels: Readonly<Record<string, string>> = {
    ...service.metadata.labels, [managedByLabel]: 'endpoint-controller', ...(service.spec.clusterIP === 'None' ? { [headlessLabel]: '' } : {}),
  }
  const { [overCapacity]: wasTruncated, ...others } = existing?.metadata.annotations ?? {}
  const noted = withTrigger(truncated ? { ...others, [overCapacity]: 'truncated' } : others, at)
  if (existing === undefined) {
    const metadata = { name: service.metadata.name, namespace: service.metadata.namespace ?? '', labels, ...noted }
    return [{ do: 'create', object: { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets } }]
  }
  const same = deepEqual(existing.subsets ?? [], subsets) && deepEqual(existing.metadata.labels ?? {}, labels) && truncated === (wasTruncated === 'truncated')
  if (same) return []
  const { annotations: _annotations, ...metadata } = existing.metadata
  return [{ do: 'replace', part: 'main', object: { ...existing, metadata: { ...metadata, labels, ...noted }, subsets } as Endpoints }]
}

/** Pods with the same ports share a subset; addresses are in numeric order. */
function subsetsOf(service: Service, selected: readonly Pod[]): readonly EndpointSubset[] {
  const subsets = new Map<string, { ports: readonly FoundPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>()
  for (const pod of selected) {
    if (!belongs(pod) || (isTerminating(pod) && service.spec.publishNotReadyAddresses !== true)) continue
    const address = addressOf(service, pod)
    if (address === undefined) continue
    const ports = portsIn(service, pod)
    // A pod that has none of the ports is no endpoint, unless the Service asks for no port at all.
    if (ports.length === 0 && (service.spec.ports ?? []).length > 0) continue
    const text = JSON.stringify(ports)
    const subset = subsets.get(text) ?? { ports, ready: [], notReady: [] }
    subsets.set(text, subset)
    const isThere = service.spec.publishNotReadyAddresses === true || isReady(pod)
    ;(isThere ? subset.ready : subset.notReady).push(address)
  }
  return [...subsets.values()].map(({ ports, ready, notReady }) => ({
    ...(ready.length > 0 ? { addresses: ready.toSorted(byAddress) } : {}),
    ...(notReady.length > 0 ? { notReadyAddresses: notReady.toSorted(byAddress) } : {}),
    ...(ports.length > 0 ? { ports: ports.map(({ name, ...port }) => (name === '' ? port : { name, ...port })) } : {}),
  }))
}

function addressOf(service: Service, pod: Pod): EndpointAddress | undefined {
  const wantsV6 = service.spec.ipFamilies?.[0] === 'IPv6'
  const ip = (pod.status.podIPs?.map((one) => one.ip) ?? [pod.status.podIP ?? '']).find((one) => one.includes(':') === wantsV6)
  if (ip === undefined || ip === '') return undefined
  return {
    ip, ...endpointHostname(service, pod), ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace ?? '', uid: pod.metadata.uid },
  }
}

const byAddress = (a: EndpointAddress, b: EndpointAddress): number =>
  (addressNumber(a.ip) ?? 0) - (addressNumber(b.ip) ?? 0) || compareText(a.ip, b.ip) || compareText(a.targetRef?.uid ?? '', b.targetRef?.uid ?? '')

/** As upstream, beyond the limit not-ready addresses go first. */
function truncate(subsets: readonly EndpointSubset[]): { readonly kept: readonly EndpointSubset[]; readonly truncated: boolean } {
  const count = (pick: (subset: EndpointSubset) => readonly EndpointAddress[] | undefined): number => subsets.reduce((sum, subset) => sum + (pick(subset)?.length ?? 0), 0)
  const ready = count((subset) => subset.addresses)
  if (ready + count((subset) => subset.notReadyAddresses) <= addressesMost) return { kept: subsets, truncated: false }
  let readyRoom = addressesMost
  let notReadyRoom = Math.max(0, addressesMost - ready)
  const kept = subsets.map(({ addresses = [], notReadyAddresses = [], ...others }) => {
    const first = addresses.slice(0, readyRoom)
    const second = notReadyAddresses.slice(0, notReadyRoom)
    readyRoom -= first.length
    notReadyRoom -= second.length
    return { ...(first.length > 0 ? { addresses: first } : {}), ...(second.length > 0 ? { notReadyAddresses: second } : {}), ...others }
  })
  return { kept: kept.filter((subset) => subset.addresses !== undefined || subset.notReadyAddresses !== undefined), truncated: true }
}
