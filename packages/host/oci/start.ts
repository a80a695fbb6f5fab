import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import type { ContainerSpec } from '@kubeskiff/core/kubelet'
import type { ImageStore } from '../images/store.ts'
import { cdiFolders, editsOf, withEdits } from '../cdi/index.ts'
import type { ExclusiveCpus } from '../cpus/index.ts'
import type { CsiVolumes } from '../csi/index.ts'
import type { DeviceDrivers, DevicePlugins, Granted } from '../device-plugins/index.ts'
import { deviceNumbers } from '../linux/device-numbers.ts'
import { overlayMount } from '../linux/mounts.ts'
import { inUserNamespace } from '../linux/own-users.ts'
import type { HostProbe } from '../linux/probe.ts'
import { identify, type ProcessIdentity, run } from '../linux/processes.ts'
import type { CniNetworks } from '../cni/index.ts'
import type { ClusterNetwork } from '../network/index.ts'
import type { AppArmor } from './app-armor.ts'
import { capabilitiesOf } from './capabilities.ts'
import type { ContainerChoices } from './choices.ts'
import { argumentsOf, configurationOf, type ConfigurationInput, type OciConfiguration } from './configuration.ts'
import { createMonitored } from './conmon.ts'
import { isIn, podGroup, writeLimits } from './groups.ts'
import type { Handlers } from './runtime-programs.ts'
import type { HostFiles } from './host-files.ts'
import { withMountedDevices } from './mounted-devices.ts'
import type { AttemptPlaces, Places, PodPlaces } from './places.ts'
import { readIfThere, writeRecord, type ContainerRecord, type PodRecord } from './records.ts'
import { readInRoot } from './root-files.ts'
import { sharedProcessNamespace } from './sandbox.ts'
import type { ContainerLabels, SeLinux } from './selinux.ts'
import { defaultFilter, filterFrom, type SeccompFilter } from './seccomp.ts'
import { type Staged, staged } from './stage.ts'
import { idsPerPod, type UserRanges } from './user-ranges.ts'
import { type ContainerUser, resolveUser } from './users.ts'
import { type Bind, bindsOfVolumes, deviceOf, type DiskNode, isRelabelled, MountError, volumePath } from './volumes/index.ts'

export type StartReason = 'CreateContainerError' | 'CreateContainerConfigError' | 'RunContainerError'
export type StartAnswer = { readonly is: 'running'; readonly record: ContainerRecord } | { readonly is: 'failed'; readonly reason: StartReason; readonly message: string }

/** What starting needs besides the pod. */
export interface StartPlace {
  readonly handlers: Handlers
  readonly places: Places
  readonly images: ImageStore
  readonly network: ClusterNetwork
  /** Who makes pods' interfaces; absent: the network itself. */
  readonly cni?: CniNetworks
  readonly host: HostProbe
  readonly cgroupRoot: string
  /** How many processes a pod may have; -1: as many as the machine. */
  readonly podPidsLimit: number
  /** What was said of the node that containers are held to. */
  readonly choices: ContainerChoices
  /** Who has CPUs to himself; absent: nobody. */
  readonly cpus?: ExclusiveCpus
  /** The machine's file of resolvers, for pods that want its; '': none. Absent: the usual one. */
  readonly resolverFile?: string
  /** What control groups can limit besides CPU, memory and processes. */
  readonly canLimitSwap: boolean
  readonly hugePageSizes: readonly string[]
  readonly hostFiles: HostFiles
  /** Who answers for the devices of a node; undefined: nobody. */
  readonly devicesOf: (node: string) => DevicePlugins | undefined
  /** The DRA drivers of a node; undefined: none. */
  readonly driversOf: (node: string) => DeviceDrivers | undefined
  /** The CSI volumes of a node; undefined: none. */
  readonly csiOf: (node: string) => CsiVolumes | undefined
  /** The folder of the machine's own seccomp profiles. */
  readonly profiles: string
  /** The ids of pods with users of their own. */
  readonly ranges: UserRanges
  readonly appArmor: AppArmor
  readonly seLinux: SeLinux
  readonly now: () => number
}

