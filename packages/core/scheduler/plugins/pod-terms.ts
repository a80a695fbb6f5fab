import type { PodAffinityTerm } from '../../api/generated/types.ts'
import { namespaces, type Pod } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { canonicalJson } from '../../rules/hash.ts'
import { selectorMatches } from '../../rules/selectors.ts'

/** A term of a pod's (anti-)affinity with the namespace it counts in; equal terms of many pods have one identity. */
export interface Term {
  readonly identity: string
  readonly topologyKey: string
  matches(pod: Pod, view: ClusterView): boolean
}

const termsByObject = new WeakMap<object, Map<string, Term>>()

/** The term of a pod of this namespace. */
export function termOf(term: PodAffinityTerm, namespace: string): Term {
  const known = termsByObject.get(term) ?? new Map<string, Term>()
  termsByObject.set(term, known)
  const made = known.get(namespace) ?? makeTerm(term, namespace)
  known.set(namespace, made)
  return made
}

function makeTerm(term: PodAffinityTerm, namespace: string): Term {
  const named = new Set(term.namespaces ?? [])
  // As upstream: without names and without a selector a term looks at its pod's own namespace.
  if (named.size === 0 && term.namespaceSelector === undefined) named.add(namespace)
  return {
    identity: canonicalJson([[...named].sort(), term.namespaceSelector ?? null, term.labelSelector ?? null, term.topologyKey]),
    topologyKey: term.topologyKey,
    matches: (pod, view) => {
      const home = pod.metadata.namespace ?? ''
      const inNamespace = named.has(home) ||
        (term.namespaceSelector !== undefined && selectorMatches(term.namespaceSelector, view.get(namespaces, '', home)?.metadata.labels))
      return inNamespace && selectorMatches(term.labelSelector, pod.metadata.labels)
    },
  }
}

/** Amounts by value of a topology label ('zone a' → 3). Values that come to 0 are forgotten. */
export class Tally {
  readonly #amounts = new Map<string, number>()
  add(value: string, amount: number): void {
    const next = (this.#amounts.get(value) ?? 0) + amount
    if (next === 0) this.#amounts.delete(value)
    else this.#amounts.set(value, next)
  }
  at(value: string | undefined): number { return value === undefined ? 0 : this.#amounts.get(value) ?? 0 }
  get empty(): boolean { return this.#amounts.size === 0 }
}
