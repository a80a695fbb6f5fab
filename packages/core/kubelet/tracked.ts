import type { Instant } from '../base/clock.ts'
import type { CredentialAnswer } from './decision.ts'
import type { PodMemory } from './memory.ts'
import type { RuntimeEvent } from './runtime.ts'

/** A pod of a node that a kubelet plays, and what it knows of it beside the view. */
export interface Tracked {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly node: string
  memory: PodMemory | undefined
  heard: RuntimeEvent[] | undefined
  timer: Instant | undefined
  dependsOn: readonly string[] | undefined
  credentials: Map<string, CredentialAnswer> | undefined
  /** When each was last asked for. */
  askedAt: Map<string, Instant> | undefined
  released: boolean
}
