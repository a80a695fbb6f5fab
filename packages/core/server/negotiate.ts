// Which form of an answer a client takes.
import type { Refusal } from '../api/refusal.ts'
import { notAcceptable } from './refusals.ts'

/** What an answer's objects are turned into. */
export type Form =
  | { readonly is: 'object' }
  | { readonly is: 'table'; readonly version: 'v1' | 'v1beta1' }
  | { readonly is: 'metadata'; readonly version: 'v1' | 'v1beta1' }

export interface Clause { readonly type: string; readonly parameters: Readonly<Record<string, string>> }
const answered = ['application/json']

/** The clauses of an Accept header, best first. */
export function clausesOf(accept: string | undefined): readonly Clause[] {
  const clauses = (accept ?? '').split(',').map((text) => text.trim()).filter((text) => text !== '').map((text) => {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim())
    const parameters = Object.fromEntries(rest.map((part) => { const at = part.indexOf('='); return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)] }))
    return { type: type.toLowerCase(), parameters, quality: Number(parameters['q'] ?? 1) }
  })
  // A stable sort: clauses of one quality stay in the client's order.
  return clauses.sort((a, b) => b.quality - a.quality)
}

const isJson = (type: string): boolean => type === 'application/json' || type === '*/*' || type === 'application/*'

/** The first form we can satisfy; some answers have no table. JSON is always an answer that clients of protobuf take as well. */
export function formOf(accept: string | undefined, { tables = true }: { readonly tables?: boolean } = {}): Form | Refusal {
  const clauses = clausesOf(accept)
  if (clauses.length === 0) return { is: 'object' }
  for (const { type, parameters } of clauses) {
    if (!isJson(type)) continue
    const as = parameters['as']
    if (as === undefined) return { is: 'object' }
    if (parameters['g'] !== undefined && parameters['g'] !== 'meta.k8s.io') continue
    const version = parameters['v'] ?? 'v1'
    if (version !== 'v1' && version !== 'v1beta1') continue
    if (as === 'Table' && tables) return { is: 'table', version }
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { is: 'metadata', version }
  }
  return notAcceptable(answered)
}

/** People reading with curl or a browser get indented JSON, as upstream decides it. */
export function isPretty(query: URLSearchParams, userAgent: string | undefined): boolean {
  const asked = query.get('pretty')
  if (asked !== null) return asked !== '0' && asked.toLowerCase() !== 'false'
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent ?? '')
}
