// Discovery: what is served, in the legacy form (one document a version) and aggregated (two documents in all).
import { sha256 } from '../../base/index.ts'
import type { Call } from '../call.ts'
import type { Machine } from '../machine.ts'
import { clausesOf } from '../negotiate.ts'
import { type AnyKind, type AnySubresource, type Endpoint, type Registry, subresourceKind, subresourceVerbs, verbsOf } from '../registry.ts'
import { aggregatedVersions } from '../proxy/aggregate.ts'
import { remoteDiscovery, remoteVersions } from '../proxy/remote-discovery.ts'
import type { Answer } from '../reply.ts'
import { type Asks, isAsks } from '../types.ts'
import { pageNotFound, utf8, value } from '../reply.ts'
import { type Review, reviewsOf } from '../access/reviews.ts'

const groupVersionOf = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`)

/** Answers /api, /apis, /api/v1, /apis/GROUP and /apis/GROUP/VERSION; undefined for other paths. */
export function discover(machine: Machine, call: Call, path: string): Answer | Asks | undefined {
  const { headers } = call.request
  const parts = path.split('/').filter((part) => part !== '')
  const { registry } = machine
  if (parts[0] === 'api') {
    if (parts.length === 1) return aggregated(registry, headers, (group) => group === '') ?? value(versions(machine))
    return parts.length === 2 ? resourceList(registry, '', parts[1] ?? '') : undefined
  }
  if (parts[0] !== 'apis') return undefined
  const [, group = '', version = ''] = parts
  const elsewhere = aggregatedVersions(machine)
  if (parts.length === 1) {
    const form = formOf(headers)
    if (form === undefined) return value({ kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(registry, elsewhere).filter(({ name }) => name !== '').map(apiGroup) })
    return elsewhere.length === 0 ? aggregated(registry, headers, (name) => name !== '') : withRemotes(machine, call, form)
  }
  if (parts.length === 2) {
    const found = groupsOf(registry, elsewhere).find(({ name }) => name === group)
    return found === undefined ? pageNotFound : value({ kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(found) })
  }
  return parts.length === 3 ? resourceList(registry, group, version) : undefined
}

const versions = ({ registry, options }: Machine) => ({
  kind: 'APIVersions', versions: registry.groups.find(({ name }) => name === '')?.versions ?? [],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: options.address ?? '127.0.0.1:6443' }],
})

function apiGroup({ name, versions: found }: { readonly name: string; readonly versions: readonly string[] }) {
  const listed = found.map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: listed, preferredVersion: listed.find(({ version }) => version === preferredOfOld[name]) ?? listed[0] }
}
/**
 * What old clients need preferred: kubectl before 1.21 makes jobs of v1beta1 CronJobs only, and it alone reads these
 * documents to choose a version. Newer ones read the aggregated documents, where the newest version leads.
 */
const preferredOfOld: Readonly<Record<string, string>> = { batch: 'v1beta1' }

function resourceList(registry: Registry, group: string, version: string): Answer {
  const endpoints = registry.served(group, version)
  const virtual = reviewsOf(group, version)
  if (endpoints.length === 0 && virtual.length === 0) return pageNotFound
  return value({
    // As upstream, whose oldest group says nothing of the list's own version.
    kind: 'APIResourceList', ...(group !== '' && { apiVersion: 'v1' }), groupVersion: groupVersionOf(group, version),
    resources: [
      ...virtual.map((review) => ({ name: review.plural, singularName: review.plural.slice(0, -1), namespaced: review.namespaced, kind: review.kind, verbs: ['create'] })),
      ...endpoints.flatMap(({ kind }) => [
        {
          name: kind.plural, singularName: kind.singular, namespaced: kind.scope === 'Namespaced', kind: kind.kind, verbs: verbsOf(kind),
          ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }), ...(kind.categories.length > 0 && { categories: kind.categories }),
          ...(kind.computed === undefined && { storageVersionHash: storageVersionHash(registry, kind) }),
        },
        ...subresourcesOf(kind).map((subresource) => ({
          name: `${kind.plural}/${subresource.name}`, singularName: '', namespaced: kind.scope === 'Namespaced',
          ...subresourceKind(subresource, kind.kind), verbs: subresourceVerbs(subresource),
        })),
      ]),
    ],
  })
}

/** In the order of their names, but for custom kinds: upstream lists those as it makes them. */
const subresourcesOf = ({ subresources = [], isCustom }: AnyKind): readonly AnySubresource[] => (isCustom ? subresources : subresources.toSorted((a, b) => (a.name < b.name ? -1 : 1)))

/** Names the version in which objects are stored: clients that see it change know that there is something to migrate. */
function storageVersionHash(registry: Registry, kind: AnyKind): string {
  const { served, resource } = registry.byResource(kind.resource) ?? kind
  const stored = served[0]
  const text = resource === 'events' ? '/v1/Event' : `${stored?.group}/${stored?.version}/${kind.kind}`
  const known = hashes.get(text) ?? btoa(String.fromCharCode(...sha256(text).subarray(0, storageHashBytes)))
  hashes.set(text, known)
  return known
}
const storageHashBytes = 8
const hashes = new Map<string, string>()

/** The aggregated document, when the client asks for it. Clients look for the parameters in the answer's Content-Type. */
function aggregated(registry: Registry, headers: Readonly<Record<string, string>>, wanted: (group: string) => boolean): Answer | undefined {
  const version = formOf(headers)
  if (version === undefined) return undefined
  const { document, tag } = keptDocument(registry, version, wanted)
  return sent(version, document, tag, headers)
}

/** The version of the aggregated document that a client asks for. */
function formOf(headers: Readonly<Record<string, string>>): 'v2' | 'v2beta1' | undefined {
  const clause = clausesOf(headers['accept']).find(({ type, parameters }) => type === 'application/json' || type === '*/*' || parameters['as'] !== undefined)
  const version = clause?.parameters['v']
  return clause?.parameters['as'] !== 'APIGroupDiscoveryList' || clause.type !== 'application/json' || (version !== 'v2' && version !== 'v2beta1') ? undefined : version
}

function sent(version: string, document: Uint8Array, tag: string, headers: Readonly<Record<string, string>>): Answer {
  const shared = { etag: tag, vary: 'Accept', 'cache-control': 'public' }
  // Clients put the headers of a 304 over those they have kept: without the parameters they would see no group at all.
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
  const current = headers['if-none-match'] === tag
  return { is: 'raw', status: current ? 304 : 200, contentType, body: current ? [] : [document], headers: shared }
}

/** The document with what aggregated servers serve besides: they are asked when it is not known. */
function withRemotes(machine: Machine, call: Call, form: 'v2' | 'v2beta1'): Answer | Asks {
  const remotes = remoteVersions(machine, call)
  if (isAsks(remotes)) return remotes
  const own = documentOf(machine.registry, form, (name) => name !== '')
  const items = groupsOf(machine.registry, remotes).filter(({ name }) => name !== '').map(({ name, versions: found }) => {
    const item = own.items.find(({ metadata }) => metadata.name === name)
    const here = new Map((item?.versions ?? []).map((each) => [each.version, each as object]))
    for (const remote of remotes) if (remote.group === name) here.set(remote.version, remoteDiscovery(remote))
    return { metadata: { name }, versions: found.flatMap((each) => here.get(each) ?? []) }
  })
  const document = utf8(JSON.stringify({ ...own, items }))
  return sent(form, document, `"${hash(document)}"`, call.request.headers)
}

/** Groups and their versions, with those of aggregated servers behind them. */
function groupsOf({ groups }: Registry, remotes: readonly { readonly group: string; readonly version: string }[]): Registry['groups'] {
  if (remotes.length === 0) return groups
  const all = new Map(groups.map(({ name, versions: found }) => [name, [...found]]))
  for (const { group, version } of remotes) all.set(group, [...new Set([...(all.get(group) ?? []), version])])
  return [...all].map(([name, found]) => ({ name, versions: found }))
}

const kept = new WeakMap<Registry, Map<string, { readonly document: Uint8Array; readonly tag: string }>>()
function keptDocument(registry: Registry, version: string, wanted: (group: string) => boolean): { readonly document: Uint8Array; readonly tag: string } {
  const documents = kept.get(registry) ?? new Map()
  kept.set(registry, documents)
  const name = `${version} ${wanted('')}`
  const known = documents.get(name)
  if (known !== undefined) return known
  const document = utf8(JSON.stringify(documentOf(registry, version, wanted)))
  const made = { document, tag: `"${hash(document)}"` }
  documents.set(name, made)
  return made
}

function documentOf(registry: Registry, version: string, wanted: (group: string) => boolean) {
  return {
    kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {},
    items: registry.groups.filter(({ name }) => wanted(name)).map(({ name, versions: found }) => ({
      metadata: (name === '' ? {} : { name }) as { readonly name?: string },
      versions: found.map((each) => ({
        version: each, freshness: 'Current',
        resources: [...reviewsOf(name, each).map(reviewDiscovery), ...registry.served(name, each).map((endpoint) => resourceDiscovery(endpoint))],
      })),
    })),
  }
}
const reviewDiscovery = (review: Review) => ({
  resource: review.plural, responseKind: { group: '', version: '', kind: review.kind },
  scope: review.namespaced ? 'Namespaced' : 'Cluster', singularResource: review.plural.slice(0, -1), verbs: ['create'],
})
/** Upstream says of built-in kinds no group and no version here: they are those around them. */
const ownKind = ({ kind, served }: Endpoint, name = kind.kind) => (kind.isCustom ? { group: served.group, version: served.version, kind: name } : { group: '', version: '', kind: name })
const resourceDiscovery = (endpoint: Endpoint, { kind } = endpoint) => ({
  resource: kind.plural, responseKind: ownKind(endpoint), scope: kind.scope, singularResource: kind.singular, verbs: verbsOf(kind),
  ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }), ...(kind.categories.length > 0 && { categories: kind.categories }),
  ...(subresourcesOf(kind).length > 0 && {
    subresources: subresourcesOf(kind).map((subresource) => {
      const other = subresourceKind(subresource, kind.kind)
      return {
        subresource: subresource.name,
        responseKind: other.version === undefined ? ownKind(endpoint, other.kind) : { group: other.group ?? '', version: other.version, kind: other.kind },
        verbs: subresourceVerbs(subresource),
      }
    }),
  }),
})

/** FNV-1a in 32 bits as hex: names a document's content, no secret. */
function hash(bytes: Uint8Array): string {
  let value = 0x811c9dc5
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0').toUpperCase()
}
