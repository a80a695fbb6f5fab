import type { Pod } from '../api/resources.ts'
import type { Instant } from '../base/clock.ts'
import type { Cancel } from '../base/loop.ts'
import type { ImageAccess, RegistryCredentials } from '../rules/registry-credentials.ts'

/**
 * The port between the kubelet, which decides, and what runs containers: simulated, OCI (crun and conmon), later the CRI.
 * Commands in, events out. A driver never blocks the caller and never throws at it; it obeys commands of one pod in
 * order unless they are independent. Commands carry the pod's uid and, for a container, its attempt; events carry them back.
 */
export interface ContainerRuntime {
  submit(command: RuntimeCommand): void
  /** All that runs here, rebuilt from the machine after a restart: containers outlive every process of ours. */
  observed(): RuntimeState
  onEvent(listen: (event: RuntimeEvent) => void): Cancel
  /** Set when it knows a teardown with `keepLogs`; without that a pod that is over keeps its sandbox until it is deleted. */
  readonly keepsLogs?: boolean
  /** Takes over a pod that ran before this process did, as its status tells. For a runtime that keeps nothing on a machine; others observe what is there. */
  adopt?(pod: Pod, spec: SandboxSpec, containers: ReadonlyMap<string, ContainerSpec>): void
  /** Ends a container that uses more memory than it may, as the kernel does. For a runtime that computes its containers. */
  outOfMemory?(pod: string, container: string): void
  /** What a check would answer now and until when that holds (absent: for good). A runtime that computes its containers can tell; one that runs them has none. */
  foretell?(command: Extract<RuntimeCommand, { readonly do: 'check' }>): { readonly ok: boolean; readonly output: string; readonly until?: Instant }
}

export type RuntimeCommand =
  /** `pod` is the first that asked; a pull under way serves all. */
  | { readonly do: 'pull'; readonly node: string; readonly image: string; readonly pod?: string; readonly credentials?: readonly RegistryCredentials[] }
  | { readonly do: 'sandbox'; readonly pod: string; readonly spec: SandboxSpec }
  /** Makes or updates the pod's volumes; contents are replaced atomically where the generation rose. */
  | { readonly do: 'volumes'; readonly pod: string; readonly generation: number; readonly volumes: readonly VolumeSpec[] }
  /** Creates and starts one container. An attempt that failed to start may be ordered again: it takes the failed one's place. */
  | { readonly do: 'start'; readonly pod: string; readonly container: string; readonly attempt: number; readonly spec: ContainerSpec }
  /** Gives a running container other resources, and its pod what all have together by then. Answered by `resized`. */
  | { readonly do: 'resize'; readonly pod: string; readonly container: string; readonly attempt: number; readonly resources: ResourceLimits; readonly podResources: ResourceLimits }
  /** Stop signal, then KILL after the grace. */
  | { readonly do: 'stop'; readonly pod: string; readonly container: string; readonly attempt: number; readonly graceSeconds: number; readonly signal?: string }
  /** Runs one check: a probe or a hook. Answered by `checked` with the same id. */
  | { readonly do: 'check'; readonly pod: string; readonly container: string; readonly attempt: number; readonly id: string; readonly check: Check; readonly timeoutSeconds: number }
  /** Removes what is left of one attempt, its log included. */
  | { readonly do: 'remove'; readonly pod: string; readonly container: string; readonly attempt: number }
  /**
   * Tears the pod down: containers that are left, volumes that die with the pod, the sandbox, its address. With `keepLogs`, for a pod that is
   * over but not deleted, exited containers stay observed and their logs readable until a second teardown without it.
   */
  | { readonly do: 'teardown'; readonly pod: string; readonly keepLogs?: boolean }

export type Check =
  | { readonly is: 'exec'; readonly command: readonly string[] }
  | { readonly is: 'http'; readonly scheme: 'HTTP' | 'HTTPS'; readonly host: string; readonly port: number; readonly path: string; readonly headers: readonly (readonly [string, string])[] }
  | { readonly is: 'tcp'; readonly host: string; readonly port: number }
  | { readonly is: 'grpc'; readonly port: number; readonly service: string }
  | { readonly is: 'sleep'; readonly seconds: number }

