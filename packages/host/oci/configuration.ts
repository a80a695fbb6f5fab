import type { ContainerSpec, SandboxSpec } from '@kubeskiff/core/kubelet'
import type { ImageSettings } from '../images/store.ts'
import type { IdRange } from '../linux/users.ts'
import { capabilitiesOf } from './capabilities.ts'
import type { ContainerChoices } from './choices.ts'
import { cpuShares, quotaOf } from './groups.ts'
import type { SeccompFilter } from './seccomp.ts'
import type { ContainerLabels } from './selinux.ts'
import type { ContainerUser } from './users.ts'
import type { Bind, DiskNode } from './volumes/index.ts'

/** The parts of the OCI runtime specification that we write. */
export interface OciProcess {
  readonly terminal: boolean
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] }
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly capabilities: Readonly<Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', readonly string[]>>
  readonly rlimits: readonly { readonly type: string; readonly hard: number; readonly soft: number }[]
  readonly noNewPrivileges: boolean
  readonly apparmorProfile?: string
  readonly selinuxLabel?: string
  readonly oomScoreAdj: number
}
export interface OciMount { readonly destination: string; readonly type: string; readonly source: string; readonly options: readonly string[] }
export interface OciConfiguration {
  readonly process: OciProcess
  readonly mounts: readonly OciMount[]
  readonly linux: { readonly devices?: readonly ({ readonly path: string } & Readonly<Record<string, unknown>>)[]; /** Absent where there are no control groups to hold it to. */ readonly resources?: OciResources | undefined; readonly [more: string]: unknown }
  readonly hooks?: Readonly<Record<string, readonly object[]>>
  readonly [more: string]: unknown
}
interface OciResources { readonly devices: readonly object[]; readonly [more: string]: unknown }

/** What the machine allows at most. */
export interface HostLimits {
  readonly capabilityBound: bigint
  readonly openFilesLimit: number
  readonly outOfMemoryScore: number
  readonly memoryBytes: number
  /** Whether control groups can forbid swap, and whether they are of the second version. */
  readonly canLimitSwap: boolean
  /** Sizes of huge pages that can be limited: '2MB'. */
  readonly hugePageSizes: readonly string[]
  readonly unified: boolean
  /** How much swap the machine has, in bytes. */
  readonly swapBytes: number
  readonly choices: ContainerChoices
  /** Set where only a part of the tree of groups was given to us: then the kernel lets nobody say which devices they have, and in our user namespace nobody makes any. */
  readonly groupBase?: string
}

