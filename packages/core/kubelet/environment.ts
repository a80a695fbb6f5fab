import type { Container } from '../api/generated/types.ts'
import { configMaps, type Pod, secrets, services } from '../api/resources.ts'
import type { ClusterView } from '../api/view.ts'
import { joinedPort } from '../rules/addresses.ts'
import { amountOf } from '../rules/requests.ts'
import { textOfBase64 } from '../base/bytes.ts'
import { nodeAddresses, type NodeShape } from './node-shape.ts'

export interface Circumstances {
  readonly pod: Pod
  readonly view: ClusterView
  readonly node: NodeShape
  readonly podIps: readonly string[]
}
/** Environment, or why it cannot be made (waiting reason CreateContainerConfigError). */
export type Environment = { readonly is: 'environment'; readonly variables: readonly (readonly [string, string])[] } | { readonly is: 'missing'; readonly message: string }

/** A container's environment: service links, then envFrom, then env in order, later ones winning, $(NAME) expanded. */
export function environmentOf(container: Container, around: Circumstances): Environment {
  const variables = new Map<string, string>()
  const links = around.node.simulated ? new Map<string, string>() : serviceLinks(around)
  for (const source of container.envFrom ?? []) {
    const found = sourceOf(source, around)
    if (found.is === 'missing') return found
    for (const [key, value] of found.entries) variables.set(`${source.prefix ?? ''}${key}`, value)
  }
  for (const variable of container.env ?? []) {
    if (variable.valueFrom === undefined) {
      variables.set(variable.name, expand(variable.value ?? '', (name) => variables.get(name) ?? links.get(name)))
      continue
    }
    const found = valueOf(variable.valueFrom, container, around)
    if (found.is === 'missing') return found
    if (found.is === 'value') variables.set(variable.name, found.value)
  }
  for (const [name, value] of links) if (!variables.has(name)) variables.set(name, value)
  return { is: 'environment', variables: [...variables] }
}

/** Replaces $(NAME) where NAME is known; $$ stands for $. Unknown references stay as they are. */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  if (!text.includes('$')) return text
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => (name === undefined ? '$' : lookUp(name) ?? whole))
}

type Found = { readonly is: 'value'; readonly value: string } | { readonly is: 'nothing' } | { readonly is: 'missing'; readonly message: string }

function valueOf(source: NonNullable<NonNullable<Container['env']>[number]['valueFrom']>, container: Container, around: Circumstances): Found {
  const { pod, view } = around
  const namespace = pod.metadata.namespace ?? ''
  if (source.fieldRef !== undefined) {
    const value = fieldOf(source.fieldRef.fieldPath, around)
    return value === undefined ? { is: 'missing', message: `unsupported fieldPath: ${source.fieldRef.fieldPath}` } : { is: 'value', value }
  }
  if (source.resourceFieldRef !== undefined) return resourceOf(source.resourceFieldRef, container, around)
  if (source.configMapKeyRef !== undefined) {
    const { name = '', key, optional = false } = source.configMapKeyRef
    const map = view.get(configMaps, namespace, name)
    if (map === undefined) return optional ? { is: 'nothing' } : { is: 'missing', message: `configmap "${name}" not found` }
    const value = map.data?.[key]
    if (value === undefined) return optional ? { is: 'nothing' } : { is: 'missing', message: `couldn't find key ${key} in ConfigMap ${namespace}/${name}` }
    return { is: 'value', value }
  }
  if (source.secretKeyRef !== undefined) {
    const { name = '', key, optional = false } = source.secretKeyRef
    const secret = view.get(secrets, namespace, name)
    if (secret === undefined) return optional ? { is: 'nothing' } : { is: 'missing', message: `secret "${name}" not found` }
    const value = secret.data?.[key]
    if (value === undefined) return optional ? { is: 'nothing' } : { is: 'missing', message: `couldn't find key ${key} in Secret ${namespace}/${name}` }
    return { is: 'value', value: textOfBase64(value) }
  }
  return { is: 'nothing' }
}

