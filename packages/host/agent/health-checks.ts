import { createServer, type Server } from 'node:http'
import { wordsOf } from '@kubeskiff/core/base'
import type { Service } from '@kubeskiff/core/api'
import { localEndpoints } from '@kubeskiff/core/network'
import type { Store } from '@kubeskiff/core/store'
import { listenOn } from '../network/index.ts'

/** Tells a balancer on a node's port whether the node has pods of a Service, as kube-proxy does for a local policy. */
export class HealthChecks {
  readonly #view: Store['view']
  readonly #namespaceOf: (node: string) => string | undefined
  readonly #onTrouble: (message: string) => void
  readonly #addresses: readonly string[]
  /** By 'node namespace/service'. */
  readonly #open = new Map<string, { readonly port: number; readonly servers: readonly Server[] }>()

  constructor(options: { readonly view: Store['view']; readonly namespaceOf: (node: string) => string | undefined; readonly onTrouble: (message: string) => void; /** Every address of a node, one a family: '0.0.0.0', '::'. */ readonly addresses: readonly string[] }) {
    this.#view = options.view
    this.#namespaceOf = options.namespaceOf
    this.#onTrouble = options.onTrouble
    this.#addresses = options.addresses
  }

  /** Opens, moves or closes the port of a Service ('namespace/name') on a node. */
  follow(node: string, key: string, service: Service | undefined): void {
    const place = `${node} ${key}`
    const port = service?.spec.externalTrafficPolicy === 'Local' ? service.spec.healthCheckNodePort || undefined : undefined
    const known = this.#open.get(place)
    if (known?.port === port) return
    for (const server of known?.servers ?? []) server.close()
    this.#open.delete(place)
    const namespace = this.#namespaceOf(node)
    if (port === undefined || namespace === undefined) return
    const servers: Server[] = []
    try {
      for (const address of this.#addresses) {
        const server = createServer((_request, response) => { response.writeHead(...this.#head(key, node)).end(this.#body(key, node)) })
        server.on('error', (error) => { this.#onTrouble(`health checks of ${key}: ${error.message}`) })
        listenOn(server, namespace, { address, port })
        servers.push(server)
      }
      this.#open.set(place, { port, servers })
    } catch (error) {
      // Somebody in the node's network has the port: the Service works without.
      for (const server of servers) server.close()
      this.#onTrouble(`health checks of ${key} on ${node}: ${wordsOf(error)}`)
    }
  }

  close(): void {
    for (const { servers } of this.#open.values()) for (const server of servers) server.close()
    this.#open.clear()
  }

  #head(key: string, node: string): readonly [number, Readonly<Record<string, string>>] {
    const count = localEndpoints(this.#view, key, node)
    return [count > 0 ? 200 : 503, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff', 'x-load-balancing-endpoint-weight': String(count) }]
  }

  #body(key: string, node: string): string {
    const [namespace, name] = key.split('/')
    return `${JSON.stringify({ service: { namespace, name }, localEndpoints: localEndpoints(this.#view, key, node), serviceProxyHealthy: true }, undefined, '\t')}\n`
  }
}
