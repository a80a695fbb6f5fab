// A conformance row as a story: what a client does, and what it must see.
import { type Api, type Fields, good, list, nameOf, type Reply, type Sending } from './api.ts'
import type { Kubectl } from './kubectl.ts'

export interface Story {
  /** The codename of the row that it shows, word for word. */
  readonly row: string
  readonly tell: (world: World) => Promise<void>
  /** Told over HTTPS only, by a stock kubectl. */
  readonly kubectl?: true
}

/** Where one story takes place: a namespace of its own in a control plane that others use too. */
export class World {
  readonly api: Api
  readonly namespace: string
  /** A stock kubectl on this control plane; undefined in process, and where there is none. */
  readonly kubectl: Kubectl | undefined
  #serial = 0

  constructor(api: Api, namespace: string, kubectl: Kubectl | undefined) {
    this.api = api
    this.namespace = namespace
    this.kubectl = kubectl
  }

  /** A name that nothing else has, for what lives outside the namespace. */
  unique(prefix: string): string { return `${prefix}-${this.namespace}-${++this.#serial}` }

  /** `/api/v1/namespaces/NAMESPACE/configmaps` of 'v1', 'configmaps'. */
  path(apiVersion: string, plural: string, name?: string): string { return `${this.everywhere(apiVersion, `namespaces/${this.namespace}/${plural}`)}${name === undefined ? '' : `/${name}`}` }
  /** Not in the namespace: of the whole cluster. */
  everywhere(apiVersion: string, plural: string, name?: string): string { return `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}/${plural}${name === undefined ? '' : `/${name}`}` }

  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply> {
    return this.api.request(method, path, { ...(body !== undefined && { body }), ...(headers !== undefined && { headers }) } satisfies Sending)
  }
  async get(path: string): Promise<Fields> { return good(await this.ask('GET', path), 200) }
  async create(path: string, body: unknown): Promise<Fields> { return good(await this.ask('POST', path, body), 201) }
  async replace(path: string, body: unknown): Promise<Fields> { return good(await this.ask('PUT', path, body), 200) }
  async merge(path: string, body: unknown): Promise<Fields> { return good(await this.ask('PATCH', path, body), 200) }
  async patch(path: string, body: unknown, type: 'json' | 'merge' | 'strategic-merge'): Promise<Fields> { return good(await this.ask('PATCH', path, body, { 'content-type': `application/${type}-patch+json` }), 200) }
  async apply(path: string, body: unknown, manager = 'conformance'): Promise<Fields> {
    return good(await this.ask('PATCH', `${path}?fieldManager=${manager}&force=true`, body, { 'content-type': 'application/apply-patch+yaml' }))
  }
  async remove(path: string): Promise<Fields> { return good(await this.ask('DELETE', path), 200) }
  async names(path: string): Promise<readonly string[]> { return list(await this.get(path), 'items').map(nameOf) }
  async isGone(path: string): Promise<boolean> { return (await this.ask('GET', path)).status === 404 }
}

/** metadata of an object with this name and more. */
export const named = (name: string, more: object = {}): { readonly metadata: { readonly name: string } } => ({ metadata: { name, ...more } })
export const labelled = (name: string, labels: Readonly<Record<string, string>>, more: object = {}): { readonly metadata: { readonly name: string } } => named(name, { labels, ...more })
