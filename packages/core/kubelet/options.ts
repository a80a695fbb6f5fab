import type { Submit } from '../api/action.ts'
import type { Revision } from '../api/resource.ts'
import type { Change, ClusterView } from '../api/view.ts'
import type { Pod } from '../api/resources.ts'
import type { Clock } from '../base/clock.ts'
import type { Rejection } from './admission.ts'
import type { CertificateAsk, ClusterNames, CredentialAnswer, TokenAsk } from './decision.ts'
import type { DeviceHealth } from './devices.ts'
import type { ExtendedResources } from './node.ts'
import type { NodeShape } from './node-shape.ts'
import type { ContainerRuntime } from './runtime.ts'

/** What a kubelet is made of and works with. */
export interface KubeletOptions {
  readonly nodes?: readonly NodeShape[]
  readonly view: ClusterView
  /** The changes after a revision, oldest first. */
  readonly changes: (after: Revision) => Iterable<Change> | 'compacted'
  readonly runtime: ContainerRuntime
  readonly submit: Submit
  readonly clock: Clock
  /** Called when there is work: rings the lane 'kubelets'. */
  readonly ring: () => void
  readonly cluster: ClusterNames
  /** Answers with a service account's token, later or at once. Absent: pods that need one wait. */
  readonly tokens?: (ask: TokenAsk, done: (answer: CredentialAnswer) => void) => void
  /** Answers with a certificate for a pod. Absent: pods that need one wait. */
  readonly certificates?: (ask: CertificateAsk, done: (answer: CredentialAnswer) => void) => void
  /** What device plugins of a node offer; `nodeChanged` tells of changes. */
  readonly extended?: (node: string) => ExtendedResources
  /** How the devices of a node's pods are; `podChanged` tells of changes. */
  readonly deviceHealth?: (node: string) => DeviceHealth | undefined
  /** Volumes that are attached to a node and that its pods use, by their names in its status; `nodeChanged` tells of changes. */
  readonly volumesInUse?: (node: string) => readonly string[]
  /** Gives pods what only one can have: when a node takes them on, or why it does not. A pod that has it keeps it. Freed when nothing of the pod runs any more. */
  readonly exclusive?: { allocate(pod: Pod): Rejection | undefined; release(uid: string): void }
  /** Why a node's pods get no network now, in the runtime's words; `nodeChanged` tells of changes. Absent: they do. */
  readonly networkTrouble?: (node: string) => string | undefined
  /** Simulated nodes have leases, post unchanged statuses and tell of their images, seldom. Absent: they don't, and nothing ticks on an idle one. */
  readonly simulatedReports?: boolean
  /** The owner of its timers; one a clock. */
  readonly owner?: string
}
