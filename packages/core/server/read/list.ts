import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Machine } from '../machine.ts'
import { badRequest, expired, futureVersion, invalid } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import { type Answer, utf8 } from '../reply.ts'
import type { Selection } from '../selection.ts'
import { candidates, spaceOf } from './candidates.ts'
import { showingList, type Writing } from './forms.ts'
import { revisionOf } from './get.ts'

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
  if (query.has('sendInitialEvents')) return optionRefused('sendInitialEvents', 'sendInitialEvents is forbidden for list')
  if (match !== '' && token !== '') return optionRefused('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')
  if (match !== '' && asked === '') return optionRefused('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided')
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    return invalid(listOptions, '', [{ path: 'resourceVersionMatch', reason: 'FieldValueNotSupported', value: match, detail: 'supported values: "Exact", "NotOlderThan", ""' }])
  }
  if (match === 'Exact' && asked === '0') return optionRefused('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
  if (token !== '') return continued(machine, token, asked, limit)
  if (asked === '' || asked === '0') return { view: store.view, after: undefined, limit: asked === '0' ? 0 : limit }
  const revision = revisionOf(asked)
  if (revision === undefined) return badRequest(`invalid resource version ${JSON.stringify(asked)}: strconv.ParseUint: parsing ${JSON.stringify(asked)}: invalid syntax`)
  if (revision > store.view.revision) return futureVersion(revision, store.view.revision)
  // As upstream: a limit with a resourceVersion and no match asks for that very state.
  if (match === 'NotOlderThan' || (match === '' && limit === 0)) return { view: store.view, after: undefined, limit }
  const view = revision === store.view.revision ? store.view : store.at(revision)
  return view === 'compacted' ? expired(`The resourceVersion for the provided list is too old.`) : { view, after: undefined, limit }
}
const listOptions = { group: 'meta.k8s.io', kind: 'ListOptions' }
const optionRefused = (path: string, detail: string): Refusal => invalid(listOptions, '', [{ path, reason: 'FieldValueForbidden', detail }])

export function limitOf(query: URLSearchParams): number | Refusal {
  const text = query.get('limit') ?? ''
  if (text === '') return 0
  return /^-?\d{1,15}$/.test(text) ? Math.max(0, Number(text)) : badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}

function continued({ store }: Machine, token: string, asked: string, limit: number): Page | Refusal {
  if (asked !== '' && asked !== '0') return badRequest('specifying resource version is not allowed when using continue')
  const start = startOf(token)
  if (start === undefined) return badRequest('continue key is not valid: illegal base64 data')
  if (start.revision === 0) return { view: store.view, after: start.after, limit }
  const view = start.revision === store.view.revision ? store.view : store.at(start.revision)
  return view === 'compacted' ? tokenExpired(start) : { view, after: start.after, limit }
}
/** 410 with a token that goes on from the same key in the newest state, for clients that can live with the difference. */
const tokenExpired = ({ after }: Start): Refusal => ({
  ...expired('The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'),
  listMetadata: { continue: continueToken({ revision: 0, after }) },
})

const continueToken = (start: Start): string => btoa(String.fromCharCode(...utf8(JSON.stringify({ v: 'meta.k8s.io/v1', rv: start.revision, start: start.after })))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
function startOf(token: string): Start | undefined {
  try {
    const bytes = Uint8Array.from(atob(token.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
    const read = JSON.parse(new TextDecoder().decode(bytes)) as { readonly rv?: unknown; readonly start?: unknown }
    return typeof read.rv === 'number' && Number.isSafeInteger(read.rv) && read.rv >= 0 && typeof read.start === 'string' ? { revision: read.rv, after: read.start } : undefined
  } catch { return undefined }
}
