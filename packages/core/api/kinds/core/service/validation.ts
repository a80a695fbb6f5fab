// What upstream's ValidateService refuses.
import type { ServicePort } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Service } from '../../../resources.ts'
import { checkLabel1035, checkLabelKey, checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { addressFault, familyOf, isCidr } from '../../addresses.ts'
import { checkLabels, checkMetadata } from '../../metadata.ts'
import { checkOneOf, checkRequiredOneOf, checkText, duplicate, forbidden, immutable, invalid, required } from '../../problems.ts'
import { checkPortOrName, isPort, portFault, protocols } from '../../ports.ts'

const kubeletPort = 10250
const sessionMax = 86400

export function checkService(next: Service, before: Service | undefined): readonly Problem[] {
  const { spec } = next
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced', name: checkLabel1035 }),
    ...checkType(next),
    ...checkPorts(spec.ports ?? [], next),
    ...checkLabels(spec.selector, 'spec.selector'),
    ...checkSession(next),
    ...checkAddresses(next),
    ...checkPolicies(next),
    ...(before === undefined ? [] : checkChange(next, before)),
  ]
}

const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None'

function checkType(service: Service): readonly Problem[] {
  const { type, externalName, clusterIPs = [], ports = [] } = service.spec
  switch (type) {
    case 'LoadBalancer': case 'NodePort':
      return [
        ...(isHeadless(service) ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)] : []),
        ...(type === 'LoadBalancer' ? ports.flatMap(({ port }, index) => (port === kubeletPort ? [invalid(`spec.ports[${index}]`, port, 'may not expose port 10250 externally since it is used by kubelet')] : [])) : []),
      ]
    case 'ExternalName':
      return [
        ...(clusterIPs.length > 0 ? [forbidden('spec.clusterIPs', 'may not be set for ExternalName services')] : []),
        ...(externalName ? checkText('spec.externalName', externalName.replace(/\.$/, ''), checkSubdomain) : [required('spec.externalName')]),
      ]
    default: return checkRequiredOneOf('spec.type', type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'])
  }
}

function checkPorts(ports: readonly ServicePort[], service: Service): readonly Problem[] {
  if (ports.length === 0) return isHeadless(service) || service.spec.type === 'ExternalName' ? [] : [required('spec.ports')]
  const problems: Problem[] = []
  const names = new Set<string>()
  const pairs = new Set<string>()
  const nodePorts = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const path = `spec.ports[${index}]`
    if (!port.name) {
      if (ports.length > 1) problems.push(required(`${path}.name`))
    } else {
      problems.push(...checkText(`${path}.name`, port.name, checkLabelName))
      if (names.has(port.name)) problems.push(duplicate(`${path}.name`, port.name))
      names.add(port.name)
    }
    if (!isPort(port.port)) problems.push(invalid(`${path}.port`, port.port ?? 0, portFault))
    problems.push(...checkRequiredOneOf(`${path}.protocol`, port.protocol, protocols))
    if (port.targetPort !== undefined && !(port.targetPort === port.port)) problems.push(...checkPortOrName(`${path}.targetPort`, port.targetPort))
    if (port.appProtocol !== undefined) problems.push(...checkText(`${path}.appProtocol`, port.appProtocol, checkLabelKey))
    const pair = `${port.port}/${port.protocol}`
    if (pairs.has(pair)) problems.push(duplicate(path, { protocol: port.protocol, port: port.port }))
    pairs.add(pair)
    if (!port.nodePort) continue
    if (service.spec.type === 'ClusterIP' || service.spec.type === 'ExternalName') {
      problems.push(forbidden(`${path}.nodePort`, `may not be used when \`type\` is '${service.spec.type}'`))
    }
    const outside = `${port.nodePort}/${port.protocol}`
    if (nodePorts.has(outside)) problems.push(duplicate(`${path}.nodePort`, port.nodePort))
    nodePorts.add(outside)
  }
  return problems
}

function checkSession({ spec }: Service): readonly Problem[] {
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  return [
    ...checkRequiredOneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']),
    ...(spec.sessionAffinity === 'ClientIP' && seconds !== undefined && (seconds <= 0 || seconds > sessionMax)
      ? [invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', seconds, `must be greater than 0 and less than ${sessionMax}`)] : []),
    ...(spec.sessionAffinity === 'None' && spec.sessionAffinityConfig !== undefined ? [forbidden('spec.sessionAffinityConfig', 'must not be set when session affinity is None')] : []),
  ]
}

function checkAddresses({ spec }: Service): readonly Problem[] {
  const { clusterIP, clusterIPs = [], externalIPs = [], loadBalancerSourceRanges = [], ipFamilies = [] } = spec
  return [
    ...clusterIPs.flatMap((address, index) => {
      if (address === 'None') return clusterIPs.length > 1 ? [invalid('spec.clusterIPs', clusterIPs, "'None' must be the first and only value")] : []
      return familyOf(address) === undefined ? [invalid(`spec.clusterIPs[${index}]`, address, addressFault)] : []
    }),
    ...(clusterIP && clusterIPs.length > 0 && clusterIP !== clusterIPs[0] ? [invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`')] : []),
    ...externalIPs.flatMap((address, index) => (familyOf(address) === undefined ? [invalid(`spec.externalIPs[${index}]`, address, addressFault)] : [])),
    ...(loadBalancerSourceRanges.length > 0 && spec.type !== 'LoadBalancer' ? [forbidden('spec.loadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'")] : []),
    ...loadBalancerSourceRanges.flatMap((range, index) => (isCidr(range.trim()) ? [] : [invalid(`spec.loadBalancerSourceRanges[${index}]`, range, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')])),
    ...ipFamilies.flatMap((family, index) => checkOneOf(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6'])),
    ...checkOneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, ['SingleStack', 'PreferDualStack', 'RequireDualStack']),
  ]
}

function checkPolicies({ spec }: Service): readonly Problem[] {
  const reachable = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0
  return [
    ...(spec.externalTrafficPolicy === undefined ? []
      : reachable ? checkOneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local'])
        : [invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services')]),
    ...(spec.type === 'ExternalName' ? [] : checkRequiredOneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local'])),
    ...(spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer' ? [forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'")] : []),
    ...(spec.loadBalancerClass !== undefined && spec.type !== 'LoadBalancer' ? [forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'")] : []),
    ...checkOneOf('spec.trafficDistribution', spec.trafficDistribution, ['PreferClose', 'PreferSameNode', 'PreferSameZone']),
  ]
}

function checkChange(next: Service, before: Service): readonly Problem[] {
  if (next.spec.type === 'ExternalName' || before.spec.type === 'ExternalName') return []
  const [was, is] = [before.spec.clusterIPs?.[0] ?? '', next.spec.clusterIPs?.[0] ?? '']
  return [
    ...(was !== '' && is === '' ? [invalid('spec.clusterIPs[0]', is, 'primary clusterIP can not be unset')] : []),
    ...(was !== '' && is !== '' && was !== is ? [invalid('spec.clusterIPs[0]', next.spec.clusterIPs, 'may not change once set')] : []),
    ...(before.spec.type === 'LoadBalancer' && next.spec.type === 'LoadBalancer' && before.spec.loadBalancerClass !== next.spec.loadBalancerClass
      ? [immutable('spec.loadBalancerClass', next.spec.loadBalancerClass ?? '')] : []),
  ]
}
