// Static pods: manifests in a folder of the node's, which its kubelet runs with the API or without. The cluster is shown each as a mirror pod, which
// follows it and never leads: behaviour of upstream's file source, pod workers and mirror client.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { wordsOf } from '@kubeskiff/core/base'
import { type Action, type ClusterView, type Draft, nodes, type Node, type Pod, pods, type Resource, type Submit } from '@kubeskiff/core/api'
import { nodeActor } from '@kubeskiff/core/kubelet'
import { isTerminal, timestamp } from '@kubeskiff/core/rules'
import type { Store } from '@kubeskiff/core/store'
import type { Connection } from '../client/index.ts'
import { watchIfCan } from '../files/index.ts'
import { ManifestFolder, type Manifests, placeOf } from './manifests.ts'
import { isMirror, mirrorKey, seenKey, uidOnNode } from './mirrors.ts'

type Change = Parameters<Store['load']>[0] extends Iterable<infer Each> ? Each : never

/** Changes that come together are looked at together. */
const gatherMs = 100
/** What the API did not take, or was not there to take, is told to it again. */
const retryMs = 2_000
const graceSecondsDefault = 30

export interface StaticPodsOptions {
  readonly node: string
  readonly directory: string
  /** How often the folder is looked at: what a watch has missed is seen then. */
  readonly lookMs: number
  readonly connection: Pick<Connection, 'request'>
  readonly store: Pick<Store, 'load'> & { readonly view: ClusterView }
  /** Whether a pod is known to the runtime, by its uid on the node. */
  readonly runs: (uid: string) => boolean
  /** The next of the revisions that pods have which the API does not know: greater than all of its own. */
  readonly nextRevision: () => number
  readonly now: () => number
  readonly onTrouble: (message: string) => void
}

/** Keeps the static pods of one node in the store that its kubelet looks at, and their mirrors in the API. */
export class StaticPods {
  readonly #options: StaticPodsOptions
  readonly #folder: ManifestFolder
  /** What the files say, by namespace and name. */
  #wanted: ReadonlyMap<string, Pod> = new Map()
  /** What is in the store: what runs, or is being ended. */
  readonly #held = new Map<string, Pod>()
  readonly #mirrors = new Map<string, Pod>()
  /** Where the last that was told of was a mirror: who hears of its end hears of that one's. */
  readonly #places = new Set<string>()
  /** What mirrors were last made to show. */
  readonly #shown = new Map<string, { readonly uid: string; readonly status: Pod['status'] }>()
  readonly #told = new Map<string, string>()
  #submit: Submit = () => {}
  #watcher: ReturnType<typeof watchIfCan>
  #poll: NodeJS.Timeout | undefined
  #timer: NodeJS.Timeout | undefined
  #working = false
  #reading: Promise<void> = Promise.resolve()

  constructor(options: StaticPodsOptions) {
    this.#options = options
    this.#folder = new ManifestFolder(options.directory, options.node)
  }