export interface ConfigurationInput {
  readonly id: string
  readonly spec: ContainerSpec
  readonly sandbox: SandboxSpec
  readonly settings: ImageSettings
  readonly user: ContainerUser
  readonly root: string
  /** Absent: there are no control groups for it. */
  readonly cgroupsPath?: string
  /** Of a pod with users of its own: their namespace, and the ids that they have outside. */
  readonly users?: IdRange & { readonly namespace: string }
  /** Paths of pinned namespaces; a namespace without a path is the machine's. */
  readonly namespaces: { readonly network: string; readonly ipc: string | undefined; readonly uts: string | undefined; readonly pid: string | 'own' | 'host' }
  /** Volumes and the pod's own files, in the order to mount them. */
  readonly binds: readonly Bind[]
  readonly sharedMemory: string
  /** Device nodes of the machine, for privileged containers. */
  readonly devices: readonly { readonly path: string; readonly type: 'c' | 'b'; readonly major: number; readonly minor: number; readonly fileMode: number; readonly uid: number; readonly gid: number }[]
  /** Block devices that volumes are. */
  readonly disks?: readonly DiskNode[]
  /** What device plugins gave for the devices that the container asked for. */
  readonly granted?: { readonly env: readonly (readonly [string, string])[]; readonly binds: ConfigurationInput['binds']; readonly devices: readonly (ConfigurationInput['devices'][number] & { readonly access: string })[] }
  /** Its /proc is ours: who is root in a user namespace only makes none for processes of others. */
  readonly boundProcesses?: true
  readonly limits: HostLimits
  /** The CPUs that it runs on; absent: any. */
  readonly cpus?: { readonly cpus: string; readonly isExclusive: boolean }
  /** The filter of the profile that the pod names, where it names one. */
  readonly filter?: SeccompFilter
  /** The AppArmor profile of its processes, by name. */
  readonly appArmorProfile?: string | undefined
  /** The SELinux labels of its processes and its files. */
  readonly labels?: ContainerLabels | undefined
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const wantedOpenFiles = 1048576
const maskedPaths = ['/proc/asound', '/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap']
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** What the container runs: the pod's command and arguments over the image's. Empty when neither says. */
export function argumentsOf(spec: ContainerSpec, settings: ImageSettings): readonly string[] {
  if (spec.command.length > 0) return [...spec.command, ...spec.args]
  return [...(settings.Entrypoint ?? []), ...(spec.args.length > 0 ? spec.args : settings.Cmd ?? [])]
}

/** The whole config.json of a container. Pure: everything it needs is given. */
export function configurationOf(input: ConfigurationInput): OciConfiguration {
  const { spec, sandbox, settings, user, limits, granted, disks = [] } = input
  const capabilities = capabilitiesOf(spec.security, limits.capabilityBound)
  const privileged = spec.security.privileged
  const devices = [...privileged ? input.devices : [], ...disks, ...granted?.devices.map(({ access: _, ...device }) => device) ?? []]
  const openFiles = Math.min(wantedOpenFiles, limits.openFilesLimit)
  const { users } = input
  const ids = users === undefined ? undefined : [{ containerID: 0, hostID: users.hostId, size: users.length }]
  const namespaces = [
    ...(users === undefined ? [] : [{ type: 'user', path: users.namespace }]),
    { type: 'mount' }, { type: 'network', path: input.namespaces.network },
    ...(input.namespaces.pid === 'host' ? [] : [input.namespaces.pid === 'own' ? { type: 'pid' } : { type: 'pid', path: input.namespaces.pid }]),
    ...(input.namespaces.ipc === undefined ? [] : [{ type: 'ipc', path: input.namespaces.ipc }]),
    ...(input.namespaces.uts === undefined ? [] : [{ type: 'uts', path: input.namespaces.uts }]),
  ]
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: spec.tty,
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
      args: argumentsOf(spec, settings),
      env: environmentOf(spec, sandbox, settings, user, granted?.env ?? []),
      cwd: spec.workingDir !== '' ? spec.workingDir : settings.WorkingDir !== undefined && settings.WorkingDir !== '' ? settings.WorkingDir : '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities, inheritable: [], ambient: [] },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: openFiles, soft: openFiles }],
      noNewPrivileges: !spec.security.allowPrivilegeEscalation && !privileged,
      ...(input.appArmorProfile !== undefined && { apparmorProfile: input.appArmorProfile }),
      ...(input.labels?.process !== undefined && { selinuxLabel: input.labels.process }),
      oomScoreAdj: Math.max(outOfMemoryScore(spec, sandbox, limits), limits.outOfMemoryScore),
    },
    root: { path: input.root, readonly: spec.security.readOnlyRoot },
    mounts: [...kernelMounts(input), ...binds(input)],
    annotations: { 'io.kubernetes.cri.container-name': input.id },
    linux: {
      namespaces,
      ...(ids !== undefined && { uidMappings: ids, gidMappings: ids }),
      ...(input.cgroupsPath !== undefined && { cgroupsPath: input.cgroupsPath, resources: resourcesOf(input, privileged, [...disks, ...granted?.devices ?? []]) }),
      ...(devices.length > 0 || privileged ? { devices } : {}),
      ...(privileged || spec.security.unmasked === true ? {} : { maskedPaths, readonlyPaths }),
      ...(input.filter === undefined ? {} : { seccomp: input.filter }),
      ...(input.labels !== undefined && { mountLabel: input.labels.mount }),
      // A container that mounts in both directions needs its own root to be a peer of ours.
      rootfsPropagation: input.binds.some((bind) => bind.propagation === 'Bidirectional') ? 'rshared' : input.binds.some((bind) => bind.propagation === 'HostToContainer') ? 'rslave' : 'rprivate',
    },
  }
}

/** The image's environment first, then the pod's; what is named twice has its last value. */
function environmentOf(spec: ContainerSpec, sandbox: SandboxSpec, settings: ImageSettings, user: ContainerUser, granted: readonly (readonly [string, string])[]): readonly string[] {
  const values = new Map<string, string>()
  const set = (entry: string): void => {
    const equals = entry.indexOf('=')
    if (equals > 0) values.set(entry.slice(0, equals), entry.slice(equals + 1))
  }
  set(defaultPath)
  if (spec.tty) set('TERM=xterm')
  set(`HOSTNAME=${sandbox.hostname}`)
  for (const entry of settings.Env ?? []) set(entry)
  for (const [name, value] of spec.env) values.set(name, value)
  // As upstream: what the devices need comes after what the pod says.
  for (const [name, value] of granted) values.set(name, value)
  if (!values.has('HOME')) values.set('HOME', user.home)
  return [...values].map(([name, value]) => `${name}=${value}`)
}

