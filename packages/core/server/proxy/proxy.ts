// pods/proxy, services/proxy and nodes/proxy: requests that go on to what they name, and its answer that comes back.
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import { type Node, nodes, pods, services } from '../../api/resources.ts'
import { isSimulated } from '../../api/simulated.ts'
import type { User } from '../access/types.ts'
import type { Call } from '../call.ts'
import { admitConnect } from '../connect.ts'
import type { Machine } from '../machine.ts'
import { badRequest, notFound } from '../refusals.ts'
import type { Answer } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import type { Endpoint } from '../registry.ts'
import type { Asks, Proxy } from '../types.ts'
import { podTarget, readNamed, serviceTarget, type Target } from './target.ts'

/** Answers a request to a proxy subresource with where it goes on. */
export function proxied(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, user: User): Answer | Refusal | Asks {
  const named = readNamed(route.name)
  if (named === undefined) return badRequest(`invalid ${route.plural.slice(0, -1)} request ${JSON.stringify(route.name)}`)
  const { view } = machine.store
  const at = { namespace: route.namespace, name: named.name, port: named.port }
  const object = view.get(endpoint.kind, route.namespace, named.name)
  if (object === undefined) return notFound(endpoint.kind, named.name)
  const { prefix, rest } = split(call.request.path)
  const refused = admitConnect(machine, call, endpoint, object, { subresource: 'proxy', kind: `${endpoint.kind.kind}ProxyOptions`, options: { path: rest } }, user)
  if (refused !== undefined) return refused
  const target = route.plural === nodes.plural ? nodeTarget(object as Node, named.port) : route.plural === services.plural ? serviceTarget(view, at, call.draws.random) : podTarget(view, at)
  if (isRefusal(target)) return target
  // So that relative links in a page work, as upstream sends a browser to the directory.
  if (rest === '' && call.request.method === 'GET') return { is: 'raw', status: 301, contentType: 'text/plain; charset=utf-8', body: [], headers: { location: `${prefix}/${query(call)}` } }
  const proxy: Proxy = {
    ...target, scheme: named.scheme, path: `${rest === '' ? '/' : rest}${query(call)}`, prefix,
    // As upstream: what is behind a name of the cluster's has no certificate that anybody could check.
    verify: { is: 'never' }, identity: 'none', headers: {},
  }
  return { is: 'proxy', proxy, asOf: view.revision }
}

const query = ({ request }: Call): string => (request.query === '' ? '' : `?${request.query}`)

/** The path up to the subresource, and what follows it, as the client wrote it. */
function split(path: string): { readonly prefix: string; readonly rest: string } {
  const at = /^\/api\/v1(?:\/namespaces\/[^/]+)?\/(?:pods|services|nodes)\/[^/]+\/proxy/.exec(path)
  return at === null ? { prefix: path, rest: '' } : { prefix: at[0], rest: path.slice(at[0].length) }
}

const kubeletPort = '10250'

/** A node's kubelet, or another port of the node, as upstream's tells them apart. */
function nodeTarget(node: Node, port: string): (Target & Pick<Proxy, 'kubelet'>) | Refusal {
  const { name } = node.metadata
  if (isSimulated(node)) return { refused: true, code: 503, reason: 'ServiceUnavailable', message: `node ${name} is simulated: there is no kubelet to reach` }
  if (port === '' || port === kubeletPort) return { address: '', port: Number(kubeletPort), kubelet: name }
  const address = (node.status?.addresses ?? []).find(({ type }) => type === 'InternalIP')?.address
  const number = Number(port)
  if (!Number.isInteger(number) || number < 1 || number > 65535) return badRequest(`invalid port ${JSON.stringify(port)}`)
  return address === undefined ? badRequest('address not allowed') : { address, port: number }
}

/** What `proxied` is asked about. */
export const isProxied = (route: ResourceRoute): boolean => route.subresource === 'proxy' && [pods.plural, services.plural, nodes.plural].includes(route.plural)
