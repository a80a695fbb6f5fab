// What upstream's ValidateService refuses.
import type { ServicePort } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Service } from '../../../resources.ts'
import { checkLabelKey, checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { addressFault, familyOf, isCidr } from '../../addresses.ts'
import { checkReachable } from '../../addressrules.ts'
import { checkLabels, checkMetadata } from '../../metadata.ts'
import { checkOneOf, checkRequiredOneOf, checkText, duplicate, forbidden, invalid, required } from '../../problems.ts'
import { checkPortOrName, isPort, portFault, protocols } from '../../ports.ts'

const sessionMax = 86400

export function checkService(next: Service, before: Service | undefined): readonly Problem[] {
  const { spec } = next
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced', name: checkLabelName }),
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
  const { type, externalName, clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = service.spec
  switch (type) {
    case 'LoadBalancer': case 'NodePort':
      return [
        ...(isHeadless(service) ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)] : []),
      ]
    case 'ExternalName':
      return [
        ...([['clusterIPs', clusterIPs.length > 0], ['ipFamilies', ipFamilies.length > 0], ['ipFamilyPolicy', ipFamilyPolicy !== undefined]] as const)
          .filter(([, given]) => given).map(([field]) => forbidden(`spec.${field}`, 'may not be set for ExternalName services')),
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
    problems.push(...checkPortOrName(`${path}.targetPort`, port.targetPort ?? port.port ?? 0))
    if (port.appProtocol !== undefined) problems.push(...checkText(`${path}.appProtocol`, port.appProtocol, checkLabelKey))
    const pair = `${port.port}/${port.protocol}`
    if (pairs.has(pair)) problems.push(duplicate(path, { Name: '', Protocol: port.protocol, AppProtocol: null, Port: port.port, TargetPort: 0, NodePort: 0 }))
    pairs.add(pair)
    if (!port.nodePort) continue
    if (service.spec.type === 'ClusterIP') problems.push(forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'"))
    const outside = `${port.nodePort}/${port.protocol}`
    if (nodePorts.has(outside)) problems.push(duplicate(`${path}.nodePort`, port.nodePort))
    nodePorts.add(outside)
  }
  return problems
}

function checkSession({ spec }: Service): readonly Problem[] {
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  const path = 'spec.sessionAffinityConfig'
  const absent = spec.sessionAffinityConfig === undefined ? path : spec.sessionAffinityConfig.clientIP === undefined ? `${path}.clientIP` : seconds === undefined ? `${path}.clientIP.timeoutSeconds` : undefined
  return [
    ...checkRequiredOneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']),
    ...(spec.sessionAffinity === 'ClientIP' && absent !== undefined ? [required(absent, 'when session affinity type is ClientIP')] : []),
    ...(spec.sessionAffinity === 'ClientIP' && seconds !== undefined && (seconds <= 0 || seconds > sessionMax)
      ? [invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', seconds, `must be greater than 0 and less than ${sessionMax}`)] : []),
    ...(spec.sessionAffinity === 'None' && spec.sessionAffinityConfig !== undefined ? [forbidden('spec.sessionAffinityConfig', 'must not be set when session affinity is None')] : []),
  ]
}

function checkAddresses({ spec }: Service): readonly Problem[] {
  const { externalIPs = [], loadBalancerSourceRanges = [] } = spec
  return [
    ...(spec.type === 'ExternalName' ? [] : checkClusterAddresses(spec)),
    ...externalIPs.flatMap((address, index) => (familyOf(address) === undefined ? [invalid(`spec.externalIPs[${index}]`, address, addressFault)] : checkReachable(`spec.externalIPs[${index}]`, address))),
    ...(loadBalancerSourceRanges.length > 0 && spec.type !== 'LoadBalancer' ? [forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'")] : []),
    ...loadBalancerSourceRanges.flatMap((range, index) => (isCidr(range.trim()) ? [] : [invalid(`spec.LoadBalancerSourceRanges[${index}]`, range, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')])),
  ]
}

/** The addresses within the cluster and their families. */
export function checkClusterAddresses(spec: Service['spec']): readonly Problem[] {
  const { clusterIP, clusterIPs = [], ipFamilies = [] } = spec
  const at = 'spec.clusterIPs'
  const misplaced = clusterIPs[0] === 'None' && clusterIPs.length > 1
  const malformed = clusterIPs.flatMap((address, index) => (familyOf(address) === undefined && (index > 0 || address !== 'None') ? [invalid(`${at}[${index}]`, address, addressFault)] : []))
  const families = clusterIPs.map(familyOf)
  return [
    ...(clusterIP ? clusterIPs.length === 0 ? [required(at)] : clusterIP !== clusterIPs[0] ? [invalid(at, clusterIPs, 'first value must match `clusterIP`')] : []
      : clusterIPs.length > 0 ? [invalid(at, clusterIPs, 'must be empty when `clusterIP` is not specified')] : []),
    ...ipFamilies.flatMap((family, index) => [
      ...checkOneOf(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']), ...(ipFamilies.indexOf(family) < index ? [duplicate(`spec.ipFamilies[${index}]`, family)] : []),
    ]),
    ...checkOneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack']),
    ...(misplaced ? [invalid(at, clusterIPs, "'None' must be the first and only value")] : []),
    ...malformed,
    ...(clusterIPs.length > 2 ? [invalid(at, clusterIPs, 'may only hold up to 2 values')] : []),
    ...(misplaced || malformed.length > 0 ? [] : [
      ...(clusterIPs.length > 1 && new Set(families).size < clusterIPs.length ? [invalid(at, clusterIPs, 'may specify no more than one IP for each IP family')] : []),
      ...(clusterIPs[0] === 'None' ? [] : clusterIPs.flatMap((address, index) =>
        (index < ipFamilies.length && families[index] !== ipFamilies[index] ? [invalid(`${at}[${index}]`, address, `expected an ${ipFamilies[index]} value as indicated by \`ipFamilies[${index}]\``)] : []))),
    ]),
  ]
}

/** The balancer's places, as upstream's ValidateLoadBalancerStatus. */
export function checkServiceStatus(next: Service): readonly Problem[] {
  const path = 'status.loadBalancer.ingress'
  const ingress = next.status.loadBalancer?.ingress ?? []
  if (next.spec.type !== 'LoadBalancer' && ingress.length > 0) return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  return ingress.flatMap(({ ip, ipMode, hostname }, index) => {
    const at = `${path}[${index}]`
    return [
      ...(ip && familyOf(ip) === undefined ? [invalid(`${at}.ip`, ip, addressFault)] : []),
      ...(ipMode === undefined ? ip ? [required(`${at}.ipMode`, 'must be specified when `ip` is set')] : []
        : ip ? checkOneOf(`${at}.ipMode`, ipMode, ['Proxy', 'VIP']) : [forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set')]),
      ...(hostname ? [...checkText(`${at}.hostname`, hostname, checkSubdomain), ...(familyOf(hostname) === undefined ? [] : [invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address')])] : []),
    ]
  })
}

function checkPolicies({ spec }: Service): readonly Problem[] {
  const reachable = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0)
  return [
    ...(reachable ? checkRequiredOneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local'])
      : spec.externalTrafficPolicy ? [invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services')] : []),
    ...(needsHealthCheck(spec) ? spec.healthCheckNodePort ? isPort(spec.healthCheckNodePort) ? [] : [invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, portFault)] : [required('spec.healthCheckNodePort')]
      : spec.healthCheckNodePort ? [invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")] : []),
    ...(spec.internalTrafficPolicy !== undefined ? checkOneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local'])
      : spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP' ? [required('spec.internalTrafficPolicy')] : []),
    ...(spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer' ? [forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'")] : []),
    ...(spec.loadBalancerClass !== undefined && spec.type !== 'LoadBalancer' ? [forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'")] : []),
    ...(spec.loadBalancerClass !== undefined && spec.type === 'LoadBalancer' ? checkText('spec.loadBalancerClass', spec.loadBalancerClass, checkLabelKey) : []),
    ...checkOneOf('spec.trafficDistribution', spec.trafficDistribution, ['PreferClose', 'PreferSameZone', 'PreferSameNode']),
  ]
}

function checkChange(next: Service, before: Service): readonly Problem[] {
  if (next.spec.type === 'ExternalName' || before.spec.type === 'ExternalName') return []
  const [port, had] = [next.spec.healthCheckNodePort, before.spec.healthCheckNodePort]
  return [
    ...checkAddressChange(next, before),
    ...(before.spec.type === 'LoadBalancer' && next.spec.type === 'LoadBalancer' && before.spec.loadBalancerClass !== next.spec.loadBalancerClass
      ? [invalid('spec.loadBalancerClass', next.spec.loadBalancerClass ?? null, 'may not change once set')] : []),
    ...(needsHealthCheck(before.spec) && needsHealthCheck(next.spec) && port !== had ? [forbidden('spec.healthCheckNodePort', 'field is immutable')] : []),
  ]
}

/** What an update makes of the addresses and their families. */
export function checkAddressChange(next: Service, before: Service): readonly Problem[] {
  if (next.spec.type === 'ExternalName' || before.spec.type === 'ExternalName') return []
  const [headless, wasHeadless] = [isHeadless(next), isHeadless(before)]
  return [
    ...(headless && wasHeadless ? [] : checkListChange('clusterIPs', 'clusterIP', next, before)),
    ...(headless || wasHeadless ? [] : checkListChange('ipFamilies', 'ipFamily', next, before)),
  ]
}

/** The first address or family stays; a second may come, and go when the policy says so. */
function checkListChange(field: 'clusterIPs' | 'ipFamilies', one: string, { spec }: Service, { spec: old }: Service): readonly Problem[] {
  const [is, was]: readonly (readonly string[])[] = [spec[field] ?? [], old[field] ?? []]
  const at = `spec.${field}`
  const mayNot = (index: number): Problem => invalid(`${at}[${field === 'clusterIPs' ? index : 0}]`, is, 'may not change once set')
  if (is === undefined || was === undefined) return []
  if (is.length === was.length) return was.flatMap((each, index) => (each === is[index] ? [] : [mayNot(index)]))
  if (is.length === 0) return [invalid(`${at}[0]`, is, `primary ${one} can not be unset`)]
  return [
    ...(was.length > 0 && is[0] !== was[0] ? [mayNot(0)] : []),
    ...(is.length < was.length && is.length === 1 && spec.ipFamilyPolicy !== 'SingleStack' ? [invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, `must be set to 'SingleStack' when releasing the secondary ${one}`)] : []),
  ]
}

/** A balancer that keeps the client's address asks the nodes which of them have pods. */
export const needsHealthCheck = ({ type, externalTrafficPolicy }: Service['spec']): boolean => type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