  /** Reads the folder for the first time. Call it when the mirrors of earlier runs are known, and before the kubelet looks at what runs: what is in the store then goes on. */
  async start(): Promise<void> {
    const { directory, runs, onTrouble } = this.#options
    try { if (!existsSync(directory)) mkdirSync(directory, { recursive: true }) } catch (error) { onTrouble(`there can be no static pods in ${directory}: ${wordsOf(error)}`) }
    this.#watcher = watchIfCan(directory, () => { this.#read() })
    this.#poll = setInterval(() => { this.#read() }, this.#options.lookMs)
    this.#take(await this.#folder.read())
    // Their files went away, or were changed, while nobody looked: what they said is known from their mirrors.
    for (const [place, mirror] of this.#mirrors) {
      const uid = uidOnNode(mirror)
      if (this.#wanted.get(place)?.metadata.uid !== uid && runs(uid)) this.#end({ ...mirror, metadata: { ...mirror.metadata, uid } })
    }
    this.#place()
    this.#soon()
  }

  close(): void {
    this.#watcher?.close()
    clearInterval(this.#poll)
    clearTimeout(this.#timer)
  }

  /** Takes what is told of mirrors out of the changes of a node's pods: the kubelet runs what they show, not them. */
  divert(changes: Iterable<Change>): readonly Change[] {
    const others: Change[] = []
    for (const change of changes) {
      const place = placeOf(change.key)
      const object = change.object as Pod | undefined // a node's pods
      if (object === undefined ? this.#places.has(place) || this.#held.has(place) : isMirror(object)) { this.#mirrorChanged(place, object, change.revision); continue }
      this.#places.delete(place)
      this.#mirrors.delete(place)
      if (this.#held.has(place)) this.#options.onTrouble(`pod ${place} of the API is not run: a static pod has its name`)
      else others.push(change)
    }
    return others
  }

  #mirrorChanged(place: string, mirror: Pod | undefined, revision: number): void {
    if (mirror !== undefined) this.#places.add(place)
    const known = this.#mirrors.get(place)
    // The answer to an own write may have told more already.
    if (known !== undefined && Number(known.metadata.resourceVersion) > revision) return
    if (mirror === undefined) this.#mirrors.delete(place)
    else this.#mirrors.set(place, mirror)
    this.#soon()
  }

  /** The submit of a kubelet that plays static pods, too: what it writes of them is kept here, and shown by their mirrors. */
  submitting(next: Submit): Submit {
    this.#submit = next
    return (action, actor, done) => {
      const held = this.#about(action)
      if (held === undefined) { next(action, actor, done); return }
      if (action.do === 'replace') {
        const object = this.#put({ ...held, status: (action.object as Pod).status })
        done({ revision: Number(object.metadata.resourceVersion), object })
      } else {
        this.#drop(held)
        done({ revision: 0 })
      }
      this.#soon()
    }
  }

  /** The static pod that an action writes; undefined when it writes something else. */
  #about(action: Action): Pod | undefined {
    const target = action.do === 'replace' ? (action.object.kind === pods.kind ? action.object.metadata : undefined) : action.do === 'delete' && action.key.resource === pods.resource ? { ...action.key, uid: action.uid } : undefined
    const held = target === undefined ? undefined : this.#held.get(placeOf(target))
    return held?.metadata.uid === target?.uid ? held : undefined
  }

  #put(pod: Pod): Pod {
    const revision = this.#options.nextRevision()
    const object: Pod = { ...pod, metadata: { ...pod.metadata, resourceVersion: String(revision) } }
    this.#held.set(placeOf(pod.metadata), object)
    this.#load(object.metadata, object)
    return object
  }
  #drop({ metadata }: Pod): void {
    this.#held.delete(placeOf(metadata))
    this.#load(metadata, undefined)
  }
  #load({ namespace = '', name }: Pod['metadata'], object: Resource | undefined): void {
    this.#options.store.load([{ key: { resource: pods.resource, namespace, name }, object, revision: 0 }])
  }

