import { type ClusterView, type EndpointSlice, pods, services } from '../api/index.ts'
import { Broken } from './broken.ts'
import { isGoing, isReady } from './rules.ts'


/** A slice was written: what it calls ready is a ready pod, with that address, that its Service selects. */
export function sliceIsTrue(view: ClusterView, slice: EndpointSlice): void {
  const service = view.get(services, slice.metadata.namespace ?? '', slice.metadata.labels?.['kubernetes.io/service-name'] ?? '')
  if (service?.spec.selector === undefined) return
  for (const { targetRef, addresses, conditions } of slice.endpoints ?? []) {
    const pod = view.get(pods, slice.metadata.namespace ?? '', targetRef?.name ?? '')
    const say = (what: string): never => { throw new Broken('endpoints are what they are said to be', `${slice.metadata.name}: ${targetRef?.name} ${addresses.join()} ${what}`) }
    if (pod?.metadata.uid !== targetRef?.uid || pod === undefined) return say('is no pod')
    if (pod.status.podIPs?.some(({ ip }) => addresses.includes(ip)) !== true) say(`is at ${pod.status.podIP}`)
    if (!Object.entries(service.spec.selector).every(([key, value]) => pod.metadata.labels?.[key] === value)) say('is not selected')
    if (conditions?.ready === true && service.spec.publishNotReadyAddresses !== true && !(isReady(pod) && !isGoing(pod))) say('is not ready')
  }
}
