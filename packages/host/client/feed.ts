import { wordsOf } from '@kubeskiff/core/base'
import type { Key, Resource, ResourceType, Revision } from '@kubeskiff/core/api'
import type { Store } from '@kubeskiff/core/store'
import type { Connection } from './connection.ts'
import { collectionPath } from './paths.ts'
import { readShown } from './read.ts'

export interface FeedOptions {
  readonly connection: Connection
  readonly store: Pick<Store, 'view' | 'load'>
  readonly type: ResourceType<Resource>
  readonly namespace?: string
  readonly fieldSelector?: string
  /** Follows this object only. */
  readonly name?: string
  readonly onTrouble?: (message: string) => void
}
export interface Feed {
  /** Resolves when the first list has been taken over. */
  readonly filled: Promise<void>
  stop(): void
}

const pageSize = 500
/** A broken watch is resumed, and a failed list tried again, after this: doubled at each failure in a row. */
const retryFirstMs = 50
const retryMostMs = 5_000

/** Keeps a part of a store as the server has it: lists once, then watches, resuming where it broke off and listing anew where it must. */
export function startFeed(options: FeedOptions): Feed {
  const stopping = new AbortController()
  const feed = new Following(options, stopping.signal)
  void feed.run()
  return { filled: feed.filled, stop: () => { stopping.abort() } }
}

interface WatchFrame { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; readonly object: Resource & { readonly code?: number; readonly message?: string } }

class Following {
  readonly filled: Promise<void>
  readonly #options: FeedOptions
  readonly #signal: AbortSignal
  readonly #path: string
  /** What this feed has put into the store: a list that lacks one of them means that it was deleted. */
  readonly #held = new Map<string, Key>()
  #revision = ''
  #failures = 0
  #fill: () => void = () => {}

  constructor(options: FeedOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    this.#path = collectionPath(options.type, options.namespace)
    this.filled = new Promise((resolve) => { this.#fill = resolve })
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        if (this.#revision === '') await this.#list()
        await this.#watch()
      } catch (error) {
        if (this.#signal.aborted) return
        this.#failures++
        if (this.#failures === failuresTold) this.#options.onTrouble?.(`${this.#path}: ${wordsOf(error)}`)
        await new Promise((resolve) => { setTimeout(resolve, Math.min(retryMostMs, retryFirstMs * 2 ** this.#failures)) })
      }
    }
  }

  #query(parts: Readonly<Record<string, string>>): string {
    const { name, fieldSelector = name === undefined ? undefined : `metadata.name=${name}` } = this.#options
    return `${this.#path}?${new URLSearchParams({ ...parts, ...(fieldSelector !== undefined && { fieldSelector }) }).toString()}`
  }

  async #list(): Promise<void> {
    const objects: Resource[] = []
    let revision = ''
    for (let next: string | undefined = ''; next !== undefined;) {
      const answer = await this.#options.connection.request('GET', this.#query({ limit: String(pageSize), ...(next !== '' && { continue: next }) }))
      if (answer.status !== 200) throw new Error(`list answered ${answer.status}: ${answer.body.slice(0, 200)}`)
      const page = readShown(answer.body) as { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly resourceVersion: string; readonly continue?: string }; readonly items: readonly Resource[] }
      // Items of a list do not say what they are.
      const kind = page.kind.replace(/List$/, '')
      for (const item of page.items) objects.push({ ...item, apiVersion: page.apiVersion, kind })
      revision = page.metadata.resourceVersion
      next = page.metadata.continue === undefined || page.metadata.continue === '' ? undefined : page.metadata.continue
    }
    this.#takeOver()
    const gone = new Map(this.#held)
    const changed = objects.filter((object) => {
      const key = this.#keyOf(object)
      gone.delete(placeOf(key))
      return this.#options.store.view.get(this.#options.type, key.namespace, key.name)?.metadata.resourceVersion !== object.metadata.resourceVersion
    })
    const listed = Number(revision)
    this.#options.store.load([
      ...[...gone.values()].map((key) => ({ key, object: undefined, revision: listed })),
      ...changed.sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion)).map((object) => ({ key: this.#keyOf(object), object, revision: Number(object.metadata.resourceVersion) })),
    ])
    for (const place of gone.keys()) this.#held.delete(place)
    for (const object of objects) { const key = this.#keyOf(object); this.#held.set(placeOf(key), key) }
    this.#revision = revision
    this.#failures = 0
    this.#fill()
  }

  /** What an earlier feed has left in the store may be gone by now, and nobody has said so. */
  #takeOver(): void {
    const { store, type, namespace = '', name, fieldSelector } = this.#options
    if (fieldSelector !== undefined) return
    const one = name === undefined ? undefined : store.view.get(type, namespace, name)
    const left = name !== undefined ? one === undefined ? [] : [one] : namespace === '' ? store.view.list(type) : store.view.list(type, namespace)
    for (const object of left) { const key = this.#keyOf(object); this.#held.set(placeOf(key), key) }
  }

  async #watch(): Promise<void> {
    const { status, body } = await this.#options.connection.stream(this.#query({ watch: 'true', allowWatchBookmarks: 'true', resourceVersion: this.#revision }), this.#signal)
    if (status === 410) { this.#revision = ''; return }
    if (status !== 200) throw new Error(`watch answered ${status}`)
    this.#failures = 0
    let rest = ''
    const decoder = new TextDecoder()
    for await (const part of body) {
      const lines = (rest + decoder.decode(part, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      const frames = lines.filter((line) => line !== '').map((line) => readShown(line) as WatchFrame)
      const error = frames.find((frame) => frame.type === 'ERROR')
      this.#take(frames.filter((frame) => frame.type !== 'ERROR'))
      if (error !== undefined) {
        if (error.object.code === 410) { this.#revision = ''; return }
        throw new Error(error.object.message ?? 'the watch failed')
      }
    }
  }

  #take(frames: readonly WatchFrame[]): void {
    const changes: { readonly key: Key; readonly object: Resource | undefined; readonly revision: Revision }[] = []
    for (const { type, object } of frames) {
      this.#revision = object.metadata.resourceVersion
      if (type === 'BOOKMARK') continue
      const key = this.#keyOf(object)
      if (type === 'DELETED') this.#held.delete(placeOf(key))
      else this.#held.set(placeOf(key), key)
      changes.push({ key, object: type === 'DELETED' ? undefined : object, revision: Number(object.metadata.resourceVersion) })
    }
    if (changes.length > 0) this.#options.store.load(changes)
  }

  #keyOf(object: Resource): Key {
    return { resource: this.#options.type.resource, namespace: object.metadata.namespace ?? '', name: object.metadata.name }
  }
}
/** A short outage is nothing to tell anyone of. */
const failuresTold = 4
const placeOf = (key: Key): string => `${key.namespace}/${key.name}`
