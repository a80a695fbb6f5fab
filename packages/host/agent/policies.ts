import { wordsOf } from '@kubeskiff/core/base'
import { type NetworkPolicy, networkPolicies, namespaces, type Pod, pods, type Resource } from '@kubeskiff/core/api'
import { PolicyBook, type PolicyChanges, policyPod, type PolicyPod } from '@kubeskiff/core/network'
import { createStore, type Store } from '@kubeskiff/core/store'
import { type Connection, type Feed, startFeed } from '../client/index.ts'
import type { ClusterNetwork } from '../network/index.ts'
import { uidOnNode } from './mirrors.ts'

export interface PolicyOptions {
  /** As somebody who may read policies, pods and namespaces. */
  readonly connection: Connection
  /** The view of the nodes' own pods, which knows them before they have an address. */
  readonly view: Store['view']
  readonly network: ClusterNetwork
  readonly nodes: readonly string[]
  /** Where names are asked for: to policies the cluster's DNS is a pod at these addresses. */
  readonly dnsAddresses: readonly string[]
  readonly onTrouble: (message: string) => void
}
export interface FollowedPolicies {
  /** Resolves when the policies there were at the start are put, with all pods they may speak of. */
  readonly filled: Promise<void>
  stop(): void
}

type Loaded = Parameters<Store['load']>[0]
type Sink = Pick<Store, 'view' | 'load'>

/** Keeps the nodes' pods held as the NetworkPolicies say. As long as there is no policy, no pod and no namespace is followed. */
export function followPolicies(options: PolicyOptions): FollowedPolicies {
  const following = new Following(options)
  return { filled: following.filled, stop: () => { following.stop() } }
}

const dnsPod = (addresses: readonly string[]): PolicyPod => ({
  namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' }, node: '', addresses,
  ports: [{ name: 'dns', protocol: 'UDP', port: 53 }, { name: 'dns-tcp', protocol: 'TCP', port: 53 }],
})
const dnsKey = 'kube-system/ (names)'

class Following {
  readonly filled: Promise<void>
  readonly #options: PolicyOptions
  readonly #policies: Feed
  #book = new PolicyBook()
  #others: { readonly feeds: readonly Feed[]; isFilled: boolean } | undefined
  /** Pods of ours that got an address before the API knows of it. */
  readonly #attached = new Map<string, { readonly uid: string; readonly addresses: readonly string[] }>()
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: PolicyOptions) {
    this.#options = options
    this.#policies = this.#feed(networkPolicies, (key, object) => { this.#book.setPolicy(key, object as NetworkPolicy | undefined) })
    this.filled = this.#policies.filled.then(() => Promise.all(this.#others?.feeds.map((feed) => feed.filled) ?? [])).then(() => undefined)
    options.network.onAttached(async ({ node, namespace, name, addresses }) => {
      const pod = options.view.get(pods, namespace, name)
      if (pod === undefined) return
      if (this.#others === undefined) this.#forgetKnown()
      this.#attached.set(`${namespace}/${name}`, { uid: pod.metadata.uid, addresses })
      if (this.#others?.isFilled !== true) return
      this.#setPod(`${namespace}/${name}`, pod)
      await this.#hold([node])
    })
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#isStopped = true
    this.#policies.stop()
    for (const feed of this.#others?.feeds ?? []) feed.stop()
  }

  #feed(type: typeof pods | typeof namespaces | typeof networkPolicies, take: (key: string, object: Resource | undefined) => void): Feed {
    // What was loaded is kept in the book: an empty view makes every list new.
    const store: Sink = {
      view: nothing,
      load: (changes: Loaded) => {
        for (const { key, object } of changes) take(key.namespace === '' ? key.name : `${key.namespace}/${key.name}`, object)
        this.#follow()
        void this.#hold(this.#options.nodes)
      },
    }
    return startFeed({ connection: this.#options.connection, store, type, onTrouble: this.#options.onTrouble })
  }

  /** Pods and namespaces are followed while there is a policy. */
  #follow(): void {
    if (this.#book.isEmpty === (this.#others === undefined)) return
    if (this.#others !== undefined) {
      for (const feed of this.#others.feeds) feed.stop()
      this.#others = undefined
      return
    }
    const feeds = [
      this.#feed(namespaces, (name, object) => { this.#book.setNamespace(name, object === undefined ? undefined : object.metadata.labels ?? {}) }),
      this.#feed(pods, (key, object) => { this.#setPod(key, object as Pod | undefined) }),
    ]
    const others = { feeds, isFilled: false }
    this.#others = others
    this.#book.setPod(dnsKey, dnsPod(this.#options.dnsAddresses))
    void Promise.all(feeds.map((feed) => feed.filled)).then(() => {
      others.isFilled = true
      return this.#hold(this.#options.nodes)
    })
  }

  /** Who begins to follow pods later hears the addresses that the API knows by now. */
  #forgetKnown(): void {
    for (const [key, { uid }] of this.#attached) {
      const [namespace = '', name = ''] = key.split('/')
      const pod = this.#options.view.get(pods, namespace, name)
      if (pod?.metadata.uid !== uid || pod.status.podIP !== undefined) this.#attached.delete(key)
    }
  }

  #setPod(key: string, pod: Pod | undefined): void {
    const attached = this.#attached.get(key)
    if (pod === undefined || (attached !== undefined && attached.uid !== uidOnNode(pod)) || pod.status.podIP) this.#attached.delete(key)
    const known = pod === undefined ? undefined : policyPod(attached !== undefined && attached.uid === uidOnNode(pod) && !pod.status.podIP ? { ...pod, status: { ...pod.status, podIPs: attached.addresses.map((ip) => ({ ip })) } } : pod)
    this.#book.setPod(key, known)
  }

  async #hold(nodes: readonly string[]): Promise<void> {
    // Held by half of what is known a pod would be shut off from those that are not known yet.
    if (this.#others !== undefined && !this.#others.isFilled) return
    const changes = this.#book.take()
    if (changes.pods.size + changes.policies.size + changes.groups.size === 0) return
    if (this.#others === undefined) this.#book = new PolicyBook()
    try {
      const book = this.#book
      await Promise.all(this.#options.nodes.map((node) => {
        const done = this.#options.network.hold(node, book, changes)
        return nodes.includes(node) ? done : undefined
      }))
    } catch (error) {
      if (!this.#isStopped) this.#options.onTrouble(`network policies: ${wordsOf(error)}`)
      this.#holdAgain()
    }
  }

  /** What is wanted stands in the tables: each try sets everything anew, until one succeeds. */
  #holdAgain(): void {
    clearTimeout(this.#timer)
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      Promise.all(this.#options.nodes.map((node) => this.#options.network.hold(node, this.#book, nothingNew))).catch(() => { this.#holdAgain() })
    }, retryMs)
  }
}
const retryMs = 1_000
const nothingNew: PolicyChanges = { pods: new Set(), policies: new Set(), groups: new Map() }
const nothing = createStore({ historyMax: 1 }).view
