import { isRefusal, type Problem, type Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import { readJson } from '../../api/text/index.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Machine } from '../machine.ts'
import { badRequest, expired, futureVersion, invalid } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import { type Answer, utf8 } from '../reply.ts'
import type { Selection } from '../selection.ts'
import { candidates, spaceOf } from './candidates.ts'
import { showingList, type Writing } from './forms.ts'
import { noRevision, revisionOf } from './get.ts'
import { forbidden, unsupported } from '../../api/kinds/problems.ts'

/** Where a page starts: after this key, in the cluster as it was at this revision (0: as it is now). */
interface Start { readonly revision: number; readonly after: string | undefined }
interface Page { readonly view: ClusterView; readonly after: string | undefined; readonly limit: number }

const placeOf = (object: Resource): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`

/** A list, whole or by pages of one revision. The bytes of objects are those that every other reader gets. */
export function list(machine: Machine, endpoint: Endpoint, selection: Selection, query: URLSearchParams, writing: Writing): Answer | Refusal {
  const page = pageOf(machine, query)
  if (isRefusal(page)) return page
  const { found, more, remaining } = collect(page, endpoint, selection)
  const last = found.at(-1)
  const metadata = {
    resourceVersion: String(page.view.revision),
    ...(more && last !== undefined && { continue: continueToken({ revision: page.view.revision, after: placeOf(last) }) }),
    ...(more && selection.everything && remaining > 0 && { remainingItemCount: remaining }),
  }
  return showingList(found, { kind: endpoint.kind.kind, metadata }, writing)
}

function collect(page: Page, endpoint: Endpoint, selection: Selection): { readonly found: readonly Resource[]; readonly more: boolean; readonly remaining: number } {
  const { view, after, limit } = page
  const found: Resource[] = []
  for (const object of candidates(view, endpoint, selection, after)) {
    if (after !== undefined && placeOf(object) <= after) continue
    if (!selection.everything && !selection.matches(object)) continue
    if (limit > 0 && found.length === limit) return { found, more: true, remaining: selection.everything ? view.count(endpoint.kind, spaceOf(endpoint.kind, selection), placeOf(object)) + 1 : 0 }
    found.push(object)
  }
  return { found, more: false, remaining: 0 }
}

/** Which state a list shows, and from where. */
function pageOf(machine: Machine, query: URLSearchParams): Page | Refusal {
  const { store } = machine
  const asked = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  const token = query.get('continue') ?? ''
  const limit = limitOf(query)
  if (isRefusal(limit)) return limit
  const problems = matchProblems({ asked, match, token, sends: query.has('sendInitialEvents') })
  if (problems.length > 0) return invalid(listOptions, '', problems)
  if (token !== '') return continued(machine, token, asked, limit)
  if (asked === '' || asked === '0') return { view: store.view, after: undefined, limit: asked === '0' ? 0 : limit }
  const revision = revisionOf(asked)
  if (revision === undefined) return badRequest(`invalid resource version: ${noRevision(asked)}`)
  if (revision > store.view.revision) return futureVersion(revision, store.view.revision)
  // As upstream: a limit with a resourceVersion and no match asks for that very state.
  if (match === 'NotOlderThan' || (match === '' && limit === 0)) return { view: store.view, after: undefined, limit }
  const view = revision === store.view.revision ? store.view : store.at(revision)
  return view === 'compacted' ? expired(`The resourceVersion for the provided list is too old.`) : { view, after: undefined, limit }
}
const listOptions = { group: 'meta.k8s.io', kind: 'ListOptions' }

/** How upstream validates what a list asks of its revision: all that is wrong at once. */
function matchProblems({ asked, match, token, sends }: { readonly asked: string; readonly match: string; readonly token: string; readonly sends: boolean }): readonly Problem[] {
  const path = 'resourceVersionMatch'
  const problems: Problem[] = []
  if (match !== '') {
    if (asked === '') problems.push(forbidden(path, `${path} is forbidden unless resourceVersion is provided`))
    if (token !== '') problems.push(forbidden(path, `${path} is forbidden when continue is provided`))
    if (match !== 'Exact' && match !== 'NotOlderThan') problems.push(unsupported(path, match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && asked === '0') problems.push(forbidden(path, `${path} "exact" is forbidden for resourceVersion "0"`))
  }
  if (sends) problems.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return problems
}

/** How upstream's parser of integers says what is wrong. */
export const notInteger = (text: string): string => `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${/^[+-]?\d+$/.test(text) ? 'value out of range' : 'invalid syntax'}`
export function limitOf(query: URLSearchParams): number | Refusal {
  const text = query.get('limit') ?? ''
  if (text === '') return 0
  return /^-?\d{1,15}$/.test(text) ? Math.max(0, Number(text)) : badRequest(notInteger(text))
}

function continued({ store }: Machine, token: string, asked: string, limit: number): Page | Refusal {
  const start = startOf(token)
  if (typeof start === 'string') return badRequest(`invalid continue token: continue key is not valid: ${start}`)
  if (asked !== '' && asked !== '0') return badRequest('specifying resource version is not allowed when using continue')
  if (start.revision === 0) return { view: store.view, after: start.after, limit }
  const view = start.revision === store.view.revision ? store.view : store.at(start.revision)
  return view === 'compacted' ? tokenExpired(start) : { view, after: start.after, limit }
}
/** 410 with a token that goes on from the same key in the newest state, for clients that can live with the difference. */
const tokenExpired = ({ after }: Start): Refusal => ({
  ...expired('The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'),
  listMetadata: { continue: continueToken({ revision: 0, after }) },
})

const continueToken = (start: Start): string => btoa(String.fromCharCode(...utf8(JSON.stringify({ v: tokenVersion, rv: start.revision, start: start.after })))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
/** Where a token says to go on; or what is wrong with it. */
function startOf(token: string): Start | string {
  const bad = /[^A-Za-z0-9_-]/.exec(token)
  if (bad !== null) return `illegal base64 data at input byte ${bad.index}`
  if (token.length % 4 === 1) return `illegal base64 data at input byte ${token.length - 1}`
  const reading = readJson(new TextDecoder().decode(Uint8Array.fromBase64(token, { alphabet: 'base64url' })))
  if (!reading.ok) return reading.message
  const { v, rv, start } = (reading.value ?? {}) as { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown }
  if (v !== tokenVersion) return `server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`
  return typeof rv === 'number' && Number.isSafeInteger(rv) && rv >= 0 && typeof start === 'string' ? { revision: rv, after: start } : 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'
}
const tokenVersion = 'meta.k8s.io/v1'
