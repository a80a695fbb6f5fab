// What upstream's validation of Ingresses refuses.
import type { HTTPIngressPath, HTTPIngressRuleValue, IngressBackend, IngressRule, IngressTLS } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Ingress } from '../../../resources.ts'
import { checkLabelName, checkSubdomain, type TextRule } from '../../../selectors/syntax.ts'
import { checkOldAddress, isAddressLike } from '../../addressrules.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkPortName, isPort, portFault } from '../../ports.ts'
import { checkRequiredText, checkText, invalid, required, unsupported } from '../../problems.ts'
import { checkReference } from '../references.ts'

/** How an Ingress named its class before it had a field for it. */
export const classAnnotation = 'kubernetes.io/ingress.class'
const nameFault = 'must be a DNS name, not an IP address'
const pathTypes: readonly string[] = ['Exact', 'ImplementationSpecific', 'Prefix']
const badSequences: readonly string[] = ['//', '/./', '/../', '%2f', '%2F']
const badEnds: readonly string[] = ['/..', '/.']
const wildcard = /^\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const wildcardFault = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

const checkWildcard: TextRule = (host) => [...(host.length > 253 ? ['must be no more than 253 characters'] : []), ...(wildcard.test(host) ? [] : [wildcardFault])]
const isWildcard = (host: string): boolean => host.includes('*')
const checkHost: TextRule = (host) => (isWildcard(host) ? checkWildcard(host) : checkSubdomain(host))

export function checkIngress(next: Ingress, before: Ingress | undefined): readonly Problem[] {
  const { spec, metadata } = next
  const asked = metadata.annotations?.[classAnnotation]
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...((spec.rules ?? []).length === 0 && spec.defaultBackend === undefined ? [invalid('spec', null, 'either `defaultBackend` or `rules` must be specified')] : []),
    ...(spec.defaultBackend === undefined ? [] : checkBackend(spec.defaultBackend, 'spec.defaultBackend')),
    ...checkRules(spec.rules ?? [], before),
    ...checkTls(spec.tls ?? [], before),
    ...(spec.ingressClassName === undefined ? [] : checkText('spec.ingressClassName', spec.ingressClassName, checkSubdomain)),
    ...(before === undefined && asked !== undefined && spec.ingressClassName !== undefined && asked !== spec.ingressClassName
      ? [invalid(`annotations.${classAnnotation}`, asked, 'must match `ingressClassName` when both are specified')] : []),
  ]
}

function checkRules(rules: readonly IngressRule[], before: Ingress | undefined): readonly Problem[] {
  // As upstream: rules of wildcard hosts that were stored broken may stay broken.
  const lenient = (before?.spec.rules ?? []).some(({ host, http }) => isWildcard(host ?? '') && http !== undefined && checkHttp(http, '').length > 0)
  return rules.flatMap(({ host = '', http }, index) => {
    const path = `spec.rules[${index}]`
    return [
      ...(isAddressLike(host) ? [invalid(`${path}.host`, host, nameFault)] : []),
      ...(host === '' ? [] : checkText(`${path}.host`, host, checkHost)),
      ...(http === undefined || (lenient && isWildcard(host)) ? [] : checkHttp(http, `${path}.http`)),
    ]
  })
}

function checkHttp({ paths = [] }: HTTPIngressRuleValue, path: string): readonly Problem[] {
  return paths.length === 0 ? [required(`${path}.paths`)] : paths.flatMap((each, index) => checkPath(each, `${path}.paths[${index}]`))
}

function checkPath({ path = '', pathType, backend = {} }: HTTPIngressPath, at: string): readonly Problem[] {
  if (pathType === undefined) return [required(`${at}.pathType`, 'pathType must be specified')]
  const absolute = path.startsWith('/') ? [] : [invalid(`${at}.path`, path, 'must be an absolute path')]
  return [
    ...(pathType === 'Exact' || pathType === 'Prefix' ? [
      ...absolute,
      ...badSequences.flatMap((bad) => (path.includes(bad) ? [invalid(`${at}.path`, path, `must not contain '${bad}'`)] : [])),
      ...badEnds.flatMap((bad) => (path.endsWith(bad) ? [invalid(`${at}.path`, path, `cannot end with '${bad}'`)] : [])),
    ] : pathType === 'ImplementationSpecific' ? path === '' ? [] : absolute
      : [unsupported(`${at}.pathType`, pathType, pathTypes)]),
    ...checkBackend(backend, `${at}.backend`),
  ]
}

function checkBackend({ resource, service }: IngressBackend, path: string): readonly Problem[] {
  if (resource !== undefined && service !== undefined) return [invalid(path, '', 'cannot set both resource and service backends')]
  if (resource !== undefined) return checkReference(resource, `${path}.resource`)
  if (service === undefined) return [invalid(path, '', 'resource or service backend is required')]
  const { name = '', number = 0 } = service.port ?? {}
  return [
    ...checkRequiredText(`${path}.service.name`, service.name, checkLabelName),
    ...(name !== '' && number !== 0 ? [invalid(path, '', 'cannot set both port name & port number')]
      : name !== '' ? checkText(`${path}.service.port.name`, name, checkPortName)
        : number === 0 ? [required(path, 'port name or number is required')]
          : isPort(number) ? [] : [invalid(`${path}.service.port.number`, number, portFault)]),
  ]
}

function checkTls(all: readonly IngressTLS[], before: Ingress | undefined): readonly Problem[] {
  const lenient = (before?.spec.tls ?? []).some(({ secretName }) => secretName && checkSubdomain(secretName).length > 0)
  return all.flatMap(({ hosts = [], secretName = '' }, index) => {
    const path = `spec.tls[${index}]`
    return [
      ...hosts.flatMap((host, at) => checkText(`${path}.hosts[${at}]`, host, checkHost)),
      ...(secretName === '' || lenient ? [] : checkText(`${path}.secretName`, secretName, checkSubdomain)),
    ]
  })
}

export function checkIngressStatus({ status }: Ingress, before: Ingress): readonly Problem[] {
  const had = (before.status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip || [])
  return (status.loadBalancer?.ingress ?? []).flatMap(({ ip = '', hostname = '' }, index) => {
    const path = `status.loadBalancer.ingress[${index}]`
    return [
      ...(ip === '' ? [] : checkOldAddress(`${path}.ip`, ip, had)),
      ...(hostname === '' ? [] : checkText(`${path}.hostname`, hostname, checkSubdomain)),
      ...(isAddressLike(hostname) ? [invalid(`${path}.hostname`, hostname, nameFault)] : []),
    ]
  })
}
