// What every part of the server works with, and who is asking.
import type { Instant } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { OpenApi } from '../api/openapi/index.ts'
import type { Definitions } from '../api/schema/types.ts'
import type { Circumstances } from '../api/kind.ts'
import type { Store } from '../store/types.ts'
import type { Draws } from './draws.ts'
import type { Flows } from './fairness.ts'
import type { Counters } from './metrics.ts'
import type { Conversions } from './conversion.ts'
import type { Expiry } from './expiry.ts'
import type { Authorizer } from './access/authorizer.ts'
import type { User } from './access/types.ts'
import type { ServerOptions } from './options.ts'
import type { Registry } from './registry.ts'

export interface Machine {
  readonly store: Store
  readonly registry: Registry
  readonly definitions: Definitions
  readonly random: Random
  readonly options: ServerOptions
  readonly authorizer: Authorizer
  readonly counters: Counters
  readonly flows: Flows
  readonly expiry: Expiry
  readonly conversions: Conversions
  /** The OpenAPI documents, made when first asked for. */
  documents(): OpenApi
  now(): Instant
  /** The time by which clients outside live: how long their watches last. */
  outsideNow(): Instant
  /** 1, 2, 3 … */
  serial(): number
}

export const circumstancesOf = (machine: Pick<Machine, 'store' | 'options'>, { user, draws }: { readonly user: User; readonly draws: Pick<Draws, 'now' | 'random'> }): Circumstances =>
  ({ view: machine.store.view, now: draws.now, random: draws.random, user: user.name, requester: user, ...(machine.options.serviceRanges !== undefined && { serviceRanges: machine.options.serviceRanges }) })

export { timestamp } from '../rules/time.ts'