class StartError extends Error {
  readonly reason: StartReason
  constructor(reason: StartReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Creates and starts one attempt of a container; leaves a record of each step. It shares the processes of `target`, where given. */
export async function startContainer(pod: PodRecord, container: string, attempt: number, spec: ContainerSpec, place: StartPlace, target?: ProcessIdentity): Promise<StartAnswer> {
  const at = place.places.pod(pod.uid)
  const own = at.attempt(container, attempt)
  try {
    return { is: 'running', record: await start(pod, container, attempt, spec, at, own, place, target) }
  } catch (error) {
    const message = wordsOf(error)
    return { is: 'failed', reason: error instanceof StartError ? error.reason : error instanceof MountError ? 'CreateContainerConfigError' : 'CreateContainerError', message }
  }
}

async function start(pod: PodRecord, container: string, attempt: number, spec: ContainerSpec, at: PodPlaces, own: AttemptPlaces, place: StartPlace, target: ProcessIdentity | undefined): Promise<ContainerRecord> {
  const image = place.images.find(spec.image)
  if (image === undefined) throw new StartError('CreateContainerError', `failed to get image from store: image "${spec.image}": not found`)
  if (argumentsOf(spec, image.settings).length === 0) throw new StartError('CreateContainerError', `failed to generate container spec: no command specified`)
  const id = randomBytes(32).toString('hex')
  const cgroup = `${podGroup(place.cgroupRoot, pod.spec.qos, pod.uid)}/${id}`
  for (const directory of [own.directory, own.upper, own.work, own.root]) mkdirSync(directory, { recursive: true })
  // It is the container's own /, whatever our umask says.
  chmodSync(own.upper, 0o755)
  const creating: ContainerRecord = {
    container, id, spec, cgroup, stopSignal: image.settings.StopSignal ?? 'SIGTERM', process: undefined, monitor: undefined,
    state: { attempt, image: spec.image, is: 'creating' },
  }
  writeRecord(own.record, creating)
  const { users } = pod
  const layers = place.images.layerDirectories(image)
  const stage = users === undefined ? undefined : staged(at, users)
  const labels = labelsOf(pod, spec, place.seLinux)
  const root = stage?.root(own, layers, labels?.mount) ?? own.root
  if (stage === undefined) overlayMount(root, { layers, upper: own.upper, work: own.work, context: labels?.mount })
  const answer = resolveUser(spec.security, image.settings.User ?? '', {
    passwd: readInRoot(root, '/etc/passwd'), group: readInRoot(root, '/etc/group'),
  }, { pod: `${pod.spec.name}_${pod.spec.namespace}(${pod.uid})`, container })
  if (answer.is === 'refused') throw new StartError(spec.security.mustRunAsNonRoot ? 'CreateContainerConfigError' : 'CreateContainerError', answer.message)
  if (users !== undefined) checkMapped(answer.user)
  const filter = filterOf(spec.security, place)
  const appArmorProfile = await place.appArmor.profileOf(spec.security)
  const granted = spec.devices === undefined ? undefined : await place.devicesOf(pod.spec.node)?.allocate(pod.uid, container, spec.devices)
  writeFileSync(own.terminationMessage, '')
  chmodSync(own.terminationMessage, 0o666)
  const node = place.network.node(pod.spec.node)
  const sharesNetwork = pod.spec.hostNetwork
  if (labels !== undefined) relabel(pod, spec, at, own, labels, place.seLinux)
  const binds = bindsOf(container, pod, spec, at, own, place.images, stage, labels)
  const input: ConfigurationInput = {
    id, spec, sandbox: pod.spec, settings: image.settings, user: answer.user, root, ...(place.host.cgroups !== 'none' && { cgroupsPath: cgroup }), ...(users !== undefined && { users: { ...users, namespace: `${at.namespaces}/user` } }),
    namespaces: {
      network: sharesNetwork ? node?.namespace ?? '/proc/self/ns/net' : `${at.namespaces}/net`,
      ipc: existsSync(`${at.namespaces}/ipc`) ? `${at.namespaces}/ipc` : undefined,
      uts: existsSync(`${at.namespaces}/uts`) ? `${at.namespaces}/uts` : undefined,
      pid: pod.spec.hostPid ? 'host' : pod.pause !== undefined ? sharedProcessNamespace(pod.pause) : target === undefined ? 'own' : `/proc/${target.pid}/ns/pid`,
    },
    binds: stage?.binds(own, binds) ?? binds,
    sharedMemory: stage?.sharedMemory(own) ?? (pod.spec.hostIpc ? '/dev/shm' : at.sharedMemory),
    devices: spec.security.privileged ? machineDevices() : [],
    ...(granted === undefined ? {} : { granted: grantedBy(granted, stage, own) }),
    disks: await disksOf(container, pod, spec),
    ...(pod.spec.hostPid && inUserNamespace() && { boundProcesses: true as const }),
    limits: { ...place.host, memoryBytes: totalmem(), canLimitSwap: place.canLimitSwap, hugePageSizes: place.hugePageSizes, unified: place.host.cgroups === 'v2', swapBytes: swapBytes(), choices: place.choices },
    ...(place.cpus !== undefined && { cpus: place.cpus.of(pod.uid, container) }),
    ...(filter === undefined ? {} : { filter }), appArmorProfile, labels,
  }
  const configuration = withDevices(configurationOf(input), pod, spec, granted?.cdi ?? [], place)
  writeFileSync(`${own.directory}/config.json`, JSON.stringify(stage === undefined ? configuration : withMountedDevices(configuration, input.devices, (node) => stage.device(own, node))))
  const tools = place.handlers.of(pod)
  const created = await createMonitored(tools, place.places, own, { id, terminal: spec.tty, stdin: spec.stdin, keepStdinOpen: spec.stdin && !spec.stdinOnce })
    .catch((error: Error) => { throw new StartError('RunContainerError', `failed to create containerd task: failed to create shim task: OCI runtime create failed: ${error.message}: unknown`) })
  const monitor = identify(Number(readIfThere(`${own.directory}/conmon-pid`) ?? 0))
  const waiting: ContainerRecord = { ...creating, process: identify(created), monitor }
  writeRecord(own.record, waiting)
  if (place.host.groupBase !== '') holdTo(cgroup, created, { ...spec.resources, quota: place.choices.cpuQuota })
  const started = await run(tools.runtime, [...tools.flags, 'start', id])
  if (started.code !== 0) throw new StartError('RunContainerError', `failed to start container "${id}": ${started.stderr.trim()}`)
  const record: ContainerRecord = { ...waiting, state: { attempt, image: spec.image, is: 'running', resources: spec.resources, id, imageId: image.digest ?? image.id, startedAt: place.now() } }
  writeRecord(own.record, record)
  return record
}

/** A runtime of an ordinary user starts a container without its limits, and says nothing of it, where it cannot set them: so it is looked at, and they are set again. */
function holdTo(cgroup: string, process: number, limits: Parameters<typeof writeLimits>[1]): void {
  try {
    if (!isIn(cgroup, process)) throw new Error('its process is not in it')
    writeLimits(cgroup, limits)
  } catch (error) { throw new StartError('RunContainerError', `the container cannot be held to its control group ${cgroup}: ${error instanceof Error ? error.message : String(error)}`) }
}

/** The filter that a container's security context names. Profiles of the machine are below the node's own folder, as the kubelet's are. */
function filterOf({ seccomp, ...security }: ContainerSpec['security'], place: StartPlace): SeccompFilter | undefined {
  if (seccomp === undefined) return undefined
  if (seccomp.is === 'default') return defaultFilter(capabilitiesOf(security, place.host.capabilityBound))
  try { return filterFrom(join(place.profiles, seccomp.path)) } catch (error) { throw new StartError('CreateContainerError', wordsOf(error)) }
}

function labelsOf({ seLinuxLabel }: PodRecord, { security }: ContainerSpec, seLinux: SeLinux): ContainerLabels | undefined {
  try { return seLinux.labelsOf(seLinuxLabel, security) } catch (error) { throw new StartError('CreateContainerError', `failed to generate container spec: ${wordsOf(error)}`) }
}

/** Lets a container reach its volumes and its pod's files where SELinux is used. As the kubelet: what is the machine's own, or another machine's, keeps its labels. */
function relabel(pod: PodRecord, spec: ContainerSpec, at: PodPlaces, own: AttemptPlaces, { mount }: ContainerLabels, seLinux: SeLinux): void {
  for (const file of [at.hosts, at.hostname, at.resolver, own.terminationMessage, ...(pod.spec.hostIpc ? [] : [at.sharedMemory])]) seLinux.relabel(file, mount)
  for (const { volume: name } of spec.mounts) {
    const volume = pod.volumeSpecs.find((candidate) => candidate.name === name)
    if (volume !== undefined && isRelabelled(volume)) seLinux.relabelVolume(pod.uid, name, volumePath(volume, at.volumes), mount)
  }
}

/** As the runtime refuses ids that the pod's users do not have. */
function checkMapped({ uid, gid, additionalGids }: ContainerUser): void {
  const which = uid >= idsPerPod ? 'uid' : [gid, ...additionalGids].some((id) => id >= idsPerPod) ? 'gid' : undefined
  if (which !== undefined) throw new StartError('RunContainerError', `failed to create containerd task: failed to create shim task: OCI runtime create failed: cannot set ${which} to unmapped user in user namespace: unknown`)
}

function bindsOf(container: string, pod: PodRecord, spec: ContainerSpec, at: PodPlaces, own: AttemptPlaces, images: ImageStore, stage?: Staged, labels?: ContainerLabels): readonly Bind[] {
  const parts = `${stage === undefined ? own.directory : own.stage}/subpaths`
  const volumes = bindsOfVolumes(spec.mounts, pod.volumeSpecs, { directory: at.volumes, parts, container, images, context: labels?.mount, ...(stage !== undefined && { stageImage: (name, layers) => stage.image(own, name, layers, labels?.mount) }) })
  const taken = new Set(volumes.map((volume) => volume.path))
  const podFiles = [
    { source: at.hosts, path: '/etc/hosts', readOnly: false },
    { source: at.hostname, path: '/etc/hostname', readOnly: false },
    { source: at.resolver, path: '/etc/resolv.conf', readOnly: false },
    ...(spec.terminationMessagePath === '' ? [] : [{ source: own.terminationMessage, path: spec.terminationMessagePath, readOnly: false }]),
  ].filter((file) => !taken.has(file.path)).map((file) => ({ ...file, propagation: 'None' as const }))
  // Outer paths first, so that a volume inside another one is not hidden by it.
  return [...volumes, ...podFiles].sort((a, b) => a.path.split('/').length - b.path.split('/').length)
}

/** The block devices that a container is given instead of mounts. */
function disksOf(container: string, pod: PodRecord, spec: ContainerSpec): Promise<readonly DiskNode[]> {
  return Promise.all((spec.disks ?? []).map(({ volume: name, path }) => {
    const volume = pod.volumeSpecs.find((candidate) => candidate.name === name)
    if (volume?.is !== 'disk') throw new StartError('CreateContainerConfigError', `cannot find volume ${JSON.stringify(name)} to pass into container ${JSON.stringify(container)}`)
    return deviceOf(volume, path)
  }))
}

/** The configuration, with what devices need that are known by names: those of the container's claims, and those that device plugins named. */
function withDevices(configuration: OciConfiguration, pod: PodRecord, spec: ContainerSpec, named: readonly string[], { driversOf, hostFiles }: StartPlace): OciConfiguration {
  const { node, namespace } = pod.spec
  const devices = [...(spec.claims === undefined ? [] : driversOf(node)?.devices(namespace, spec.claims) ?? []), ...named]
  if (devices.length === 0) return configuration
  // Drivers are pods of the node, and know its files as those do.
  const placeOf = (path: string): string => hostFiles.place(node, path)
  try {
    return withEdits(configuration, editsOf(devices, cdiFolders.map(placeOf), (fault) => { process.stderr.write(`node ${node}: ${fault}\n`) }), placeOf)
  } catch (error) {
    throw new StartError('CreateContainerError', `failed to create containerd container: CDI device injection failed: ${wordsOf(error)}`)
  }
}

/** What a device plugin gave, as the container's configuration has it. */
function grantedBy({ env, mounts, devices }: Granted, stage: Staged | undefined, own: AttemptPlaces): NonNullable<ConfigurationInput['granted']> {
  const binds = mounts.map(({ path, source, readOnly }): Bind => ({ path, source, readOnly, propagation: 'None' }))
  return {
    env: Object.entries(env), binds: stage?.binds(own, binds) ?? binds,
    devices: devices.map(({ path, source, permissions }) => {
      const found = deviceAt(source, path)
      if (found === undefined) throw new StartError('CreateContainerError', `failed to stat device ${JSON.stringify(source)}: it is no device of this machine`)
      return { ...found, access: permissions === '' ? 'rwm' : permissions }
    }),
  }
}

/** All device nodes of /dev itself, as privileged containers get. */
function machineDevices(): ConfigurationInput['devices'] {
  return readdirSync('/dev').flatMap((name) => {
    const found = deviceAt(`/dev/${name}`, `/dev/${name}`)
    return found === undefined ? [] : [found]
  })
}

/** A device of the machine under a path of a container's. */
function deviceAt(source: string, path: string): ConfigurationInput['devices'][number] | undefined {
  const found = lstatSync(source, { throwIfNoEntry: false })
  if (found === undefined || (!found.isCharacterDevice() && !found.isBlockDevice())) return undefined
  return { path, type: found.isBlockDevice() ? 'b' : 'c', ...deviceNumbers(found.rdev), fileMode: found.mode & 0o777, uid: found.uid, gid: found.gid }
}

/** How much swap the machine has, in bytes. */
const swapBytes = (): number => Number(/^SwapTotal:\s+(\d+) kB$/m.exec(readIfThere('/proc/meminfo') ?? '')?.[1] ?? 0) * 1024
