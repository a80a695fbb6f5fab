// The defaults of Services, as upstream's SetDefaults_Service, and what its registry sets before a write.
import type { Service as ServiceModel } from '../../../generated/types.ts'
import type { Circumstances } from '../../../kind.ts'
import type { Refusal } from '../../../refusal.ts'
import { type Service, services } from '../../../resources.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, withDefaults, withField } from '../../filling.ts'
import { refuseInvalid } from '../../problems.ts'
import { withAddresses, withHealthCheckPort, withNodePorts } from './allocation.ts'
import { withFamilies } from './families.ts'
import { needsHealthCheck } from './validation.ts'

const sessionSeconds = 10800

export function fillService(draft: ServiceModel): ServiceModel {
  const shaped = withDefaults(draft, { spec: {}, status: {} })
  const filled = withField(shaped, 'spec', (given) => {
    let spec = withDefaults(given, { type: 'ClusterIP', sessionAffinity: 'None' })
    if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig !== undefined) {
      const { sessionAffinityConfig: _, ...rest } = spec
      spec = rest
    }
    if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
      spec = { ...spec, sessionAffinityConfig: { clientIP: { timeoutSeconds: sessionSeconds } } }
    }
    spec = withField(spec, 'ports', (ports) => eachOf(ports, (port) => {
      const target = port.targetPort === 0 || port.targetPort === '' ? { ...port, targetPort: port.port } : port
      return withDefaults(target, { protocol: 'TCP', targetPort: port.port })
    }))
    const outward = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
    if (outward || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0)) spec = withDefaults(spec, { externalTrafficPolicy: 'Cluster' })
    if (outward || spec.type === 'ClusterIP') spec = withDefaults(spec, { internalTrafficPolicy: 'Cluster' })
    if (spec.type === 'LoadBalancer') spec = withDefaults(spec, { allocateLoadBalancerNodePorts: true })
    return spec
  })
  const balanced = filled.spec?.type !== 'LoadBalancer' ? filled : withField(filled, 'status', (status) => withField(status, 'loadBalancer', (balancer) =>
    withField(balancer, 'ingress', (ingress) => eachOf(ingress, (each) => (each.ip ? withDefaults(each, { ipMode: 'VIP' }) : each)))))
  return withField(balanced, 'status', (status) => withDefaults(status, { loadBalancer: {} }))
}

/** Keeps what was allocated, drops what another type does not have, allocates what is missing. */
export function prepareService(next: Service, before: Service | undefined, circumstances: Circumstances): Service | Refusal {
  let service: Service = { ...next, status: before?.status ?? { loadBalancer: {} } }
  if (before !== undefined) service = withoutLeftovers(keepAllocated(service, before), before)
  const familied = withFamilies(withBothAddressFields(service, before), before, circumstances)
  if ('problems' in familied) return refuseInvalid(services, next.metadata.name, familied.problems)
  service = familied.service
  if (needsAddress(service) && familied.contradicts !== true) {
    const addressed = withAddresses(service, before, circumstances)
    if ('problem' in addressed) return refuseInvalid(services, next.metadata.name, [addressed.problem])
    service = addressed.service
  }
  for (const allocate of [...(needsNodePorts(service) ? [withNodePorts] : []), ...(needsHealthCheck(service.spec) ? [withHealthCheckPort] : [])]) {
    const allocated = allocate(service, circumstances)
    if ('problem' in allocated) return refuseInvalid(services, next.metadata.name, [allocated.problem])
    service = allocated.service
  }
  return service
}

const needsAddress = ({ spec }: Service): boolean => spec.type !== 'ExternalName'
const needsNodePorts = ({ spec }: Service): boolean => spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)

