import { servicesByClusterIP } from '../../../indexes.ts'
import type { Kind } from '../../../kind.ts'
import { type Service, services } from '../../../resources.ts'
import { ageColumn, nameColumn, text, wideText } from '../../columns.ts'
import { filling } from '../../filling.ts'
import { proxySubresource } from '../proxy.ts'
import { servicesByBalancedIP, servicesByNodePort } from './allocation.ts'
import { fillService, prepareService } from './defaults.ts'
import { checkService, checkServiceStatus } from './validation.ts'

const none = '<none>'

function externalAddresses({ spec, status }: Service): string {
  const given = spec.externalIPs ?? []
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  if (spec.type !== 'LoadBalancer') return given.join(',') || none
  const balanced = [...new Set((status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((each) => each !== ''))].sort()
  return [...balanced, ...given].join(',') || '<pending>'
}

const portsOf = ({ spec }: Service): string =>
  (spec.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`).join(',') || none

const selectorOf = ({ spec }: Service): string =>
  Object.entries(spec.selector ?? {}).map(([key, value]) => `${key}=${value}`).sort().join(',') || none

export const service: Kind<Service> = {
  ...services,
  singular: 'service', shortNames: ['svc'], categories: ['all'],
  hasStatus: true,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.Service', fill: filling(fillService),
    columns: [
      nameColumn,
      text('Type', 'type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, NodePort, and LoadBalancer. More info: https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types', ({ spec }) => spec.type ?? ''),
      text('Cluster-IP', 'clusterIP is the IP address of the service and is usually assigned randomly. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies', ({ spec }) => spec.clusterIPs?.[0] || none),
      text('External-IP', 'externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.', externalAddresses),
      text('Port(s)', 'The list of ports that are exposed by this service. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies', portsOf),
      ageColumn,
      wideText('Selector', 'Route service traffic to pods with label keys and values matching this selector. More info: https://kubernetes.io/docs/concepts/services-networking/service/', selectorOf),
    ],
    fields: { 'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '', 'spec.type': ({ spec }) => spec.type ?? '' },
  }],
  prepare: prepareService,
  check: checkService,
  checkStatus: checkServiceStatus,
  indexes: [servicesByClusterIP, servicesByBalancedIP, servicesByNodePort],
  subresources: [{ name: 'status', is: 'status' }, proxySubresource],
}
