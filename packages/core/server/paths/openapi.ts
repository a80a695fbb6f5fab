// The OpenAPI documents: made by api/openapi, negotiated and cached here.
import { createOpenApi, gnosticType, type Document, type OpenApi, type ServedResource } from '../../api/openapi/index.ts'
import { descriptionsLoaded, loadDescriptions } from '../../api/schema/index.ts'
import type { Definitions } from '../../api/schema/types.ts'
import { reviews } from '../access/reviews.ts'
import { clausesOf } from '../negotiate.ts'
import { notAcceptable } from '../refusals.ts'
import { type Endpoint, type Registry, subresourceKind, subresourceVerbs, verbsOf } from '../registry.ts'
import { type Answer, text } from '../reply.ts'
import type { Refusal } from '../../api/refusal.ts'

type Headers = Readonly<Record<string, string>>
/** What the old clients ask for: with '@', which is no letter of a media type. */
const gnosticAsked = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
const yearSeconds = 31_536_000

/** Documents of one server, made when first asked for. */
export const openApiOf = (registry: Registry, definitions: Definitions, version: string): OpenApi => createOpenApi({ resources: resourcesOf(registry, definitions), definitions, version })

/** /openapi/v2, /openapi/v3 and the documents under it; undefined for other paths. */
export function openapi(documents: OpenApi, path: string, query: URLSearchParams, headers: Headers): Answer | Refusal | undefined {
  if (path !== '/openapi/v2' && path !== '/openapi/v3' && !path.startsWith('/openapi/v3/')) return undefined
  // What fields mean is loaded for the first who asks; his document may still lack it, and has another hash then.
  if (!descriptionsLoaded()) void loadDescriptions()
  if (path === '/openapi/v2') return version2(documents, headers)
  if (path === '/openapi/v3') return answerOf(documents.v3Index(), 'application/json', headers)
  const place = path.slice('/openapi/v3/'.length)
  const document = documents.v3(place)
  if (document === undefined) return undefined
  const asked = query.get('hash')
  if (asked === null || asked === '') return answerOf(document, 'application/json', headers)
  if (asked !== document.hash) return { ...text('', 301), headers: { location: `/openapi/v3/${place}?hash=${document.hash}` } } as Answer
  const answer = answerOf(document, 'application/json', headers)
  return { ...answer, headers: { ...answer.headers, 'cache-control': `public, immutable, max-age=${yearSeconds}` } }
}

function version2(documents: OpenApi, headers: Headers): Answer | Refusal {
  const clauses = clausesOf(headers['accept'])
  for (const { type } of clauses.length === 0 ? [{ type: '*/*' }] : clauses) {
    if (type === gnosticAsked || type === gnosticType) return answerOf(documents.v2Protobuf(), gnosticType, headers)
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return answerOf(documents.v2(), 'application/json', headers)
  }
  return notAcceptable(['application/json', gnosticAsked])
}

function answerOf(document: Document, contentType: string, headers: Headers): Extract<Answer, { readonly is: 'raw' }> {
  const tag = `"${document.hash}"`
  const shared = { etag: tag, vary: 'Accept', 'cache-control': 'no-cache, private' }
  if (headers['if-none-match'] === tag) return { is: 'raw', status: 304, contentType, body: [], headers: shared }
  return { is: 'raw', status: 200, contentType, body: [document.bytes], headers: shared }
}

/** What has no schema is not told of. */
const resourcesOf = (registry: Registry, definitions: Definitions): readonly ServedResource[] => [
  ...registry.groups.flatMap(({ name, versions }) => versions.flatMap((version) => registry.served(name, version).filter(({ served }) => definitions.get(served.definition) !== undefined).map(resourceOf))),
  ...reviews.map(({ group, version, kind, plural, namespaced }) => ({ group, version, kind, plural, namespaced, verbs: ['create'], subresources: [] })),
]
const resourceOf = ({ kind, served }: Endpoint): ServedResource => ({
  group: served.group, version: served.version, kind: kind.kind, plural: kind.plural, namespaced: kind.scope === 'Namespaced', verbs: verbsOf(kind), ...(kind.revision !== undefined && { revision: kind.revision }),
  subresources: (kind.subresources ?? []).map((subresource) => {
    const other = subresourceKind(subresource, kind.kind)
    return { name: subresource.name, group: other.version === undefined ? served.group : other.group ?? '', version: other.version ?? served.version, kind: other.kind, verbs: subresourceVerbs(subresource) }
  }),
})