/** What a container needs around it. Complete: a driver needs no second look-up. */
export interface SandboxSpec {
  readonly node: string
  readonly namespace: string
  readonly name: string
  readonly hostname: string
  readonly domain: string // 'web-headless.default.svc.cluster.local' or '': what follows the host name
  readonly hostNetwork: boolean
  readonly hostPid: boolean
  readonly hostIpc: boolean
  readonly shareProcessNamespace: boolean
  /** The pod has users of its own, whose ids are others on its node. */
  readonly ownUsers?: true
  /** The name before the domain, where `hostname` is the whole name. */
  readonly shortHostname?: string
  /** `fromNode`: added to what the node's own resolver is told. */
  readonly dns: { readonly nameservers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[]; readonly fromNode?: boolean }
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[]
  readonly sysctls: readonly { readonly name: string; readonly value: string }[]
  readonly hostPorts: readonly { readonly protocol: 'TCP' | 'UDP' | 'SCTP'; readonly hostPort: number; readonly containerPort: number; readonly hostIp: string }[]
  readonly qos: 'Guaranteed' | 'Burstable' | 'BestEffort'
  /** Claims of devices that are to be prepared first; `isOwn` for those that were made for the pod. */
  readonly claims?: readonly { readonly name: string; readonly isOwn: boolean }[]
  /** What all containers have together. */
  readonly resources?: ResourceLimits
  /** What the pod says of its SELinux label. */
  readonly seLinux?: SeLinuxOptions
  /** The runtime's own name of how the pod is to be run; absent: as usual. */
  readonly handler?: string
  readonly labels: Readonly<Record<string, string>>
  /** The pod's annotations: a simulated runtime reads its script from them. */
  readonly annotations: Readonly<Record<string, string>>
}

/** `shown`: how messages call it, where that is not its name in the pod. */
export type VolumeSpec = { readonly shown?: string } & (
  | { readonly name: string; readonly is: 'emptyDir'; readonly medium: '' | 'Memory' | 'HugePages'; readonly pageSize?: string; readonly sizeBytes?: number } & Owned
  /** ConfigMap, Secret, downward API, projected, token: all are files. */
  | { readonly name: string; readonly is: 'files'; readonly files: readonly { readonly path: string; readonly mode: number; readonly user?: number; readonly bytes: Uint8Array }[]; readonly inMemory: boolean } & Owned
  | { readonly name: string; readonly is: 'hostPath'; readonly path: string; readonly type: string }
  /** A claim's volume on this node: a directory that outlives the pod, and is made where that is said. */
  | { readonly name: string; readonly is: 'directory'; readonly path: string; readonly isMade?: true } & Owned
  /** A block device, or a file that is used as one: made when its size is given, and grown to it. With a file system it is mounted, without one it is given as it is. */
  | { readonly name: string; readonly is: 'disk'; readonly path: string; readonly sizeBytes?: number; readonly fileSystem?: { readonly type: string; readonly options: readonly string[] } } & Owned
  /** What an image holds, read only. */
  | { readonly name: string; readonly is: 'image'; readonly reference: string }
  /**
   * A volume of a CSI driver, which is called `volume` in its paths; `attached` before by somebody else. A group is the driver's to give the files to, or ours where we `mayGive` them.
   * With another `turn` it is published again; `expandTo`: bytes that its file system is to follow to.
   */
  | {
    readonly name: string; readonly is: 'csi'; readonly driver: string; readonly handle: string; readonly volume: string; readonly isInline?: true; readonly attached: boolean
    readonly fsType: string; readonly accessMode: string; readonly options: readonly string[]; readonly readOnly: boolean; readonly isBlock: boolean
    readonly attributes: Readonly<Record<string, string>>; readonly podAttributes: Readonly<Record<string, string>>
    readonly secrets: { readonly stage?: SecretPlace; readonly publish?: SecretPlace; readonly expand?: SecretPlace }
    readonly mayGive?: true; readonly turn?: number; readonly expandTo?: number; readonly tokens?: string; readonly tokensAreSecrets?: true
  } & Owned
  /** A file system of another machine. */
  | { readonly name: string; readonly is: 'network'; readonly type: string; readonly source: string; readonly options: readonly string[] }
)
interface SecretPlace { readonly namespace?: string; readonly name?: string }
/** What belongs to a group of the pod's own: all that is in it, or only what does not yet when its root does. */
interface Owned { readonly group?: number; readonly groupOnMismatch?: true }

