import { createServer, type Server } from 'node:http'
import type { Service } from '@kubeskiff/core/api'
import { localEndpoints } from '@kubeskiff/core/network'
import type { Store } from '@kubeskiff/core/store'
import { listenOn } from '../network/index.ts'

/** Tells a balancer on a node's port whether the node has pods of a Service, as kube-proxy does for a local policy. */
export class HealthChecks {
  readonly #view: Store['view']
  readonly #namespaceOf: (node: string) => string | undefined
  readonly #onTrouble: (message: string) => void
  /** By 'node namespace/service'. */
  readonly #open = new Map<string, { readonly port: number; readonly server: Server }>()

  constructor(options: { readonly view: Store['view']; readonly namespaceOf: (node: string) => string | undefined; readonly onTrouble: (message: string) => void }) {
    this.#view = options.view
    this.#namespaceOf = options.namespaceOf
    this.#onTrouble = options.onTrouble
  }

  /** Opens, moves or closes the port of a Service ('namespace/name') on a node. */
  follow(node: string, key: string, service: Service | undefined): void {
    const place = `${node} ${key}`
    const port = service?.spec.externalTrafficPolicy === 'Local' ? service.spec.healthCheckNodePort || undefined : undefined
    const known = this.#open.get(place)
    if (known?.port === port) return
    known?.server.close()
    this.#open.delete(place)
    const namespace = this.#namespaceOf(node)
    if (port === undefined || namespace === undefined) return
    try {
      const server = createServer((_request, response) => { response.writeHead(...this.#head(key, node)).end(this.#body(key, node)) })
      server.on('error', (error) => { this.#onTrouble(`health checks of ${key}: ${error.message}`) })
      listenOn(server, namespace, { address: '0.0.0.0', port })
      this.#open.set(place, { port, server })
    } catch (error) {
      // Somebody in the node's network has the port: the Service works without.
      this.#onTrouble(`health checks of ${key} on ${node}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  close(): void {
    for (const { server } of this.#open.values()) server.close()
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
