import type { OpenApi } from '../api/openapi/index.ts'
import type { Submit } from '../api/action.ts'
import { createAuthorizer, type Authorizer } from './access/authorizer.ts'
import { reviews } from './access/reviews.ts'
import { openApiOf } from './paths/openapi.ts'
import { Expiry } from './expiry.ts'
import { createHandler } from './handle.ts'
import { keepHistory } from './history.ts'
import type { Machine } from './machine.ts'
import { createCounters } from './metrics.ts'
import type { ServerOptions } from './options.ts'
import { createRegistry, type Registry } from './registry.ts'
import { createSubmit } from './submit.ts'
import type { Handler } from './types.ts'

/** The API server: requests by `handler`, actions of components by `submit`. */
export interface Server {
  readonly handler: Handler
  readonly submit: Submit
  readonly authorizer: Authorizer
  readonly registry: Registry
  /** Lets go of the clock. */
  stop(): void
}

export function createServer(options: ServerOptions): Server {
  const registry = createRegistry(options.kinds, reviews)
  const authorizer = createAuthorizer(options.store)
  const expiry = new Expiry(options.store, options.clock)
  const forget = options.historyMs === undefined ? () => {} : keepHistory(options.store, options.clock, options.historyMs)
  let serial = 0
  let documents: OpenApi | undefined
  const machine: Machine = {
    store: options.store, registry, definitions: options.definitions, random: options.random, options, authorizer,
    counters: createCounters(), expiry, documents: () => (documents ??= openApiOf(registry, options.definitions, options.version.gitVersion)), now: () => options.clock.now(), serial: () => ++serial,
  }
  return { handler: createHandler(machine), submit: createSubmit(machine), authorizer, registry, stop: () => { expiry.stop(); forget() } }
}
