import type { Ingress as IngressModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import { type Ingress, ingresses } from '../../../resources.ts'
import { ageColumn, firstOf, nameColumn, text } from '../../columns.ts'
import { filling, withField, withParts } from '../../filling.ts'
import { checkIngress, checkIngressStatus, classAnnotation } from './validation.ts'

const fill = (draft: IngressModel): IngressModel => withField(withParts(draft, 'spec', 'status'), 'status', (status) => withParts(status, 'loadBalancer'))

function hostsOf({ spec }: Ingress): string {
  const hosts = (spec.rules ?? []).flatMap(({ host }) => host || [])
  return hosts.length === 0 ? '*' : firstOf(hosts)
}
const addressesOf = ({ status }: Ingress): string =>
  [...new Set((status.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip || hostname || []))].sort().join(',')

export const ingress: Kind<Ingress> = {
  ...ingresses,
  singular: 'ingress', shortNames: ['ing'], categories: [],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group: 'networking.k8s.io', version: 'v1', definition: 'io.k8s.api.networking.v1.Ingress', fill: filling(fill),
    columns: [
      nameColumn,
      text('Class', 'The name of the IngressClass resource that should be used for additional configuration', ({ spec }) => spec.ingressClassName ?? '<none>'),
      text('Hosts', 'Hosts that incoming requests are matched against before the ingress rule', hostsOf),
      text('Address', 'Address is a list containing ingress points for the load-balancer', addressesOf),
      text('Ports', 'Ports of TLS configurations that open', ({ spec }) => ((spec.tls ?? []).length > 0 ? '80, 443' : '80')),
      ageColumn,
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? { loadBalancer: {} } }),
  check: checkIngress,
  checkStatus: checkIngressStatus,
  warn: ({ metadata }, before) => (before === undefined && metadata.annotations?.[classAnnotation] !== undefined ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`] : []),
  subresources: [{ name: 'status', is: 'status' }],
}
