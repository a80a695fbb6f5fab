// Which pods stand behind a Service, and how they are written down: shared by Endpoints and EndpointSlices.
import type { ContainerPort, ServicePort } from '../api/generated/types.ts'
import { type Change, type ClusterView, type Pod, pods, podsByLabel, type Service, services, servicesBySelector, wantsZoneHints } from '../api/index.ts'
import { objectKey, sidesOf } from './changes.ts'
import { isReady, isTerminal, isTerminating } from './pods.ts'

/** A port behind a Service, found in one pod. */
export interface FoundPort { readonly name: string; readonly port: number; readonly protocol: string; readonly appProtocol?: string }

/** The pods a selector of plain pairs matches, by key order; none for an empty selector. */
export function selectedPods(view: ClusterView, service: Service): readonly Pod[] {
  const pairs = Object.entries(service.spec.selector ?? {})
  const first = pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))[0]
  if (first === undefined) return []
  return [...view.by(podsByLabel, `${service.metadata.namespace}/${first[0]}=${first[1]}`)].filter((pod) => pairs.every(([key, value]) => pod.metadata.labels?.[key] === value))
}

/** The Services ('namespace/name') that select a pod. */
export function* servicesOfPod(view: ClusterView, pod: Pod): Iterable<string> {
  for (const [key, value] of Object.entries(pod.metadata.labels ?? {}))
    for (const service of view.by(servicesBySelector, `${pod.metadata.namespace}/${key}=${value}`))
      if (Object.entries(service.spec.selector ?? {}).every(([k, v]) => pod.metadata.labels?.[k] === v)) yield objectKey(service)
}

/** The Services that a pod's change may alter: none for a change that endpoints do not show. */
export function servicesBehindPod(change: Change, view: ClusterView): readonly string[] {
  const sides = sidesOf(pods, change)
  if (sides === undefined) return []
  const { before, after } = sides
  if (before !== undefined && after !== undefined && shown(before) === shown(after) && sameLabels(before, after)) return []
  return [...new Set([before, after].flatMap((pod) => (pod === undefined ? [] : [...servicesOfPod(view, pod)])))]
}

/** The key of a Service that changed in what its endpoints are made from. */
export function changedService(change: Change): readonly string[] {
  const sides = sidesOf(services, change)
  if (sides === undefined) return []
  const { before, after } = sides
  if (before !== undefined && after !== undefined && before.spec === after.spec && before.metadata.labels === after.metadata.labels && wantsZoneHints(before) === wantsZoneHints(after)) return []
  const object = after ?? before
  return object === undefined ? [] : [objectKey(object)]
}

const sameLabels = (a: Pod, b: Pod): boolean => a.metadata.labels === b.metadata.labels || JSON.stringify(a.metadata.labels) === JSON.stringify(b.metadata.labels)

/** What endpoints show of a pod, as a text to compare. */
function shown(pod: Pod): string {
  if (!belongs(pod)) return ''
  const addresses = (pod.status.podIPs ?? []).map(({ ip }) => ip).join()
  return `${isReady(pod)} ${isTerminating(pod)} ${pod.status.podIP} ${addresses} ${pod.spec.nodeName} ${pod.spec.hostname} ${pod.spec.subdomain} ${pod.metadata.uid}`
}

/** Pods at their end and pods without an address stand behind nothing. */
export const belongs = (pod: Pod): boolean => !isTerminal(pod) && (pod.status?.podIP ?? '') !== ''

/** The ports of a Service as one pod has them: named target ports are looked up in its containers, absent ones are left out. */
export function portsIn(service: Service, pod: Pod): readonly FoundPort[] {
  return (service.spec.ports ?? []).flatMap((port): FoundPort[] => {
    const number = targetPort(port, pod)
    if (number === undefined) return []
    return [{ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }) }]
  })
}

function targetPort(port: ServicePort, pod: Pod): number | undefined {
  if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') return port.port
  if (typeof port.targetPort === 'number') return port.targetPort
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always')
  const wanted = (one: ContainerPort): boolean => one.name === port.targetPort && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP')
  return [...(pod.spec.containers ?? []), ...sidecars].flatMap((container) => container.ports ?? []).find(wanted)?.containerPort
}

/** The name of a pod behind a headless Service: only when its subdomain is the Service's name. */
export const endpointHostname = (service: Service, pod: Pod): { readonly hostname?: string } =>
  pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? { hostname: pod.spec.hostname } : {}
