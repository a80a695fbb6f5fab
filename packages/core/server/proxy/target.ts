// Where a request that goes on to a pod, a Service or a node is sent: an address that the host can dial.
import type { Refusal } from '../../api/refusal.ts'
import { slicesByService } from '../../api/indexes.ts'
import { type EndpointSlice, nodes, pods, type Service, services } from '../../api/resources.ts'
import { isSimulated } from '../../api/simulated.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Random } from '../../base/random.ts'
import { badRequest, notFound } from '../refusals.ts'

export interface Target { readonly address: string; readonly port: number }
/** What a proxied name says: 'https:web:metrics', 'web:8080', 'web'. */
export interface Named { readonly scheme: 'http' | 'https'; readonly name: string; readonly port: string }

/** Reads '[SCHEME:]NAME[:PORT]', as the names of proxied pods and Services are written. */
export function readNamed(text: string): Named | undefined {
  const parts = text.split(':')
  if (parts.length === 1) return { scheme: 'http', name: text, port: '' }
  if (parts.length === 2) return { scheme: 'http', name: parts[0] ?? '', port: parts[1] ?? '' }
  const [scheme, name = '', port = ''] = parts
  if (parts.length > 3 || (scheme !== 'http' && scheme !== 'https' && scheme !== '')) return undefined
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port }
}

const unavailable = (message: string): Refusal => ({ refused: true, code: 503, reason: 'ServiceUnavailable', message })

/** A ready endpoint of a Service's port, by the port's name or number ('' takes the only one). Refused with 404 or 503, in upstream's words. */
export function serviceTarget(view: ClusterView, at: { readonly namespace: string; readonly name: string; readonly port: string }, random: Random): Target | Refusal {
  const service = view.get(services, at.namespace, at.name)
  if (service === undefined) return notFound(services, at.name)
  if (service.spec.type === 'ExternalName' && service.spec.externalName) return { address: service.spec.externalName, port: Number(at.port) || 443 }
  const port = portOf(service, at.port)
  if (port === undefined) return unavailable(`no service port ${JSON.stringify(at.port)} found for service ${JSON.stringify(at.name)}`)
  const found: { readonly target: Target; readonly pod: string | undefined }[] = []
  for (const slice of view.by(slicesByService, `${at.namespace}/${at.name}`)) found.push(...endpointsOf(slice, port))
  if (found.length === 0) return unavailable(`no endpoints available for service ${JSON.stringify(at.name)}`)
  const chosen = found[random.below(found.length)] ?? found[0]
  if (chosen === undefined) return unavailable(`no endpoints available for service ${JSON.stringify(at.name)}`)
  const simulated = chosen.pod === undefined ? undefined : simulatedRefusal(view, at.namespace, chosen.pod)
  return simulated ?? chosen.target
}

/** The name of the Service's port; it is '' where its only port has none. */
function portOf(service: Service, asked: string): string | undefined {
  const ports = service.spec.ports ?? []
  const port = asked === '' ? (ports.length === 1 ? ports[0] : ports.find(({ name }) => name === undefined || name === '')) : ports.find(({ name, port: number }) => name === asked || String(number) === asked)
  return port === undefined ? undefined : port.name ?? ''
}

function endpointsOf({ endpoints, ports, addressType }: EndpointSlice, name: string): readonly { readonly target: Target; readonly pod: string | undefined }[] {
  const port = ports?.find((each) => (each.name ?? '') === name)?.port
  if (port === undefined || addressType === 'FQDN') return []
  return (endpoints ?? []).flatMap(({ addresses, conditions, targetRef }) => {
    const [address] = addresses
    if (address === undefined || conditions?.ready === false) return []
    return [{ target: { address, port }, pod: targetRef?.kind === 'Pod' ? targetRef.name : undefined }]
  })
}

/** A pod's address and port: the port named, or the first that its containers declare. */
export function podTarget(view: ClusterView, at: { readonly namespace: string; readonly name: string; readonly port: string }): Target | Refusal {
  const pod = view.get(pods, at.namespace, at.name)
  if (pod === undefined) return notFound(pods, at.name)
  const simulated = simulatedRefusal(view, at.namespace, at.name)
  if (simulated !== undefined) return simulated
  const declared = pod.spec.containers.flatMap(({ ports }) => ports ?? [])[0]?.containerPort
  const port = at.port === '' ? declared ?? 80 : Number(at.port)
  if (!Number.isInteger(port) || port < 1 || port > 65535) return badRequest(`invalid port ${JSON.stringify(at.port)}`)
  const address = pod.status.podIP ?? ''
  // As upstream: what lies on the control plane's own machine is not reached through a pod's name.
  return isPublic(address) ? { address, port } : badRequest('address not allowed')
}

/** Whether an address is another machine's, as upstream's proxy takes them: no loopback, no link-local, no multicast address. */
export const isPublic = (address: string): boolean => address !== '' && !/^(127\.|0\.|169\.254\.|22[4-9]\.|23\d\.|255\.)/.test(address) && !/^(::1?$|fe[89ab]|ff)/i.test(address)

/** Nobody listens in a simulated pod. */
function simulatedRefusal(view: ClusterView, namespace: string, name: string): Refusal | undefined {
  const node = view.get(pods, namespace, name)?.spec.nodeName ?? ''
  const found = node === '' ? undefined : view.get(nodes, '', node)
  return found !== undefined && isSimulated(found) ? unavailable(`pod ${name} runs on the simulated node ${node}: there is no process to reach`) : undefined
}