  /** Ends a pod as one that was deleted: within its own grace. */
  #end(pod: Pod): void {
    const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? graceSecondsDefault
    this.#put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: timestamp(this.#options.now() + graceSeconds * 1000), deletionGracePeriodSeconds: graceSeconds } })
  }

  #read(): void {
    this.#reading = this.#reading.then(() => this.#folder.read()).then((found) => this.#take(found)).then(() => { this.#soon() }, (error: unknown) => { this.#tell(ofFolder, wordsOf(error)) })
  }
  #take({ pods: found, faults, duplicates }: Manifests): void {
    const { node } = this.#options
    this.#wanted = found
    for (const file of new Set([...this.#told.keys(), ...faults.keys()])) if (file !== ofApi) this.#tell(file, faults.get(file) ?? '')
    for (const pod of duplicates) {
      const { name, namespace = '', uid } = pod.metadata
      const message = `Error validating pod ${name}_${namespace}(${uid}) from file due to duplicate pod name ${JSON.stringify(name)}, ignoring`
      this.#submit({ do: 'record', about: pod, host: node, type: 'Warning', reason: 'FailedValidation', message }, nodeActor(node), () => {})
    }
  }
  #tell(file: string, trouble: string): void {
    if (trouble !== '' && this.#told.get(file) !== trouble) this.#options.onTrouble(`static pod ${join(this.#options.directory, file)}: ${trouble}`)
    if (trouble === '') this.#told.delete(file)
    else this.#told.set(file, trouble)
  }

  /** Without manifests a change of the view means nothing here. */
  look(): void { if (this.#wanted.size > 0) this.#soon() }
  #soon(afterMs = gatherMs): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.#working) { this.#soon(); return }
      this.#working = true
      this.#place()
      void this.#showAll().finally(() => { this.#working = false })
    }, afterMs)
  }

  /** Ends what no file says any more, and begins what one says when nothing else has its name. */
  #place(): void {
    const { store, now } = this.#options
    for (const [place, pod] of this.#held) if (pod.metadata.deletionTimestamp === undefined && this.#wanted.get(place)?.metadata.uid !== pod.metadata.uid) this.#end(pod)
    for (const [place, pod] of this.#wanted) {
      const { namespace = '', name, uid } = pod.metadata
      if (this.#held.has(place) || store.view.get(pods, namespace, name) !== undefined) continue
      const mirror = this.#mirrors.get(place)
      const shown = mirror === undefined || uidOnNode(mirror) !== uid || (isTerminal(mirror) && !this.#options.runs(uid)) ? undefined : mirror.status
      this.#put({ ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [seenKey]: timestamp(now()) } }, status: shown ?? pod.status })
    }
  }

  async #showAll(): Promise<void> {
    const own = this.#options.store.view.get(nodes, '', this.#options.node)
    if (own === undefined) return
    let failed = ''
    for (const place of new Set([...this.#mirrors.keys(), ...this.#held.keys()])) {
      // One that cannot be shown keeps no other from being shown.
      try { await this.#show(own, place) } catch (error) { failed = wordsOf(error) }
    }
    this.#tell(ofApi, failed)
    if (failed !== '') this.#soon(retryMs)
  }
  async #show(own: Node, place: string): Promise<void> {
    const held = this.#held.get(place)
    const mirror = this.#mirrors.get(place)
    if (mirror !== undefined) {
      if (held !== undefined && held.metadata.uid === uidOnNode(mirror) && mirror.metadata.deletionTimestamp === undefined) {
        if (!this.#shows(place, mirror, held) && await this.#write(place, 'PUT', `${pathOf(mirror)}/status`, { ...mirror, status: held.status })) this.#shown.set(place, { uid: mirror.metadata.uid, status: held.status })
        return
      }
      await this.#remove(place, mirror)
    }
    if (held !== undefined && held.metadata.deletionTimestamp === undefined) await this.#write(place, 'POST', `/api/v1/namespaces/${held.metadata.namespace}/pods`, mirrorOf(own, held))
  }

  #shows(place: string, { metadata: { uid }, status }: Pod, held: Pod): boolean {
    const shown = this.#shown.get(place)
    return shown?.uid === uid && shown.status === held.status || isDeepStrictEqual(status, held.status)
  }
  async #remove(place: string, { metadata, ...mirror }: Pod): Promise<void> {
    const { status, body } = await this.#options.connection.request('DELETE', pathOf({ ...mirror, metadata }), { body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } }) })
    // Another one of that name, if there is one, is told of by the watch.
    if (status < 300 || status === 404 || status === 409) { if (this.#mirrors.get(place)?.metadata.uid === metadata.uid) this.#mirrors.delete(place) } else throw new Error(body)
  }
  async #write(place: string, method: 'PUT' | 'POST', path: string, object: object): Promise<boolean> {
    const { status, body } = await this.#options.connection.request(method, path, { body: JSON.stringify(object) })
    // Somebody else was faster, or has deleted it: the watch tells.
    if (status === 409 || (status === 404 && method === 'PUT')) return false
    if (status >= 300) throw new Error(`${method} ${path}: ${body}`)
    const mirror = JSON.parse(body) as Pod
    this.#mirrorChanged(place, mirror, Number(mirror.metadata.resourceVersion))
    return true
  }
}

/** Troubles that are no file's. */
const ofApi = ''
const ofFolder = '.'

/** What the cluster is shown of a pod. */
function mirrorOf(node: Node, pod: Pod): Draft {
  const { uid, resourceVersion: _, ...metadata } = pod.metadata
  return { ...pod, metadata: {
    ...metadata, annotations: { ...metadata.annotations, [mirrorKey]: uid },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid, controller: true }],
  } }
}
const pathOf = ({ metadata }: Pod): string => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`