function resourcesOf({ spec, sandbox, limits, cpus }: ConfigurationInput, privileged: boolean, nodes: readonly { readonly type: string; readonly major: number; readonly minor: number; readonly access?: string }[]): OciResources {
  const { cpuMillisLimit, memoryBytesLimit, hugePages } = spec.resources
  const { canLimitSwap, hugePageSizes, unified, choices, groupBase = '' } = limits
  const swap = swapOf(spec, sandbox, limits)
  return {
    devices: groupBase !== '' ? [] : [{ allow: privileged, access: 'rwm' }, ...nodes.map(({ type, major, minor, access = 'rwm' }) => ({ allow: true, type, major, minor, access }))],
    cpu: {
      shares: cpuShares(spec.resources),
      // As the kubelet: who has CPUs to himself needs no quota of their time.
      ...quotaOf(cpuMillisLimit, cpus?.isExclusive === true ? 'none' : choices.cpuQuota),
      ...(cpus === undefined ? {} : { cpus: cpus.cpus }),
    },
    ...(memoryBytesLimit === undefined || memoryBytesLimit === 0 ? {} : { memory: { limit: memoryBytesLimit, ...(canLimitSwap ? { swap: memoryBytesLimit + swap } : {}) } }),
    // As upstream: none of the pages that were not asked for.
    ...(hugePageSizes.length === 0 ? {} : { hugepageLimits: hugePageSizes.map((pageSize) => ({ pageSize, limit: hugePages?.[pageSize.replace('B', 'i')] ?? 0 })) }),
    // As the kubelet: what is killed for want of memory is killed whole, and who has no limit of memory has one of swap.
    ...(unified ? { unified: { ...(choices.killsOneProcess ? {} : { 'memory.oom.group': '1' }), ...(canLimitSwap && (memoryBytesLimit ?? 0) === 0 ? { 'memory.swap.max': String(swap) } : {}) } } : {}),
  }
}

/**
 * How much of a container may be swapped, in bytes. As the kubelet: nothing, unless the node lets burstable pods have swap; then a container that asks for less memory than it may use has
 * the share of the swap that it asks for of the memory. Only control groups of the second version tell the two apart.
 */
function swapOf({ resources: { memoryBytesRequested: asked, memoryBytesLimit: limit }, outOfMemoryRank }: ContainerSpec, { qos }: SandboxSpec, { choices, unified, swapBytes, memoryBytes }: HostLimits): number {
  if (choices.swap === 'none' || !unified || qos !== 'Burstable' || outOfMemoryRank === 'last' || asked === 0 || asked === limit) return 0
  return Math.floor((swapBytes * asked) / memoryBytes)
}

/** As the kubelet: guaranteed pods die last, best-effort pods first, the others by the share of memory they asked for. */
function outOfMemoryScore(spec: ContainerSpec, sandbox: SandboxSpec, limits: HostLimits): number {
  const rank = spec.outOfMemoryRank ?? spec.resources.memoryBytesRequested
  if (sandbox.qos === 'Guaranteed' || rank === 'last') return -997
  if (sandbox.qos === 'BestEffort') return 1000
  const score = 1000 - Math.floor((1000 * rank) / limits.memoryBytes)
  return Math.min(999, Math.max(3, score))
}

function kernelMounts(input: ConfigurationInput): readonly OciMount[] {
  const writable = input.spec.security.privileged
  const safe = ['nosuid', 'noexec', 'nodev']
  return [
    input.boundProcesses === true ? { destination: '/proc', type: 'bind', source: '/proc', options: ['rbind', 'rprivate', ...safe] } : { destination: '/proc', type: 'proc', source: 'proc', options: safe },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: safe },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...safe, writable ? 'rw' : 'ro'] },
    ...(input.cgroupsPath === undefined ? [] : [{ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...safe, 'relatime', writable ? 'rw' : 'ro'] }]),
    { destination: '/dev/shm', type: 'bind', source: input.sharedMemory, options: ['rbind', 'rprivate', 'rw'] },
  ]
}

function binds(input: ConfigurationInput): readonly OciMount[] {
  const propagations = { None: 'rprivate', HostToContainer: 'rslave', Bidirectional: 'rshared' }
  return [...input.binds, ...input.granted?.binds ?? []].map((bind) => ({
    destination: bind.path, type: 'bind', source: bind.source, options: ['rbind', propagations[bind.propagation], bind.readOnly ? bind.recursiveReadOnly ? 'rro' : 'ro' : 'rw'],
  }))
}