export interface ContainerSpec {
  readonly image: string
  /** Whether the pod expects it to end by itself: an init container, or a pod that is not always restarted. A simulated runtime goes by that. */
  readonly ends?: boolean
  readonly command: readonly string[] // empty: the image's entrypoint
  readonly args: readonly string[] // empty with an empty command: the image's cmd
  readonly env: readonly (readonly [string, string])[]
  readonly workingDir: string // '': the image's
  readonly mounts: readonly { readonly volume: string; readonly path: string; readonly subPath: string; readonly readOnly: boolean; readonly recursiveReadOnly?: true; readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional' }[]
  /** Volumes that the container is given as block devices. */
  readonly disks?: readonly { readonly volume: string; readonly path: string }[]
  /** The container whose processes it shall see. */
  readonly target?: string
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly resources: ResourceLimits
  /** Whether the kernel shall end others first, whatever it asked for; or the memory by which it is ranked, where that is not what it asked for. */
  readonly outOfMemoryRank?: 'last' | number
  /** Devices by the extended resource that names them: only those of which the node has a plugin. */
  readonly devices?: Readonly<Record<string, number>>
  /** Which of the pod's prepared claims it is given: all that a claim holds, or what was asked for by one request. */
  readonly claims?: readonly { readonly claim: string; readonly request?: string }[]
  readonly security: {
    readonly user?: number; readonly group?: number; readonly supplementalGroups: readonly number[]; readonly fsGroup?: number
    readonly privileged: boolean; readonly readOnlyRoot: boolean; readonly allowPrivilegeEscalation: boolean; readonly mustRunAsNonRoot: boolean
    readonly capabilitiesAdded: readonly string[]; readonly capabilitiesDropped: readonly string[]
    /** The filter of system calls; absent: none. A path is below the node's folder of profiles. */
    readonly seccomp?: { readonly is: 'default' } | { readonly is: 'localhost'; readonly path: string }
    /** The AppArmor profile; absent: what the runtime gives to those who ask for none. */
    readonly appArmor?: { readonly is: 'default' | 'unconfined' } | { readonly is: 'localhost'; readonly name: string }
    /** What the container itself says of its SELinux label, in place of what its pod says. */
    readonly seLinux?: SeLinuxOptions
    /** Nothing of /proc is hidden or read-only. */
    readonly unmasked?: boolean
    /** Only the groups that the pod names: not those that the image's accounts add. */
    readonly strictGroups?: boolean
  }
  readonly terminationMessagePath: string
  readonly terminationMessagePolicy: 'File' | 'FallbackToLogsOnError'
}

/** Parts of a label: what is not said is the runtime's to choose. */
export interface SeLinuxOptions { readonly user?: string; readonly role?: string; readonly type?: string; readonly level?: string }

/** What a container, or a pod, is given. Memory in bytes, CPU in thousandths of one; no limit where one is absent. */
export interface ResourceLimits {
  readonly cpuMillisRequested: number
  readonly cpuMillisLimit?: number
  readonly memoryBytesRequested: number
  readonly memoryBytesLimit?: number
  /** By size of page, as in the resource's name: '2Mi'. */
  readonly hugePages?: Readonly<Record<string, number>>
}

export type RuntimeEvent =
  | { readonly is: 'pulled'; readonly node: string; readonly image: string; readonly imageId: string; readonly sizeBytes: number; readonly tookMs: number; readonly at: Instant }
  | { readonly is: 'pull-failed'; readonly node: string; readonly image: string; readonly reason: 'ErrImagePull' | 'InvalidImageName' | 'RegistryUnavailable'; readonly message: string; readonly at: Instant }
  | { readonly is: 'sandbox-ready'; readonly pod: string; readonly addresses: readonly string[]; readonly at: Instant }
  | { readonly is: 'sandbox-failed'; readonly pod: string; readonly message: string; /** Its devices could not be prepared. */ readonly forDevices?: true; readonly at: Instant }
  | { readonly is: 'volumes-ready'; readonly pod: string; readonly generation: number; readonly at: Instant }
  | { readonly is: 'volumes-failed'; readonly pod: string; readonly generation: number; readonly failures: readonly { readonly volume: string; readonly message: string }[]; readonly at: Instant }
  | { readonly is: 'started'; readonly pod: string; readonly container: string; readonly attempt: number; readonly id: string; readonly imageId: string; readonly at: Instant }
  | { readonly is: 'start-failed'; readonly pod: string; readonly container: string; readonly attempt: number; readonly reason: 'CreateContainerError' | 'CreateContainerConfigError' | 'RunContainerError'; readonly message: string; readonly at: Instant }
  | { readonly is: 'exited'; readonly pod: string; readonly container: string; readonly attempt: number; readonly exitCode: number; readonly signal: number; readonly outOfMemory: boolean; readonly message: string; readonly at: Instant }
  | { readonly is: 'checked'; readonly pod: string; readonly container: string; readonly attempt: number; readonly id: string; readonly ok: boolean; readonly output: string; readonly at: Instant }
  /** A problem says why the container keeps what it had. */
  | { readonly is: 'resized'; readonly pod: string; readonly container: string; readonly attempt: number; readonly problem?: string; readonly at: Instant }
  | { readonly is: 'removed'; readonly pod: string; readonly container: string; readonly attempt: number; readonly at: Instant }
  /** What it was to free could not be yet: that is tried again. */
  | { readonly is: 'teardown-failed'; readonly pod: string; readonly message: string; readonly at: Instant }
  | { readonly is: 'torn-down'; readonly pod: string; readonly at: Instant }

export interface RuntimeState {
  /** By pod uid. */
  readonly pods: ReadonlyMap<string, RuntimePod>
  /** By node, then by the reference they were pulled under. */
  readonly images: ReadonlyMap<string, ReadonlyMap<string, HeldImage>>
}
/** `access`: where a kubelet pulled it, who may use it, and by which name without a tag credentials for it are found. */
export interface HeldImage { readonly id: string; readonly sizeBytes: number; readonly access?: ImageAccess & { readonly repository: string } }
export interface RuntimePod {
  readonly uid: string
  readonly spec: SandboxSpec
  readonly sandbox: { readonly is: 'pending' } | { readonly is: 'ready'; readonly addresses: readonly string[]; readonly at: Instant } | { readonly is: 'failed'; readonly message: string }
    /** Torn down with its logs kept. */
    | { readonly is: 'gone' }
  /** `ungrown`: disks that have grown, and whose file systems have not. */
  readonly volumes: { readonly generation: number; readonly failed?: string; readonly ungrown?: readonly { readonly volume: string; readonly message: string }[] } | undefined
  /** Newest attempt last. */
  readonly containers: ReadonlyMap<string, readonly RuntimeContainer[]>
}
/** `resources`: what it has now; absent: none asked for. */
export type RuntimeContainer = { readonly attempt: number; readonly image: string; readonly resources?: ResourceLimits } & (
  | { readonly is: 'creating' }
  | { readonly is: 'failed'; readonly reason: string; readonly message: string; readonly at: Instant }
  | { readonly is: 'running'; readonly id: string; readonly imageId: string; readonly startedAt: Instant }
  | { readonly is: 'exited'; readonly id: string; readonly imageId: string; readonly startedAt: Instant; readonly finishedAt: Instant; readonly exitCode: number; readonly signal: number; readonly outOfMemory: boolean; readonly message: string }
)
