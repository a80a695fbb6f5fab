import { endpointSlices, nodes, type Change, services } from '@kubeskiff/core/api'
import type { Cancel } from '@kubeskiff/core/base'
import { serviceRoutes } from '@kubeskiff/core/network'
import type { Store } from '@kubeskiff/core/store'
import type { ClusterNetwork } from '../network/index.ts'

/** Resources whose changes may change a route. */
const watched: ReadonlySet<string> = new Set([services.resource, endpointSlices.resource, nodes.resource])
const isRelevant = (change: Change): boolean =>
  watched.has(change.key.resource) && !(change.key.resource === nodes.resource && change.before !== undefined && change.after !== undefined)

/**
 * Keeps the packet rules of every node that this agent plays, and of the machine, as the Services say. Rules follow the
 * view in the background: one programming at a time, always of the newest view.
 */
export function followServices(options: { readonly store: Store; readonly network: ClusterNetwork; readonly nodes: readonly string[]; readonly onTrouble: (message: string) => void }): Cancel {
  const { store, network } = options
  let seen = 0
  let dirty = true
  let working = false
  let stopped = false

  const look = (): void => {
    const changes = store.changes(seen)
    dirty ||= changes === 'compacted' || [...changes].some(isRelevant)
    seen = store.view.revision
    if (dirty && !working && !stopped) void program()
  }
  const program = async (): Promise<void> => {
    working = true
    while (dirty && !stopped) {
      dirty = false
      try {
        for (const node of options.nodes) await network.program(node, serviceRoutes(store.view, node))
        await network.programHost(serviceRoutes(store.view, options.nodes[0] ?? ''))
      } catch (error) {
        if (!stopped) options.onTrouble(`services: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    working = false
  }
  const quiet = store.onCommit(look)
  look()
  return () => { stopped = true; quiet() }
}
