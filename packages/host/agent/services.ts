import { nodes, type Change, type Node, services } from '@kubeskiff/core/api'
import { type Cancel, wordsOf } from '@kubeskiff/core/base'
import { routedServices, routesOfService, type ServingPlace } from '@kubeskiff/core/network'
import type { Store } from '@kubeskiff/core/store'
import { type ClusterNetwork, machine } from '../network/index.ts'
import { HealthChecks } from './health-checks.ts'

const zoneLabel = 'topology.kubernetes.io/zone'
/** After a failure everything is set anew, not at once. */
const retryMs = 1_000

/**
 * Keeps the packet rules of every node that this agent plays, and of the machine, as the Services say. Rules follow the
 * view in the background: one programming at a time, of the Services that changed, as the newest view has them. Call it
 * when the view is whole: the first programming replaces what an earlier agent has left.
 */
export function followServices(options: { readonly store: Store; readonly network: ClusterNetwork; readonly nodes: readonly string[]; readonly onTrouble: (message: string) => void }): Cancel {
  const { store, network } = options
  let seen = store.view.revision
  let changed = new Set<string>()
  let all = true
  let working = false
  let stopped = false

  const look = (): void => {
    const changes = store.changes(seen)
    if (changes === 'compacted') all = true
    else for (const change of changes) {
      if (movesNode(change, options.nodes)) all = true
      for (const key of routedServices(change)) changed.add(key)
    }
    seen = store.view.revision
    if ((all || changed.size > 0) && !working && !stopped) void program()
  }
  const program = async (): Promise<void> => {
    working = true
    while ((all || changed.size > 0) && !stopped) {
      if (all) for (const { metadata } of store.view.list(services)) changed.add(`${metadata.namespace ?? ''}/${metadata.name}`)
      const keys = changed
      changed = new Set()
      all = false
      for (const key of keys) {
        const [namespace = '', name = ''] = key.split('/')
        for (const node of options.nodes) checks.follow(node, key, store.view.get(services, namespace, name))
      }
      const routesAt = (place: ServingPlace) => new Map([...keys].map((key) => [key, routesOfService(store.view, key, place)]))
      try {
        await Promise.all([
          ...options.nodes.map((node) => network.route(node, routesAt(placeOf(node)))),
          network.route(machine, routesAt({})),
        ])
      } catch (error) {
        if (!stopped) options.onTrouble(`services: ${wordsOf(error)}`)
        all = true
        await new Promise((resolve) => { setTimeout(resolve, retryMs) })
      }
    }
    working = false
  }
  const checks = new HealthChecks({ addresses: everyAddress(network), view: store.view, namespaceOf: (node) => network.node(node)?.namespace, onTrouble: options.onTrouble })
  const placeOf = (node: string): ServingPlace => {
    const zone = store.view.get(nodes, '', node)?.metadata.labels?.[zoneLabel]
    return { node, ...(zone !== undefined && { zone }) }
  }
  const quiet = store.onCommit(look)
  look()
  return () => { stopped = true; checks.close(); quiet() }
}

/** Where a server listens that shall be reached at all addresses, one a family. */
const everyAddress = ({ settings: { podNetwork, second } }: ClusterNetwork): readonly string[] =>
  [podNetwork, ...(second === undefined ? [] : [second.podNetwork])].map((network) => (network.includes(':') ? '::' : '0.0.0.0'))

/** Whether a node of ours came into another zone: hints read otherwise there. */
function movesNode({ key, before, after }: Change, ours: readonly string[]): boolean {
  return key.resource === nodes.resource && ours.includes(key.name) && zoneOf(before) !== zoneOf(after)
}
const zoneOf = (node: Change['before']): string | undefined => (node as Node | undefined)?.metadata.labels?.[zoneLabel]
