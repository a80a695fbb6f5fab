// A watch: first what is there, then what changes, as frames that all watchers of a kind share.
import { frame, metadataMessage, writeEnvelope, writeObject } from '../../api/protobuf/index.ts'
import type { Answers } from '../../api/action.ts'
import { isRefusal, type Problem, type Refusal } from '../../api/refusal.ts'
import { apiVersionOf, type Resource, type Revision } from '../../api/resource.ts'
import type { Change } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import type { Machine } from '../machine.ts'
import { badRequest, expired, invalid, statusOf } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import { type Media, mediaTypes } from '../negotiate.ts'
import { type Answer, utf8 } from '../reply.ts'
import { isTrue } from '../route.ts'
import type { Selection } from '../selection.ts'
import { isAsks, type WatchReader } from '../types.ts'
import { candidates } from './candidates.ts'
import { type Writing, written } from './forms.ts'
import { noRevision, revisionOf } from './get.ts'
import { notInteger } from './list.ts'
import { forbidden, unsupported } from '../../api/kinds/problems.ts'

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'

const bookmarkEveryMs = 60_000
const timeoutLeastMs = 1_800_000

/** Starts a watch, or says why not. What is too old is told in the stream, as upstream does. */
export function watch(machine: Machine, endpoint: Endpoint, selection: Selection, query: URLSearchParams, writing: Omit<Writing, 'now'>): Answer | Refusal {
  const start = startOf(machine, query)
  if (isRefusal(start)) return start
  const timeout = timeoutOf(query, machine)
  if (isRefusal(timeout)) return timeout
  const reader = new Reader(machine, endpoint, selection, writing, { ...start, deadline: machine.outsideNow() + timeout })
  return { is: 'watch', status: 200, headers: { 'content-type': writing.media === 'protobuf' ? `${mediaTypes.protobuf};stream=watch` : mediaTypes.json }, watch: reader }
}

interface Start {
  /** Changes after this revision are told. */
  readonly after: Revision
  /** Whether what is there now is told first. */
  readonly initial: boolean
  /** Whether the end of that is marked. */
  readonly mark: boolean
  readonly bookmarks: boolean
}

function startOf({ store }: Machine, query: URLSearchParams): Start | Refusal {
  const asked = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  const sends = query.has('sendInitialEvents')
  const problems = matchProblems(match, query)
  if (problems.length > 0) return invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems)
  const bookmarks = isTrue(query, 'allowWatchBookmarks')
  const revision = asked === '' ? 0 : revisionOf(asked)
  if (revision === undefined) return badRequest(noRevision(asked))
  if (sends && isTrue(query, 'sendInitialEvents')) return { after: store.view.revision, initial: true, mark: bookmarks, bookmarks }
  if (revision === 0) return { after: store.view.revision, initial: !sends, mark: false, bookmarks }
  return { after: revision, initial: false, mark: false, bookmarks }
}

