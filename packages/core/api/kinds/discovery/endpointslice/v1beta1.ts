// discovery.k8s.io/v1beta1 has no zone: it stands in an endpoint's topology, with the node's name.
import type { Endpoint, EndpointSlice as EndpointSliceModel } from '../../../generated/types.ts'
import type { Draft } from '../../../resource.ts'
import type { EndpointSlice } from '../../../resources.ts'

const zoneLabel = 'topology.kubernetes.io/zone'
const hostLabel = 'kubernetes.io/hostname'

type OldEndpoint = Omit<Endpoint, 'deprecatedTopology' | 'zone'> & { readonly topology?: Readonly<Record<string, string>> }
type OldSlice = Omit<EndpointSliceModel, 'endpoints'> & { readonly endpoints?: readonly OldEndpoint[] }

/** The hub as v1beta1. */
export function fromV1(hub: EndpointSlice): Draft {
  const { endpoints, ...rest } = hub
  return { ...rest, apiVersion: 'discovery.k8s.io/v1beta1', ...(endpoints !== undefined && { endpoints: endpoints.map(oldEndpoint) }) } satisfies OldSlice
}
function oldEndpoint({ deprecatedTopology, zone, ...endpoint }: Endpoint): OldEndpoint {
  const { nodeName } = endpoint
  const topology = { ...(nodeName !== undefined && { [hostLabel]: nodeName }), ...deprecatedTopology, ...(zone !== undefined && { [zoneLabel]: zone }) }
  return Object.keys(topology).length === 0 ? endpoint : { ...endpoint, topology }
}

/** A v1beta1 slice as the hub. What of its topology has a field now goes there. */
export function toV1(draft: Draft): Draft {
  const { endpoints, ...rest } = draft as Draft & OldSlice
  return { ...rest, apiVersion: 'discovery.k8s.io/v1', ...(endpoints !== undefined && { endpoints: endpoints.map(newEndpoint) }) }
}
function newEndpoint({ topology, ...endpoint }: OldEndpoint): Endpoint {
  const { [zoneLabel]: zone, ...labels } = topology ?? {}
  const { [hostLabel]: host, ...others } = labels
  const kept = host === undefined || host === endpoint.nodeName ? others : labels
  return { ...endpoint, ...(zone !== undefined && { zone }), ...(Object.keys(kept).length > 0 && { deprecatedTopology: kept }) }
}
