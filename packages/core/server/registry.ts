import type { Kind, Served, Subresource } from '../api/kind.ts'
import type { Resource } from '../api/resource.ts'

export type AnyKind = Kind<Resource>
export type AnyServed = Served<Resource>
export type AnySubresource = Subresource<Resource>
/** A kind as one version serves it. */
export interface Endpoint { readonly kind: AnyKind; readonly served: AnyServed }

/** Which kinds there are, by the names that requests use. */
export interface Registry {
  readonly kinds: readonly AnyKind[]
  /** Groups in the order discovery lists them, each with its versions, preferred first. */
  readonly groups: readonly { readonly name: string; readonly versions: readonly string[] }[]
  /** What one group and version serves, in the order discovery lists it. */
  served(group: string, version: string): readonly Endpoint[]
  endpoint(group: string, version: string, plural: string): Endpoint | undefined
  byResource(resource: string): AnyKind | undefined
  byGroupKind(apiVersion: string, kind: string): Endpoint | undefined
}

// As upstream's discovery orders them: kubectl resolves short names in this order.
const order = ['', 'apiregistration.k8s.io', 'apps', 'events.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io', 'autoscaling', 'batch',
  'certificates.k8s.io', 'networking.k8s.io', 'policy', 'rbac.authorization.k8s.io', 'storage.k8s.io', 'admissionregistration.k8s.io',
  'apiextensions.k8s.io', 'scheduling.k8s.io', 'coordination.k8s.io', 'node.k8s.io', 'discovery.k8s.io', 'resource.k8s.io', 'flowcontrol.apiserver.k8s.io']
const rank = (group: string): number => { const at = order.indexOf(group); return at < 0 ? order.length : at }

/** How new a version is: v1 before v1beta1 before v1alpha1, greater numbers first. */
const age = (version: string): readonly [number, number, number] => {
  const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (parts === null) return [3, 0, 0]
  return [parts[2] === undefined ? 0 : parts[2] === 'beta' ? 1 : 2, -Number(parts[1]), -Number(parts[3] ?? 0)]
}
const byAge = (left: string, right: string): number => {
  const [a, b] = [age(left), age(right)]
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || (left < right ? -1 : 1)
}

/** `reviews` are virtual kinds' groups and versions, which only discovery needs to know besides; `hubs` are kinds of which one version is stored and others are served. */
export function createRegistry(kinds: readonly AnyKind[], reviews: readonly { readonly group: string; readonly version: string }[] = [], hubs: readonly AnyKind[] = []): Registry {
  const endpoints = new Map<string, Endpoint>()
  const lists = new Map<string, Endpoint[]>()
  const byKind = new Map<string, Endpoint>()
  const versions = new Map<string, Set<string>>()
  const add = (group: string, version: string): void => { versions.set(group, (versions.get(group) ?? new Set()).add(version)) }
  for (const kind of kinds) for (const served of kind.served) {
    const endpoint = { kind, served }
    const place = `${served.group}/${served.version}`
    endpoints.set(`${place}/${kind.plural}`, endpoint)
    byKind.set(`${served.group === '' ? served.version : place}/${kind.kind}`, endpoint)
    const list = lists.get(place)
    if (list === undefined) lists.set(place, [endpoint])
    else list.push(endpoint)
    add(served.group, served.version)
  }
  for (const { group, version } of reviews) add(group, version)
  for (const list of lists.values()) list.sort((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1))
  const byResource = new Map([...kinds, ...hubs].map((kind) => [kind.resource, kind]))
  return {
    kinds,
    groups: [...versions].map(([name, found]) => ({ name, versions: [...found].sort(byAge) }))
      .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1)),
    served: (group, version) => lists.get(`${group}/${version}`) ?? [],
    endpoint: (group, version, plural) => endpoints.get(`${group}/${version}/${plural}`),
    byResource: (resource) => byResource.get(resource),
    byGroupKind: (apiVersion, kind) => byKind.get(`${apiVersion}/${kind}`),
  }
}

const usual = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
/** The verbs a kind has, in discovery's order. */
/** Upstream lists those of custom kinds in another order. */
const custom = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']
export const verbsOf = (kind: AnyKind): readonly string[] => (kind.isCustom ? custom : usual).filter((verb) => kind.lacks?.includes(verb) !== true)
/** The verbs a subresource has, in discovery's order. */
export function subresourceVerbs(subresource: AnySubresource): readonly string[] {
  switch (subresource.is) {
    case 'status': case 'scale': return ['get', 'patch', 'update']
    case 'create': case 'ask': return ['create']
    case 'update': return subresource.verbs ?? ['update']
    case 'connect': return subresource.verbs
  }
}

/** The kind that a subresource speaks; with group and version where that is another's. */
export function subresourceKind(subresource: AnySubresource, kind: string): { readonly group?: string; readonly version?: string; readonly kind: string } {
  if (subresource.is === 'scale') return { group: 'autoscaling', version: 'v1', kind: 'Scale' }
  if (subresource.is !== 'create' && subresource.is !== 'ask') return subresource.is === 'connect' ? { kind: subresource.name === 'proxy' ? `${kind}ProxyOptions` : connectKinds[subresource.name] ?? kind } : { kind }
  const { body } = subresource
  return body.group === '' ? { kind: body.kind } : body
}
/** What is sent along when a pod is connected to. */
export const connectKinds: Readonly<Record<string, string>> = { exec: 'PodExecOptions', attach: 'PodAttachOptions', portforward: 'PodPortForwardOptions' }

/** The version that objects are stored in. */
export function hubOf(registry: Registry, resource: string): Endpoint | undefined {
  const kind = registry.byResource(resource)
  const served = kind?.served[0]
  return kind === undefined || served === undefined ? undefined : { kind, served }
}