/** How upstream validates what a watch asks of its beginning: all that is wrong at once. */
function matchProblems(match: string, query: URLSearchParams): readonly Problem[] {
  const path = 'resourceVersionMatch'
  const forbids = (detail: string): Problem => forbidden(path, detail)
  const continues = (query.get('continue') ?? '') === '' ? [] : [forbids(`${path} is forbidden when continue is provided`)]
  if (!query.has('sendInitialEvents')) return match === '' ? continues : [forbids(`${path} is forbidden for watch unless sendInitialEvents is provided`), ...continues]
  if (match === 'NotOlderThan') return continues
  return [
    forbids('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    ...(match === '' ? [] : [unsupported(path, match, ['NotOlderThan'])]), ...continues,
  ]
}

function timeoutOf(query: URLSearchParams, machine: Machine): number | Refusal {
  const text = query.get('timeoutSeconds') ?? ''
  if (text === '') return usualTimeout(machine)
  if (!/^-?\d{1,12}$/.test(text)) return badRequest(notInteger(text))
  return Number(text) > 0 ? Number(text) * 1000 : usualTimeout(machine)
}

/** Watches end apart from each other, and draw no chance for it: a reader must not change what writers draw. */
const usualTimeout = (machine: Machine): number => timeoutLeastMs + (machine.serial() * 7919_000) % timeoutLeastMs

const noAnswers: Answers = new Map()

class Reader implements WatchReader {
  readonly deadline: Instant
  readonly resource: string
  readonly #machine: Machine
  readonly #endpoint: Endpoint
  readonly #selection: Selection
  readonly #writing: Omit<Writing, 'now'>
  readonly #start: Start
  #initial: Iterator<Resource> | undefined
  #held: IteratorResult<Resource> | undefined
  #answers: Answers = noAnswers
  #after: Revision
  #lastBookmark: Instant
  #columnsSent = false
  #done = false

  constructor(machine: Machine, endpoint: Endpoint, selection: Selection, writing: Omit<Writing, 'now'>, start: Start & { readonly deadline: Instant }) {
    this.#machine = machine
    this.#endpoint = endpoint
    this.#selection = selection
    this.#writing = writing
    this.#start = start
    this.deadline = start.deadline
    this.resource = endpoint.kind.resource
    this.#after = start.after
    this.#lastBookmark = machine.outsideNow()
    // The tree under this iterator is immutable: it goes on showing the state of this moment.
    if (start.initial) this.#initial = candidates(machine.store.view, endpoint, selection)[Symbol.iterator]()
  }

  close(): void { this.#done = true; this.#initial = undefined }

  answer(answers: Answers): void { this.#answers = answers }

  read(limitBytes: number): ReturnType<WatchReader['read']> {
    const frames: Uint8Array[] = []
    let left = limitBytes
    const push = (frame: Uint8Array): void => { frames.push(frame); left -= frame.length }
    const { kind } = this.#endpoint
    if (kind.isConvertedOutside === undefined) return this.#read(frames, push, () => left)
    // What was told already stays told: a conversion that is missing stops at the object that needs it.
    const { namespace } = this.#selection
    const told = this.#machine.conversions.within({ answers: this.#answers, view: this.#machine.store.view, ...(namespace !== undefined && { namespace }) }, () => this.#read(frames, push, () => left))
    const asOf = Math.min(this.#after, this.#machine.store.view.revision)
    if (isRefusal(told)) {
      push(this.#valueFrame('ERROR', statusOf(told)))
      this.#done = true
      return { frames, asOf, more: false, done: true }
    }
    return isAsks(told) ? { frames, asOf, more: false, done: false, asks: told.asks } : told
  }

  #read(frames: Uint8Array[], push: (frame: Uint8Array) => void, roomLeft: () => number): { readonly frames: readonly Uint8Array[]; readonly asOf: Revision; readonly more: boolean; readonly done: boolean } {
    while (this.#initial !== undefined && roomLeft() > 0 && !this.#done) this.#nextInitial(push)
    let more = this.#initial !== undefined
    if (!more && !this.#done) more = this.#nextChanges(push, () => roomLeft() > 0)
    if (!more && !this.#done) this.#atRest(push)
    return { frames, asOf: Math.min(this.#after, this.#machine.store.view.revision), more: more && !this.#done, done: this.#done }
  }

  #nextInitial(push: (frame: Uint8Array) => void): void {
    // One that could not be shown yet comes again.
    const next = this.#held ?? this.#initial?.next()
    if (next === undefined) return
    if (next.done !== true) {
      this.#held = next
      if (this.#selection.everything || this.#selection.matches(next.value)) push(this.#frame('ADDED', next.value))
      this.#held = undefined
      return
    }
    this.#initial = undefined
    if (this.#start.mark) push(this.#bookmark({ annotations: { 'k8s.io/initial-events-end': 'true' } }))
  }

  #nextChanges(push: (frame: Uint8Array) => void, room: () => boolean): boolean {
    const { store } = this.#machine
    const upTo = store.view.revision
    const changes = store.changes(this.#after, this.#endpoint.kind.resource)
    if (changes === 'compacted') {
      push(this.#valueFrame('ERROR', statusOf(expired(`too old resource version: ${this.#after} (${store.compacted})`))))
      this.#done = true
      return false
    }
    for (const change of changes) {
      if (!room()) return true
      const event = eventOf(change, this.#selection)
      if (event !== undefined) push(this.#changeFrame(event, change))
      this.#after = change.revision
    }
    // A watch of what is yet to come waits until it is there.
    this.#after = Math.max(this.#after, upTo)
    return false
  }

  /** Nothing is left to tell: time for a bookmark, or for the end. */
  #atRest(push: (frame: Uint8Array) => void): void {
    const now = this.#machine.outsideNow()
    const ending = now >= this.deadline
    if (this.#start.bookmarks && this.#after <= this.#machine.store.view.revision && (ending || now - this.#lastBookmark >= bookmarkEveryMs)) push(this.#bookmark({}))
    if (ending) this.#done = true
  }

  #bookmark(metadata: object): Uint8Array {
    this.#lastBookmark = this.#machine.outsideNow()
    const { form, served } = this.#writing
    const type = form.is === 'metadata' ? { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${form.version}` }
      : form.is === 'table' ? { kind: 'Table', apiVersion: `meta.k8s.io/${form.version}` } : { kind: this.#endpoint.kind.kind, apiVersion: apiVersionOf(served) }
    const rows = form.is === 'table' ? { columnDefinitions: null, rows: [] } : {}
    return this.#valueFrame('BOOKMARK', { ...type, metadata: { resourceVersion: String(this.#after), ...metadata }, ...rows })
  }
  #valueFrame(type: EventType, value: { readonly kind: string; readonly apiVersion: string; readonly metadata: object }): Uint8Array {
    const { media } = this.#writing
    if (media !== 'protobuf') return eventFrame(type, [utf8(JSON.stringify(value))])
    return frame(type, writeObject(value) ?? writeEnvelope(value.apiVersion, value.kind, metadataMessage(value.metadata)))
  }

  #changeFrame(type: EventType, change: Change): Uint8Array {
    if (this.#writing.form.is !== 'object') return this.#frame(type, told(type, change))
    const { served, media } = this.#writing
    return sharedFrame(change, `${type} ${media} ${served.group}/${served.version}`, () => framed(media, type, written(told(type, change), { ...this.#writing, now: 0 })))
  }

  #frame(type: EventType, object: Resource): Uint8Array {
    const made = framed(this.#writing.media, type, written(object, { ...this.#writing, now: this.#machine.now() }, !this.#columnsSent))
    this.#columnsSent = true
    return made
  }
}

/** What a watcher with this selection is told of a change; undefined when it never saw the object. */
function eventOf({ before, after }: Change, selection: Selection): EventType | undefined {
  const had = before !== undefined && selection.matches(before)
  const has = after !== undefined && selection.matches(after)
  if (has) return had ? 'MODIFIED' : 'ADDED'
  return had ? 'DELETED' : undefined
}

/** The object an event shows: for a deletion the last one, at the revision of its going. */
function told(type: EventType, change: Change): Resource {
  const last = type === 'DELETED' ? change.before : change.after
  if (last === undefined) return change.before as Resource
  return type === 'DELETED' ? { ...last, metadata: { ...last.metadata, resourceVersion: String(change.revision) } } : last
}

// A change is one value for all watchers, so its frames can be shared; only the newest are worth keeping.
const shared = new Map<Change, Map<string, Uint8Array>>()
const sharedMax = 1024
const sharedBytesMax = 64 << 20
let sharedBytes = 0
const drop = (change: Change): void => {
  for (const frame of shared.get(change)?.values() ?? []) sharedBytes -= frame.length
  shared.delete(change)
}
function sharedFrame(change: Change, key: string, make: () => Uint8Array): Uint8Array {
  let frames = shared.get(change)
  if (frames === undefined) {
    shared.set(change, (frames = new Map()))
    if (shared.size > sharedMax) for (const oldest of shared.keys()) { drop(oldest); break }
  }
  let frame = frames.get(key)
  if (frame === undefined) {
    frames.set(key, (frame = make()))
    sharedBytes += frame.length
    for (const oldest of shared.keys()) { if (sharedBytes <= sharedBytesMax) break; drop(oldest) }
  }
  return frame
}

const end = utf8('}\n')
const starts = new Map((['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'] as const).map((type) => [type, utf8(`{"type":"${type}","object":`)]))
const framed = (media: Media, type: EventType, object: readonly Uint8Array[]): Uint8Array => (media === 'protobuf' ? frame(type, object) : eventFrame(type, object))
function eventFrame(type: EventType, [object = end]: readonly Uint8Array[]): Uint8Array {
  const start = starts.get(type) ?? end
  const frame = new Uint8Array(start.length + object.length + end.length)
  frame.set(start)
  frame.set(object, start.length)
  frame.set(end, start.length + object.length)
  return frame
}
