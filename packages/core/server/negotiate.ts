// Which form of an answer a client takes, and in which bytes.
import type { Refusal } from '../api/refusal.ts'
import { noRepresentation, notAcceptable } from './refusals.ts'

/** What an answer's objects are turned into. */
export type Form =
  | { readonly is: 'object' }
  | { readonly is: 'table'; readonly version: 'v1' | 'v1beta1' }
  | { readonly is: 'metadata'; readonly version: 'v1' | 'v1beta1'; readonly list: boolean }

/** What bytes are. */
export type Media = 'json' | 'yaml' | 'protobuf'
export const mediaTypes: Readonly<Record<Media, string>> = { json: 'application/json', yaml: 'application/yaml', protobuf: 'application/vnd.kubernetes.protobuf' }

/** What can be answered. */
export interface Offer { readonly protobuf: boolean; readonly stream: boolean; /** The URL can be watched. */ readonly collection?: boolean; /** False: the answer has no table. */ readonly tables?: boolean }
export interface Negotiated { readonly form: Form; readonly media: Media }

export interface Clause { readonly type: string; readonly parameters: Readonly<Record<string, string>> }

/** Clients send few different ones, each with every request. */
const known = new Map<string, readonly Clause[]>()
const knownMax = 256
/** The clauses of an Accept header, best first. */
export function clausesOf(accept = ''): readonly Clause[] {
  let clauses = known.get(accept)
  if (clauses === undefined) {
    clauses = readClauses(accept)
    if (known.size < knownMax) known.set(accept, clauses)
  }
  return clauses
}
function readClauses(accept: string): readonly Clause[] {
  const clauses = accept.split(',').map((text) => text.trim()).filter((text) => text !== '').map((text) => {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim())
    const parameters = Object.fromEntries(rest.map((part) => { const at = part.indexOf('='); return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)] }))
    return { type: type.toLowerCase(), parameters, quality: Number(parameters['q'] ?? 1) }
  })
  // A stable sort: clauses of one quality stay in the client's order.
  return clauses.sort((a, b) => b.quality - a.quality)
}

const streamed = ';stream=watch'
const streams = ({ protobuf }: Offer): readonly string[] => [mediaTypes.json, ...(protobuf ? [mediaTypes.protobuf] : [])].map((type) => type + streamed)
const whole = ({ protobuf }: Offer): readonly string[] => [mediaTypes.json, mediaTypes.yaml, ...(protobuf ? [mediaTypes.protobuf] : [])]

/** The first clause that we can satisfy; protobuf only for those who ask for it by name. */
export function negotiate(accept: string | undefined, offer: Offer): Negotiated | Refusal {
  const clauses = clausesOf(accept)
  if (clauses.length === 0) return { form: { is: 'object' }, media: 'json' }
  for (const { type, parameters } of clauses) {
    const media = mediaOf(type, offer)
    if (media === undefined) continue
    if (parameters['stream'] !== undefined && parameters['stream'] !== '' && (parameters['stream'] !== 'watch' || media === 'yaml')) continue
    const form = formOf(parameters)
    // A Table has no protobuf form.
    if (form !== undefined && !(form.is === 'table' && (media === 'protobuf' || offer.tables === false))) return { form, media }
  }
  // Upstream's router speaks first: it knows the types of a URL, and not what is asked of it.
  const known = [...whole(offer), '*/*', 'application/*']
  if (!clauses.some(({ type }) => known.includes(type))) return noRepresentation(offer.collection === true || offer.stream ? [...whole(offer), ...streams(offer)] : whole(offer))
  return notAcceptable(offer.stream ? streams(offer) : whole(offer))
}

function mediaOf(type: string, { protobuf, stream }: Offer): Media | undefined {
  switch (type) {
    case 'application/json': case '*/*': case 'application/*': return 'json'
    case 'application/yaml': return stream ? undefined : 'yaml'
    case 'application/vnd.kubernetes.protobuf': return protobuf ? 'protobuf' : undefined
    default: return undefined
  }
}

function formOf(parameters: Readonly<Record<string, string>>): Form | undefined {
  const as = parameters['as']
  if (as === undefined) return { is: 'object' }
  if (parameters['g'] !== undefined && parameters['g'] !== 'meta.k8s.io') return undefined
  const version = parameters['v'] ?? 'v1'
  if (version !== 'v1' && version !== 'v1beta1') return undefined
  if (as === 'Table') return { is: 'table', version }
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? { is: 'metadata', version, list: as === 'PartialObjectMetadataList' } : undefined
}

/** The bytes of an answer that every client can read somehow: a Status, a Scale, a review. */
export function mediaFor(accept: string | undefined): Media {
  const found = negotiate(accept, { protobuf: true, stream: false })
  return 'refused' in found ? 'json' : found.media
}

/** People reading with curl or a browser get indented JSON, as upstream decides it. */
export function isPretty(query: URLSearchParams, userAgent: string | undefined): boolean {
  const asked = query.get('pretty')
  if (asked !== null) return asked !== '0' && asked.toLowerCase() !== 'false'
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent ?? '')
}