/** An update that leaves out what was allocated keeps it. */
function keepAllocated(next: Service, before: Service): Service {
  let service = next
  if (needsAddress(before) && needsAddress(next)) {
    if (!next.spec.clusterIP && (next.spec.clusterIPs ?? []).length === 0) service = { ...service, spec: withDefaults(without(service.spec, 'clusterIP', 'clusterIPs'), { clusterIP: before.spec.clusterIP, clusterIPs: before.spec.clusterIPs }) }
    service = { ...service, spec: withDefaults(service.spec, { ipFamilies: before.spec.ipFamilies, ipFamilyPolicy: before.spec.ipFamilyPolicy }) }
  }
  if (needsHealthCheck(before.spec) && needsHealthCheck(next.spec) && before.spec.healthCheckNodePort) {
    service = { ...service, spec: { ...service.spec, healthCheckNodePort: service.spec.healthCheckNodePort || before.spec.healthCheckNodePort } }
  }
  if (needsNodePorts(before) && needsNodePorts(next)) {
    const had = new Map((before.spec.ports ?? []).map((port) => [port.name ?? '', port.nodePort]))
    service = { ...service, spec: withField(service.spec, 'ports', (ports) => eachOf(ports, (port) => {
      const nodePort = had.get(port.name ?? '')
      return port.nodePort || !nodePort ? port : { ...port, nodePort }
    })) }
  }
  return service
}

/** A change of type drops what only the old type has, unless the client set it anew. */
function withoutLeftovers(next: Service, before: Service): Service {
  let service = next
  if (needsAddress(before) && !needsAddress(next)) {
    const { spec } = service
    const isSame = (field: 'ipFamilies' | 'ipFamilyPolicy' | 'internalTrafficPolicy'): boolean => sameMeaning(spec[field], before.spec[field])
    const left = (['ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'] as const).filter(isSame)
    const hasSameAddresses = sameMeaning(spec.clusterIPs ?? [spec.clusterIP], before.spec.clusterIPs)
    service = { ...service, spec: without(spec, ...(hasSameAddresses ? ['clusterIP', 'clusterIPs'] as const : []), ...left) }
  }
  if (needsNodePorts(before) && !needsNodePorts(next)) {
    const had = new Set((before.spec.ports ?? []).map(({ nodePort }) => nodePort))
    const ports = (service.spec.ports ?? []).map((port) => (port.nodePort && had.has(port.nodePort) ? without(port, 'nodePort') : port))
    service = { ...service, spec: { ...service.spec, ports } }
  }
  if (needsHealthCheck(before.spec) && !needsHealthCheck(service.spec) && service.spec.healthCheckNodePort === before.spec.healthCheckNodePort) {
    service = { ...service, spec: without(service.spec, 'healthCheckNodePort') }
  }
  const reachable = service.spec.type === 'NodePort' || service.spec.type === 'LoadBalancer' || (service.spec.externalIPs ?? []).length > 0
  if (before.spec.externalTrafficPolicy !== undefined && !reachable && service.spec.externalTrafficPolicy === before.spec.externalTrafficPolicy) {
    service = { ...service, spec: without(service.spec, 'externalTrafficPolicy') }
  }
  if (before.spec.type === 'LoadBalancer' && service.spec.type !== 'LoadBalancer') {
    service = { ...service, spec: without(service.spec, 'allocateLoadBalancerNodePorts', 'loadBalancerClass'), status: { ...service.status, loadBalancer: {} } }
  }
  return service
}

/** clusterIP and the first of clusterIPs are one field; clients that know only one of them write only that. */
function withBothAddressFields(service: Service, before: Service | undefined): Service {
  const { clusterIP, clusterIPs = [] } = service.spec
  if (before === undefined) {
    if (clusterIP && clusterIPs.length === 0) return { ...service, spec: { ...service.spec, clusterIPs: [clusterIP] } }
    return !clusterIP && clusterIPs[0] !== undefined ? { ...service, spec: { ...service.spec, clusterIP: clusterIPs[0] } } : service
  }
  // The old field was changed and the new one was not: the client does not know the new one.
  const changedOld = clusterIP !== before.spec.clusterIP
  if (changedOld && sameMeaning(clusterIPs, before.spec.clusterIPs)) return { ...service, spec: { ...service.spec, clusterIPs: clusterIP ? [clusterIP] : [] } }
  return clusterIP && clusterIPs.length === 0 ? { ...service, spec: { ...service.spec, clusterIPs: [clusterIP] } } : service
}

function without<Model extends object, Field extends keyof Model>(model: Model, ...fields: readonly Field[]): Model {
  const rest: Model = { ...model }
  for (const field of fields) delete rest[field]
  return rest
}