function sourceOf(source: NonNullable<Container['envFrom']>[number], { pod, view }: Circumstances): { readonly is: 'entries'; readonly entries: readonly (readonly [string, string])[] } | { readonly is: 'missing'; readonly message: string } {
  const namespace = pod.metadata.namespace ?? ''
  const none = { is: 'entries', entries: [] } as const
  if (source.configMapRef !== undefined) {
    const { name = '', optional = false } = source.configMapRef
    const map = view.get(configMaps, namespace, name)
    if (map === undefined) return optional ? none : { is: 'missing', message: `configmap "${name}" not found` }
    return { is: 'entries', entries: Object.entries(map.data ?? {}) }
  }
  if (source.secretRef !== undefined) {
    const { name = '', optional = false } = source.secretRef
    const secret = view.get(secrets, namespace, name)
    if (secret === undefined) return optional ? none : { is: 'missing', message: `secret "${name}" not found` }
    return { is: 'entries', entries: Object.entries(secret.data ?? {}).map(([key, value]) => [key, textOfBase64(value)]) }
  }
  return none
}

/** A field of the pod as the downward API gives it; undefined when there is no such field. */
export function fieldOf(path: string, { pod, node, podIps }: Circumstances): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path)
  if (keyed !== null) return (keyed[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[keyed[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name': return pod.metadata.name
    case 'metadata.namespace': return pod.metadata.namespace ?? ''
    case 'metadata.uid': return pod.metadata.uid
    case 'metadata.labels': return lines(pod.metadata.labels)
    case 'metadata.annotations': return lines(pod.metadata.annotations)
    case 'spec.nodeName': return pod.spec.nodeName ?? ''
    case 'spec.serviceAccountName': return pod.spec.serviceAccountName ?? ''
    case 'status.hostIP': return node.address
    case 'status.hostIPs': return nodeAddresses(node).join(',')
    case 'status.podIP': return podIps[0] ?? ''
    case 'status.podIPs': return podIps.join(',')
    default: return undefined
  }
}
const lines = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join('\n')

/** A container's request or limit, divided and rounded up; a limit that is not set is what the node has to give. */
export function resourceOf(reference: { readonly containerName?: string; readonly resource: string; readonly divisor?: string }, container: Container, { pod, node }: Circumstances): Found {
  const of = reference.containerName === undefined || reference.containerName === '' ? container
    : [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((one) => one.name === reference.containerName)
  if (of === undefined) return { is: 'missing', message: `container ${reference.containerName ?? ''} not found` }
  const [which = '', ...rest] = reference.resource.split('.')
  const resource = rest.join('.')
  if (which !== 'limits' && which !== 'requests') return { is: 'missing', message: `unsupported container resource : ${reference.resource}` }
  const quantity = of.resources?.[which]?.[resource] ?? (which === 'limits' ? (node.allocatable ?? node.capacity)[resource] : undefined)
  const amount = amountOf(resource, quantity)
  const divisor = amountOf(resource, reference.divisor === undefined || reference.divisor === '0' ? '1' : reference.divisor)
  return { is: 'value', value: String(Math.ceil(amount / divisor)) }
}

/** The variables that tell containers of the services of their namespace, and of the API's. */
function serviceLinks({ pod, view }: Circumstances): Map<string, string> {
  const links = new Map<string, string>()
  const namespace = pod.metadata.namespace ?? ''
  const api = view.get(services, 'default', 'kubernetes')
  const own = pod.spec.enableServiceLinks === false ? [] : view.list(services, namespace)
  for (const service of [...(api === undefined ? [] : [api]), ...own]) {
    const address = service.spec.clusterIP
    const ports = service.spec.ports ?? []
    const first = ports[0]
    if (address === undefined || address === '' || address === 'None' || first === undefined) continue
    const name = service.metadata.name.toUpperCase().replaceAll('-', '_')
    links.set(`${name}_SERVICE_HOST`, address)
    links.set(`${name}_SERVICE_PORT`, String(first.port))
    for (const port of ports) if (port.name !== undefined && port.name !== '') links.set(`${name}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port))
    const url = (port: typeof first): string => `${(port.protocol ?? 'TCP').toLowerCase()}://${joinedPort(address, port.port)}`
    links.set(`${name}_PORT`, url(first))
    for (const port of ports) {
      const prefix = `${name}_PORT_${port.port}_${(port.protocol ?? 'TCP').toUpperCase()}`
      links.set(prefix, url(port))
      links.set(`${prefix}_PROTO`, (port.protocol ?? 'TCP').toLowerCase())
      links.set(`${prefix}_PORT`, String(port.port))
      links.set(`${prefix}_ADDR`, address)
    }
  }
  return links
}
