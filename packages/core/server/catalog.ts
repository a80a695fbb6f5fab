// Which kinds there are now: the built-in ones and those that established CustomResourceDefinitions make.
import { type Converter, createCustomKind, type CustomKind, isEstablished } from '../api/custom/index.ts'
import { customResourceDefinitions, type CustomResourceDefinition } from '../api/resources.ts'
import type { Definition, Definitions } from '../api/schema/types.ts'
import type { Cancel } from '../base/loop.ts'
import type { Resource, ResourceType, Revision } from '../api/resource.ts'
import type { Store } from '../store/types.ts'
import { type AnyKind, createRegistry, type Registry } from './registry.ts'
import { metricsDefinitions } from './virtual/metrics-definitions.ts'
import { metricsKinds } from './virtual/metrics.ts'

interface Place { readonly group: string; readonly version: string }
export interface CatalogOptions {
  readonly store: Store
  readonly kinds: readonly AnyKind[]
  readonly definitions: Definitions
  /** Virtual kinds' groups and versions. */
  readonly reviews: readonly Place[]
  /** How objects of a definition get from version to version, where it says a webhook does it. */
  readonly converterOf?: (definition: CustomResourceDefinition) => Converter | undefined
}

/** The registry of now. It is another value after a definition has changed; until then reading it costs a comparison. */
export class Catalog {
  readonly #options: CatalogOptions
  readonly #builtIn: Registry
  readonly #made = new Map<string, CustomKind>()
  readonly #custom = new Map<string, Definition>()
  readonly #byKind = new Map<string, Definition>()
  readonly #cancel: Cancel
  #registry: Registry
  #types: { readonly of: Registry; readonly types: readonly ResourceType<Resource>[] } | undefined
  #cursor: Revision = -1
  #rung = true

  constructor(options: CatalogOptions) {
    this.#options = options
    this.#builtIn = createRegistry([...options.kinds, ...metricsKinds], options.reviews)
    this.#registry = this.#builtIn
    this.#cancel = options.store.onCommit(() => { this.#rung = true })
  }

  get registry(): Registry {
    if (this.#rung) this.#follow()
    return this.#registry
  }

  /** The types of all stored objects: those of custom kinds in every version. */
  types(): readonly ResourceType<Resource>[] {
    const { registry } = this
    if (this.#types?.of !== registry) this.#types = { of: registry, types: [...this.#options.kinds, ...[...this.#made.values()].flatMap(({ types }) => types)] }
    return this.#types.types
  }

  /** Schemas: built-in ones first, which are the usual ones. */
  readonly definitions: Definitions = {
    get: (name) => this.#options.definitions.get(name) ?? metricsDefinitions.get(name) ?? this.#customOf(name),
    forKind: (group, version, kind) => this.#options.definitions.forKind(group, version, kind) ?? metricsDefinitions.forKind(group, version, kind) ?? this.#customFor(group, version, kind),
    names: () => [...this.#options.definitions.names(), ...metricsDefinitions.names(), ...this.#custom.keys()],
  }
  #customOf(name: string): Definition | undefined { return this.registry === this.#builtIn ? undefined : this.#custom.get(name) }
  #customFor(group: string, version: string, kind: string): Definition | undefined {
    return this.registry === this.#builtIn ? undefined : this.#byKind.get(`${group}/${version}/${kind}`)
  }

  stop(): void { this.#cancel() }

  /** Reads what happened to definitions; nothing did, most of the time. */
  #follow(): void {
    this.#rung = false
    const { store } = this.#options
    const changes = this.#cursor < 0 ? 'compacted' : store.changes(this.#cursor, customResourceDefinitions.resource)
    this.#cursor = store.view.revision
    let changed = false
    if (changes === 'compacted') {
      changed = this.#made.size > 0
      for (const name of [...this.#made.keys()]) this.#forget(name)
      for (const definition of store.view.list(customResourceDefinitions)) changed = this.#look(definition.metadata.name, definition) || changed
    } else {
      for (const { key, before, after } of changes) {
        if (before !== undefined && after !== undefined && sameForKinds(before as CustomResourceDefinition, after as CustomResourceDefinition)) continue
        changed = this.#look(key.name, after as CustomResourceDefinition | undefined) || changed
      }
    }
    if (changed) this.#rebuild()
  }

  #look(name: string, definition: CustomResourceDefinition | undefined): boolean {
    const had = this.#forget(name)
    if (definition === undefined || !isEstablished(definition)) return had
    const { group, versions, names } = definition.spec
    // What is built in cannot be taken over.
    if (versions.some((version) => this.#builtIn.endpoint(group, version.name, names.plural) !== undefined)) return had
    const made = createCustomKind(definition, this.#options.definitions, this.#options.converterOf?.(definition))
    if (made === undefined) return had
    this.#made.set(name, made)
    for (const each of made.definitions) {
      this.#custom.set(each.name, each)
      for (const { group: of, version, kind } of each.kinds) this.#byKind.set(`${of}/${version}/${kind}`, each)
    }
    return true
  }

  #forget(name: string): boolean {
    const made = this.#made.get(name)
    for (const each of made?.definitions ?? []) {
      this.#custom.delete(each.name)
      for (const { group, version, kind } of each.kinds) this.#byKind.delete(`${group}/${version}/${kind}`)
    }
    return this.#made.delete(name)
  }

  #rebuild(): void {
    const made = [...this.#made.values()]
    this.#registry = made.length === 0 ? this.#builtIn
      : createRegistry([...this.#options.kinds, ...metricsKinds, ...made.flatMap(({ served }) => served)], this.#options.reviews, made.map(({ hub }) => hub))
  }
}

/** Whether a change of a definition leaves its kinds as they are: most are of conditions. */
const sameForKinds = (before: CustomResourceDefinition, after: CustomResourceDefinition): boolean =>
  before.spec === after.spec && before.metadata.deletionTimestamp === after.metadata.deletionTimestamp && before.metadata.uid === after.metadata.uid
  && isEstablished(before) === isEstablished(after) && before.status?.acceptedNames === after.status?.acceptedNames
