import { clusterTrustBundles, configMaps, type Key, type Pod, pods, type Resource, type ResourceType, secrets } from '@kubeskiff/core/api'
import { configMapsOf, secretsOf } from '@kubeskiff/core/rules'
import type { Store } from '@kubeskiff/core/store'
import { type Connection, type Feed, startFeed } from '../client/index.ts'

type Change = Parameters<Store['load']>[0] extends Iterable<infer Each> ? Each : never
type Loaded = Iterable<Change>

/**
 * What a node's watch tells, as it may be taken into a store that all nodes of the machine share. Each node has a watch of its own, and one may be ahead: a pod that left one node
 * may have come to another, by the same name, before the first node's watch tells that it left.
 */
export function takenFrom(node: string, changes: Loaded, find: (key: Key) => Pod | undefined): readonly Change[] {
  const taken: Change[] = []
  const meanwhile = new Map<string, Pod | undefined>()
  for (const change of changes) {
    const place = `${change.key.namespace}/${change.key.name}`
    const held = meanwhile.has(place) ? meanwhile.get(place) : find(change.key)
    const object = change.object as Pod | undefined
    if (object === undefined) {
      if (held !== undefined && held.spec.nodeName !== node) continue
    } else if (held !== undefined && held.metadata.uid !== object.metadata.uid) {
      if (Number(held.metadata.resourceVersion) > Number(object.metadata.resourceVersion)) continue
      // The one goes before the other comes: nobody shall take the second for the first.
      taken.push({ ...change, object: undefined })
    }
    taken.push(change)
    meanwhile.set(place, object)
  }
  return taken
}

/**
 * Follows the pods of one node, and with each pod the ConfigMaps and Secrets that it names and no others: all that this
 * node may read. A pod is shown to the kubelet only when what it names has been looked up, so that nothing seems missing
 * which is only late.
 */
export class NodePods {
  readonly #node: string
  readonly #connection: Connection
  readonly #store: Store
  readonly #onTrouble: (message: string) => void
  readonly #divert: (changes: Loaded) => Loaded
  readonly #pods: Feed
  /** Feeds of single objects, and the pods that need each. */
  readonly #references = new Map<string, { readonly feed: Feed; readonly users: Set<string> }>()
  readonly #needs = new Map<string, readonly string[]>()
  #turn: Promise<void> = Promise.resolve()

  constructor(options: { readonly node: string; readonly connection: Connection; readonly store: Store; /** Takes out what is not about pods that the kubelet runs: mirrors. */ readonly divert: (changes: Loaded) => Loaded; readonly onTrouble: (message: string) => void }) {
    this.#node = options.node
    this.#connection = options.connection
    this.#store = options.store
    this.#onTrouble = options.onTrouble
    this.#divert = options.divert
    this.#pods = startFeed({
      connection: options.connection, type: pods, fieldSelector: `spec.nodeName=${options.node}`, onTrouble: options.onTrouble,
      store: { view: options.store.view, load: (changes) => { this.#take(changes) } },
    })
  }

  /** Resolves when the pods there were at the start are in the store. */
  get filled(): Promise<void> { return this.#pods.filled.then(() => this.#turn) }

  stop(): void {
    this.#pods.stop()
    for (const { feed } of this.#references.values()) feed.stop()
  }

  #take(changes: Loaded): void {
    const all = [...this.#divert(changes)]
    if (all.length === 0) return
    const waits = all.flatMap(({ key, object }) => this.#follow(`${key.namespace}/${key.name}`, object as Pod | undefined))
    // In order: a later change of a pod must not overtake an earlier one that waits.
    this.#turn = this.#turn.then(() => Promise.all(waits)).then(() => { this.#store.load(takenFrom(this.#node, all, ({ namespace, name }) => this.#store.view.get(pods, namespace, name))) })
  }

  #follow(pod: string, object: Pod | undefined): readonly Promise<void>[] {
    const namespace = object?.metadata.namespace ?? ''
    const wanted = object === undefined ? [] : [
      ...[...configMapsOf(object)].map((name) => [configMaps, namespace, name] as const), ...[...secretsOf(object)].map((name) => [secrets, namespace, name] as const),
      ...(trustsBundles(object) ? [[clusterTrustBundles, '', everyName] as const] : []),
    ]
    const needs = wanted.map(([type, of, name]) => `${type.resource}/${of}/${name}`)
    const waits = wanted.map(([type, of, name]) => this.#use(pod, type, of, name))
    for (const need of this.#needs.get(pod) ?? []) if (!needs.includes(need)) this.#leave(pod, need)
    if (needs.length === 0) this.#needs.delete(pod)
    else this.#needs.set(pod, needs)
    return waits
  }

  #use(pod: string, type: ResourceType<Resource>, namespace: string, name: string): Promise<void> {
    const place = `${type.resource}/${namespace}/${name}`
    let reference = this.#references.get(place)
    if (reference === undefined) {
      const whose = { ...(namespace !== '' && { namespace }), ...(name !== everyName && { name }) }
      reference = { users: new Set(), feed: startFeed({ connection: this.#connection, store: this.#store, type, ...whose, onTrouble: this.#onTrouble }) }
      this.#references.set(place, reference)
    }
    reference.users.add(pod)
    return reference.feed.filled
  }

  #leave(pod: string, place: string): void {
    const reference = this.#references.get(place)
    reference?.users.delete(pod)
    if (reference?.users.size !== 0) return
    reference.feed.stop()
    this.#references.delete(place)
  }
}

/** No object is called so: all of a kind. */
const everyName = '*'
/** What is trusted is public, and may be chosen by signer: then all of it is followed. */
const trustsBundles = (pod: Pod): boolean => pod.spec.volumes?.some(({ projected }) => projected?.sources?.some(({ clusterTrustBundle }) => clusterTrustBundle !== undefined)) === true
