import type { OpenApi } from '../api/openapi/index.ts'
import type { Resource, ResourceType } from '../api/resource.ts'
import type { Submit } from '../api/action.ts'
import { createAuthorizer, type Authorizer } from './access/authorizer.ts'
import { reviews } from './access/reviews.ts'
import { type Plants, plant } from './bootstrap/plant.ts'
import { openApiOf } from './paths/openapi.ts'
import { Expiry } from './expiry.ts'
import { Flows } from './fairness.ts'
import { createHandler } from './handle.ts'
import { keepHistory } from './history.ts'
import type { Machine } from './machine.ts'
import { createCounters } from './metrics.ts'
import type { ServerOptions } from './options.ts'
import { Catalog } from './catalog.ts'
import { Conversions } from './conversion.ts'
import type { Registry } from './registry.ts'
import { createSubmit } from './submit.ts'
import type { Handler } from './types.ts'
import { recorderOf, type RecorderState } from './write/record.ts'

/** The API server: requests by `handler`, actions of components by `submit`. */
export interface Server {
  readonly handler: Handler
  readonly submit: Submit
  /** Makes objects of the server's own that are missing, in one commit and without asking anybody. */
  readonly plant: (plants: Plants) => void
  readonly authorizer: Authorizer
  readonly registry: Registry
  /** The types of all objects in the store, custom ones too. */
  types(): readonly ResourceType<Resource>[]
  /** What it remembers besides the store: which Events were told. */
  freeze(): ServerState
  thaw(state: ServerState): void
  /** Lets go of the clock. */
  stop(): void
}
export type ServerState = RecorderState

export function createServer(options: ServerOptions): Server {
  const conversions = new Conversions()
  const catalog = new Catalog({ store: options.store, kinds: options.kinds, definitions: options.definitions, reviews, converterOf: (definition) => conversions.converterOf(definition) })
  const authorizer = createAuthorizer(options.store)
  const expiry = new Expiry(options.store, options.clock)
  const forget = options.historyMs === undefined ? () => {} : keepHistory(options.store, options.clock, options.historyMs)
  let serial = 0
  let documents: OpenApi | undefined
  let documented: Registry | undefined
  const documentsOf = (registry: Registry): OpenApi => {
    if (documents === undefined || documented !== registry) documents = openApiOf(registry, catalog.definitions, options.version.gitVersion)
    documented = registry
    return documents
  }
  const machine: Machine = {
    store: options.store, get registry() { return catalog.registry }, definitions: catalog.definitions, random: options.random, options, authorizer,
    counters: createCounters(), flows: new Flows(options.store), expiry, conversions, documents: () => documentsOf(catalog.registry), now: () => options.clock.now(), outsideNow: options.outsideNow ?? (() => options.clock.now()), serial: () => ++serial,
  }
  return {
    handler: createHandler(machine), submit: createSubmit(machine), plant: (plants) => { plant(machine, plants) }, authorizer, get registry() { return catalog.registry }, types: () => catalog.types(),
    freeze: () => recorderOf(machine).freeze(), thaw: (state) => { recorderOf(machine).thaw(state) }, stop: () => { expiry.stop(); forget(); catalog.stop() },
  }
}
