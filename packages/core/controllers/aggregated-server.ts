// Where an aggregated server is: behind the Service that its APIService names. Words: upstream's remote availability controller of kube-aggregator.
import { slicesByService } from '../api/indexes.ts'
import { type APIService, type Service, services } from '../api/resources.ts'
import type { ClusterView } from '../api/view.ts'
import type { Target } from '../server/index.ts'

/** Why nobody is there. */
export interface Unserved { readonly status: 'False'; readonly reason: string; readonly message: string }
export const unserved = (reason: string, message: string): Unserved => ({ status: 'False', reason, message })

/** The first ready endpoint of an APIService that names a Service. */
export function serverOf(view: ClusterView, { spec }: APIService): Target | Unserved {
  const { namespace = '', name = '', port: asked = 443 } = spec.service ?? {}
  const service = view.get(services, namespace, name)
  if (service === undefined) return unserved('ServiceNotFound', `service/${name} in ${JSON.stringify(namespace)} is not present`)
  // As upstream: only what has addresses in the cluster is looked for there.
  if (service.spec.type === 'ExternalName') return { address: service.spec.externalName ?? '', port: asked }
  const port = portOf(service, asked)
  if (port === undefined) return unserved('ServicePortError', `service/${name} in ${JSON.stringify(namespace)} is not listening on port ${asked}`)
  const slices = [...view.by(slicesByService, `${namespace}/${name}`)]
  if (slices.length === 0) return unserved('EndpointsNotFound', `cannot find endpointslices for service/${name} in ${JSON.stringify(namespace)}`)
  for (const { endpoints, ports } of slices) {
    const number = ports?.find((each) => (each.name ?? '') === port)?.port
    const address = endpoints?.find(({ conditions }) => conditions?.ready !== false)?.addresses[0]
    if (number !== undefined && address !== undefined) return { address, port: number }
  }
  return unserved('MissingEndpoints', `endpointslices for service/${name} in ${JSON.stringify(namespace)} have no addresses with port name ${JSON.stringify(port)}`)
}

const portOf = ({ spec }: Service, asked: number): string | undefined => {
  const port = (spec.ports ?? []).find((each) => each.port === asked)
  return port === undefined ? undefined : port.name ?? ''
}
