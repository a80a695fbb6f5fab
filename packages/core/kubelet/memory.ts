import type { Instant } from '../base/clock.ts'
import type { ResourceLimits } from './runtime.ts'

/** What the kubelet remembers of one pod beyond the pod and the runtime: plain data, may be lost at a restart. Absent for a pod that is quiet. */
export interface PodMemory {
  readonly sandbox?: SandboxMemory
  readonly volumes?: VolumesMemory
  /** Why the whole pod is being stopped by the kubelet itself (a deleted pod says so by its deletionTimestamp). */
  readonly ending?: Ending
  readonly containers?: Readonly<Record<string, ContainerMemory>>
  /** By image reference. */
  readonly images?: Readonly<Record<string, ImageMemory>>
  /** Images that were pulled to be mounted. */
  readonly mountedImages?: readonly string[]
  readonly resize?: ResizeMemory
  /** A container has ended so that all are to begin anew: since then they are stopped. */
  readonly restartingAll?: true
  /** A teardown was ordered and has not been answered. */
  readonly tearing?: 'keep logs' | 'all'
}
/** A change of resources: taken on for a generation of the pod, or why it waits. */
export type ResizeMemory =
  | { readonly is: 'under way'; readonly generation: number; readonly problem?: string }
  | { readonly is: 'pending'; readonly generation: number; readonly reason: 'Infeasible' | 'Deferred'; readonly message: string }
export interface SandboxMemory { readonly orderedAt: Instant; readonly failures: number; readonly retryAt?: Instant; /** What was told of it last. */ readonly told?: string }
export interface VolumesMemory {
  readonly generation: number
  /** What the ordered contents were made of; absent when not known (after a restart). */
  readonly fingerprint?: string
  /** Why they cannot be made yet. */
  readonly missing?: string
  /** Which ones the runtime could not make. */
  readonly unmounted?: readonly string[]
  readonly failures: number
  readonly retryAt?: Instant
  /** Since when they have been waited for, or when that was last said. */
  readonly since?: Instant
  /** Claims that were told of their new size, as they were then. */
  readonly grown?: string
}
export interface Ending { readonly reason: string; readonly message: string; readonly since: Instant; readonly graceSeconds: number }

export interface ContainerMemory {
  /** The attempt that was ordered to start and is not observed yet. */
  readonly ordered?: number
  /** The attempt for which the image was pulled (policy Always). */
  readonly pulled?: number
  readonly crash?: Backoff
  /** Why the next attempt does not start: shown as the waiting state. */
  readonly waiting?: { readonly reason: string; readonly message?: string; readonly retryAt?: Instant }
  readonly stopping?: Stopping
  /** What a running container is being given. */
  readonly resizing?: { readonly attempt: number; readonly to: ResourceLimits; readonly retryAt?: Instant }
  /** The attempt that was stopped to run again with other resources. */
  readonly restarting?: number
  /** The attempt that ended before all containers begin anew. */
  readonly anew?: number
  readonly hook?: { readonly attempt: number; readonly is: 'running' | 'failed' }
  readonly probes?: ProbesMemory
}
/** Crash back-off, as upstream's flowcontrol.Backoff: how long, and when that was set. */
export interface Backoff { readonly delayMs: number; readonly updatedAt: Instant }
export interface Stopping {
  readonly attempt: number
  /** By when the container is to have stopped by itself. */
  readonly deadline: Instant
  readonly is: 'in hook' | 'signalled'
}
export type ImageMemory =
  | { readonly is: 'pulling'; readonly container: string; readonly attempt: number; readonly since: Instant; readonly failures: number }
  | { readonly is: 'failed'; readonly failures: number; readonly reason: string; readonly message: string; readonly at: Instant; readonly retryAt: Instant; readonly told: boolean }

/** Probes of one attempt. */
export interface ProbesMemory {
  readonly attempt: number
  readonly startup?: ProbeMemory
  readonly liveness?: ProbeMemory
  readonly readiness?: ProbeMemory
}
export interface ProbeMemory {
  /** What the probe has established; undefined before the first threshold was reached. */
  readonly passing: boolean | undefined
  /** Results of the same kind in a row. */
  readonly run: { readonly ok: boolean; readonly times: number }
  /** When the next check is due; undefined: an outcome that changes no more. */
  readonly nextAt: Instant | undefined
  /** The check that is under way. */
  readonly inFlight: string | undefined
}
