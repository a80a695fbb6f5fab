import type { Pod } from '../api/resources.ts'
import type { PodCertificateProjection, PodStatus } from '../api/generated/types.ts'
import type { Action } from '../api/action.ts'
import type { ClusterView } from '../api/view.ts'
import type { Instant } from '../base/clock.ts'
import type { Amounts } from '../rules/requests.ts'
import type { DeviceHealth } from './devices.ts'
import type { PressureType } from './eviction.ts'
import type { PodMemory } from './memory.ts'
import type { NodeShape } from './node-shape.ts'
import type { ContainerRuntime, HeldImage, RuntimeCommand, RuntimeEvent, RuntimePod } from './runtime.ts'

/** All that a decision about one pod may look at. */
export interface Surroundings {
  readonly view: ClusterView
  readonly node: NodeShape
  readonly cluster: ClusterNames
  readonly now: Instant
  readonly observed: RuntimePod | undefined
  /** The images on the pod's node, by the reference they were pulled under. */
  readonly images: ReadonlyMap<string, HeldImage> | undefined
  /** What the runtime said about this pod, or about images it waits for, since the last decision. */
  readonly heard: readonly RuntimeEvent[]
  readonly memory: PodMemory | undefined
  /** What the other pods on the node have been granted. */
  readonly granted: Granted
  /** What this pod has of that; absent: nothing yet. */
  readonly held?: Amounts | undefined
  /** What the node runs short of; absent: nothing. */
  readonly pressures?: readonly PressureType[] | undefined
  /** Gives the pod what only one can have, or says why it cannot; absent: there is nothing of the sort. */
  readonly allocate?: ((pod: Pod) => { readonly reason: string; readonly message: string } | undefined) | undefined
  /** Why the node's pods get no network now, in the runtime's words; absent: they do. */
  readonly networkTrouble?: string | undefined
  /** How the pod's devices are; absent: nobody tells. */
  readonly deviceHealth?: DeviceHealth | undefined
  readonly credentials: ReadonlyMap<string, CredentialAnswer> | undefined
  readonly foretell: ContainerRuntime['foretell']
  readonly keepsLogs: boolean
}
export interface ClusterNames { readonly dns: string; /** What pods ask for names instead. */ readonly servers?: readonly string[]; readonly domain: string }

/** What pods on a node have been granted: amounts by resource (cpu in thousandths), and host ports. */
export interface Granted {
  readonly amounts: Readonly<Record<string, number>>
  readonly pods: number
  hasHostPort(port: HostPort): boolean
}
export interface HostPort { readonly protocol: string; readonly hostPort: number; readonly hostIp: string }

/** What is to be done about one pod. Data. */
export interface Decision {
  readonly commands: readonly RuntimeCommand[]
  /** The status to write; undefined when it stands already. */
  readonly status: PodStatus | undefined
  /** Nothing of the pod is left here: its object may go. */
  readonly release: boolean
  readonly events: readonly PodEvent[]
  readonly memory: PodMemory | undefined
  /** Look again at this instant even if nothing happens. */
  readonly again: Instant | undefined
  readonly asks: readonly CredentialAsk[]
  /** What else is to be written. */
  readonly writes: readonly Action[]
  /** Objects whose change may change this decision, as 'resource/namespace/name'. Undefined: as before. */
  readonly dependsOn: readonly string[] | undefined
}

export interface PodEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly fieldPath?: string
}

/** What a pod's volume needs from others: asked for by the kubelet, kept nowhere. */
export type CredentialAsk = TokenAsk | CertificateAsk
/** A service account's token. */
export interface TokenAsk {
  readonly is: 'token'
  readonly id: string
  readonly pod: Pod
  readonly audience: string | undefined
  readonly expirationSeconds: number
}
/** A certificate for a new key, from the signer that the source names. Asked again while it is under way, it is not begun anew. */
export interface CertificateAsk {
  readonly is: 'certificate'
  readonly id: string
  readonly pod: Pod
  readonly source: PodCertificateProjection
}
export type CredentialAnswer =
  | { readonly is: 'asked' }
  | { readonly is: 'token'; readonly token: string; readonly issuedAt: Instant; readonly expiresAt: Instant }
  /** Key and chain are PEM. */
  | { readonly is: 'certificate'; readonly key: string; readonly chain: string; readonly issuedAt: Instant; readonly renewAt: Instant }
  | { readonly is: 'refused'; readonly message: string }
  /** For good: nobody asks again. */
  | { readonly is: 'denied'; readonly message: string; readonly event: { readonly reason: string; readonly message: string } }
