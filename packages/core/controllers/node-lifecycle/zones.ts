// How fast pods are driven off nodes that are not ready, zone by zone. Behaviour: kube-controller-manager's node lifecycle controller with its default rates.
import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import { type Node, nodes } from '../../api/resources.ts'
import type { Change } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { conditionOf } from '../../rules/conditions.ts'
import { compareText } from '../../rules/pods.ts'
import { instantOf } from '../../rules/time.ts'
import { taint } from './reconcile.ts'
import { drivenBy, drivingOf, isDriven } from './taints.ts'

/** One node in ten seconds; one in a hundred where most of a large zone is down, none where most of a small one is. */
const usualMs = 10_000
const secondaryMs = 100_000
const largeFrom = 50
/** From this share on a zone counts as disrupted; two nodes alone never make it so. */
const unhealthyShare = 0.55
const fewNodes = 2
const excludedLabel = 'node.kubernetes.io/exclude-disruption'

/** When the last node of each zone was given its taint. */
type Memory = Readonly<Record<string, Instant>>
type State = 'normal' | 'partial' | 'full'

/** Gives nodes that are not ready the taint that drives their pods off, no faster than their zone allows. It has one key. */
export const zoneEvictionController: Controller<Memory> = {
  name: 'node-controller-zones',
  watches: [{ resource: nodes.resource, affected: (change) => (saysMore(change) ? ['zones'] : []) }],
  reconcile: (_key, world) => reconcile(world),
}

function saysMore({ before, after }: Change): boolean {
  if (before === undefined || after === undefined) return true
  const [old, fresh] = [before as Node, after as Node] // the resource says so
  return readyOf(old) !== readyOf(fresh) || isDriven(old) !== isDriven(fresh) || zoneOf(old) !== zoneOf(fresh)
}
const readyOf = (node: Node): string | undefined => conditionOf(node.status?.conditions, 'Ready')?.status
/** Region and zone, as upstream's key of zones. */
const zoneOf = ({ metadata: { labels } }: Node): string => `${labels?.['topology.kubernetes.io/region'] ?? ''}/${labels?.['topology.kubernetes.io/zone'] ?? ''}`

function reconcile({ view, now, memory = {} }: World<Memory>): Plan<Memory> {
  const counts = new Map<string, { ready: number; unready: number }>()
  const unready: Node[] = []
  const actions: Action[] = []
  for (const node of view.list(nodes)) {
    const ready = readyOf(node) === 'True'
    if (!ready) unready.push(node)
    else if (isDriven(node)) actions.push(taint(node, drivenBy(node, undefined, now)))
    if (node.metadata.labels?.[excludedLabel] !== undefined) continue
    const count = counts.get(zoneOf(node)) ?? { ready: 0, unready: 0 }
    counts.set(zoneOf(node), ready ? { ...count, ready: count.ready + 1 } : { ...count, unready: count.unready + 1 })
  }
  if (unready.length === 0) return { actions, memory: {} }
  const states = new Map([...counts].map(([zone, { ready, unready: down }]) => [zone, stateOf(ready, down)] as const))
  // Nothing answers any more: that is more likely the control plane's trouble than that of all nodes, and no pod is driven off.
  if (states.size > 0 && [...states.values()].every((state) => state === 'full')) return { actions: [...actions, ...unready.filter(isDriven).map((node) => taint(node, drivenBy(node, undefined, now)))], memory: {} }
  return drive(unready, { now, memory, actions, waitMs: (zone) => waitOf(states.get(zone) ?? 'normal', counts.get(zone)) })
}

function stateOf(ready: number, unready: number): State {
  if (ready === 0 && unready > 0) return 'full'
  return unready > fewNodes && unready / (ready + unready) >= unhealthyShare ? 'partial' : 'normal'
}

/** How long after one node the next of its zone may follow; undefined: not at all. */
function waitOf(state: State, count: { readonly ready: number; readonly unready: number } | undefined): number | undefined {
  if (state !== 'partial') return usualMs
  return (count?.ready ?? 0) + (count?.unready ?? 0) > largeFrom ? secondaryMs : undefined
}

interface Pace { readonly now: Instant; readonly memory: Memory; readonly actions: readonly Action[]; readonly waitMs: (zone: string) => number | undefined }

function drive(unready: readonly Node[], { now, memory, actions, waitMs }: Pace): Plan<Memory> {
  const last: Record<string, Instant> = { ...memory }
  const tainted: Action[] = [...actions]
  let again: Instant | undefined
  for (const node of unready.toSorted((a, b) => lostAt(a) - lostAt(b) || compareText(a.metadata.name, b.metadata.name))) {
    const wanted = drivingOf(node)
    if (wanted === undefined) continue
    // The one is exchanged for the other at once.
    if (isDriven(node)) {
      const next = drivenBy(node, wanted, now)
      if (next !== node.spec.taints) tainted.push(taint(node, next))
      continue
    }
    const zone = zoneOf(node)
    const wait = waitMs(zone)
    if (wait === undefined) continue
    const due = (last[zone] ?? -Infinity) + wait
    if (due > now) { again = Math.min(again ?? due, due); continue }
    last[zone] = now
    tainted.push(taint(node, drivenBy(node, wanted, now)))
  }
  return { actions: tainted, memory: last, ...(again !== undefined && { again }) }
}

const lostAt = (node: Node): Instant => instantOf(conditionOf(node.status?.conditions, 'Ready')?.lastTransitionTime) ?? 0
