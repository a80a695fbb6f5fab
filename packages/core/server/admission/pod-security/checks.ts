// The Pod Security Standards, check by check, as upstream versions and words them.
import { appArmorPrefix } from '../../../api/app-armor.ts'
import type { Container, ObjectMeta, PodSpec, Volume } from '../../../api/generated/types.ts'
import type { Bar } from './policy.ts'

export interface Violation { readonly reason: string; readonly detail: string }
type Check = (spec: PodSpec, metadata: ObjectMeta) => Violation | undefined
interface Versioned { readonly since: number; readonly check: Check }
/** `instead` is the baseline check that a restricted one makes needless. */
interface Standard { readonly id: string; readonly versions: readonly Versioned[]; readonly instead?: string }

/** Violations in upstream's order: baseline first. */
export function violationsOf(bar: Bar, spec: PodSpec, metadata: ObjectMeta): readonly Violation[] {
  if (bar.level === 'privileged') return []
  const restricting = bar.level === 'restricted' ? inForce(restricted, bar.version) : []
  const needless = new Set(restricting.map(({ instead }) => instead))
  return [...inForce(baseline, bar.version).filter(({ id }) => !needless.has(id)), ...restricting].map(({ check }) => check(spec, metadata)).filter((violation) => violation !== undefined)
}

function inForce(standards: readonly Standard[], version: Bar['version']): readonly { readonly id: string; readonly instead: string | undefined; readonly check: Check }[] {
  return standards.flatMap(({ id, instead, versions }) => {
    const found = versions.findLast(({ since }) => version === 'latest' || since <= version)
    return found === undefined ? [] : [{ id, instead, check: found.check }]
  })
}

/** 'hostPort (container "a" uses hostPort 80), …'. */
export const detailOf = (violations: readonly Violation[]): string => violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')
export const reasonOf = (violations: readonly Violation[]): string => violations.map(({ reason }) => reason).join(', ')

type AnyContainer = Pick<Container, 'name' | 'securityContext' | 'ports' | 'livenessProbe' | 'readinessProbe' | 'startupProbe' | 'lifecycle'>
const containersOf = (spec: PodSpec): readonly AnyContainer[] => [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]
const namesOf = (spec: PodSpec, is: (container: AnyContainer) => boolean): readonly string[] => containersOf(spec).filter(is).map(({ name }) => name)
const quoted = (names: readonly string[]): string => `"${names.join('", "')}"`
const several = (one: string, more: string, { length }: { readonly length: number }): string => (length === 1 ? one : more)
const containers = (names: readonly string[]): string => `${several('container', 'containers', names)} ${quoted(names)}`
const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)].sort()
const whenAny = (names: readonly string[], reason: string, detail: (names: readonly string[]) => string): Violation | undefined => (names.length === 0 ? undefined : { reason, detail: detail(names) })
/** 'pod and containers "a", "b"'. */
const settersOf = (pod: boolean, names: readonly string[]): string => [...(pod ? ['pod'] : []), ...(names.length > 0 ? [containers(names)] : [])].join(' and ')
const isWindows = ({ os }: PodSpec): boolean => os?.name === 'windows'
/** Root in a user namespace of its own is nobody outside. */
const hasOwnUsers = ({ hostUsers }: PodSpec): boolean => hostUsers === false

const baselineCapabilities: ReadonlySet<string> = new Set(['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'])
const addedBeyond = (allowed: ReadonlySet<string>) => ({ securityContext }: AnyContainer): readonly string[] => (securityContext?.capabilities?.add ?? []).filter((name) => !allowed.has(name))
function addsCapabilities(spec: PodSpec, allowed: ReadonlySet<string>): string | undefined {
  const adding = namesOf(spec, (container) => addedBeyond(allowed)(container).length > 0)
  return adding.length === 0 ? undefined : `${containers(adding)} must not include ${quoted(distinct(containersOf(spec).flatMap(addedBeyond(allowed))))} in securityContext.capabilities.add`
}

const appArmorProfile: Check = (spec, { annotations = {} }) => {
  const isBad = (type: string | undefined): type is string => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost'
  const pod = spec.securityContext?.appArmorProfile?.type
  const bad = containersOf(spec).filter(({ securityContext }) => isBad(securityContext?.appArmorProfile?.type))
  const marks = Object.keys(annotations).filter((key) => key.startsWith(appArmorPrefix) && !/^(|runtime\/default|localhost\/.*)$/.test(annotations[key] ?? '')).sort()
  const setters = [
    ...(isBad(pod) ? ['pod'] : []), ...(bad.length > 0 ? [containers(bad.map(({ name }) => name))] : []),
    ...(marks.length > 0 ? [several('annotation', 'annotations', marks)] : []),
  ]
  if (setters.length === 0) return undefined
  const values = distinct([pod, ...bad.map(({ securityContext }) => securityContext?.appArmorProfile?.type)].filter(isBad).concat(marks.map((key) => `${key}=${JSON.stringify(annotations[key])}`)))
  return { reason: several('forbidden AppArmor profile', 'forbidden AppArmor profiles', values), detail: `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(values)}` }
}

const hostNamespaces: Check = (spec) => whenAny((['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true), 'host namespaces', (fields) => fields.map((field) => `${field}=true`).join(', '))
const hostPathVolumes: Check = ({ volumes = [] }) => whenAny(volumes.filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name), 'hostPath volumes', (names) => `${several('volume', 'volumes', names)} ${quoted(names)}`)

const hostPorts: Check = (spec) => {
  const portsOf = ({ ports = [] }: AnyContainer): readonly number[] => ports.map(({ hostPort }) => hostPort ?? 0).filter((port) => port !== 0)
  const ports = distinct(containersOf(spec).flatMap(portsOf).map(String))
  return whenAny(namesOf(spec, (container) => portsOf(container).length > 0), 'hostPort', (names) => `${containers(names)} ${several('uses', 'use', names)} ${several('hostPort', 'hostPorts', ports)} ${ports.join(', ')}`)
}

const hostProbes: Check = (spec) => {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: AnyContainer): readonly string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((each) => [each?.httpGet?.host ?? '', each?.tcpSocket?.host ?? '']).filter((host) => host !== '')
  const hosts = distinct(containersOf(spec).flatMap(hostsOf))
  return whenAny(distinct(namesOf(spec, (container) => hostsOf(container).length > 0)), 'probe or lifecycle host', (names) => `${containers(names)} ${several('uses', 'use', names)} ${several('probe or lifecycle host', 'probe or lifecycle hosts', hosts)} ${quoted(hosts)}`)
}

const privileged: Check = (spec) => whenAny(namesOf(spec, ({ securityContext }) => securityContext?.privileged === true), 'privileged', (names) => `${containers(names)} must not set securityContext.privileged=true`)

const procMount: Check = (spec) => {
  const mountOf = ({ securityContext }: AnyContainer): readonly string[] => (securityContext?.procMount === undefined || securityContext.procMount === 'Default' ? [] : [securityContext.procMount])
  return whenAny(namesOf(spec, (container) => mountOf(container).length > 0), 'procMount', (names) => `${containers(names)} must not set securityContext.procMount to ${quoted(distinct(containersOf(spec).flatMap(mountOf)))}`)
}

const seLinuxOptions = (types: ReadonlySet<string>): Check => (spec) => {
  type Options = NonNullable<NonNullable<AnyContainer['securityContext']>['seLinuxOptions']>
  const isBad = (options: Options | undefined): options is Options => options !== undefined && (!types.has(options.type ?? '') || !!options.user || !!options.role)
  const pod = spec.securityContext?.seLinuxOptions
  const bad = [pod, ...containersOf(spec).map(({ securityContext }) => securityContext?.seLinuxOptions)].filter(isBad)
  if (bad.length === 0) return undefined
  const badTypes = distinct(bad.map(({ type }) => type ?? '').filter((type) => !types.has(type)))
  const said = [
    ...(badTypes.length > 0 ? [`${several('type', 'types', badTypes)} ${quoted(badTypes)}`] : []),
    ...(bad.some(({ user }) => !!user) ? ['user may not be set'] : []), ...(bad.some(({ role }) => !!role) ? ['role may not be set'] : []),
  ]
  return { reason: 'seLinuxOptions', detail: `${settersOf(isBad(pod), namesOf(spec, ({ securityContext }) => isBad(securityContext?.seLinuxOptions)))} set forbidden securityContext.seLinuxOptions: ${said.join('; ')}` }
}
const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t']

const isSeccomp = (type: string): boolean => type === 'RuntimeDefault' || type === 'Localhost'
const seccompBefore119: Check = (spec, { annotations = {} }) => {
  const keys = ['seccomp.security.alpha.kubernetes.io/pod', ...containersOf(spec).map(({ name }) => `container.seccomp.security.alpha.kubernetes.io/${name}`)]
  const bad = distinct(keys.filter((key) => annotations[key] !== undefined && !/^(runtime\/default|docker\/default|localhost\/.*)$/.test(annotations[key] ?? '')))
  return whenAny(bad, 'seccompProfile', (marks) => `forbidden ${several('annotation', 'annotations', marks)} ${marks.map((key) => `${key}=${JSON.stringify(annotations[key])}`).join(', ')}`)
}
const seccompBaseline: Check = (spec) => {
  const badOf = (type: string | undefined): readonly string[] => (type === undefined || isSeccomp(type) ? [] : [type])
  const pod = badOf(spec.securityContext?.seccompProfile?.type)
  const names = namesOf(spec, ({ securityContext }) => badOf(securityContext?.seccompProfile?.type).length > 0)
  const values = distinct([...pod, ...containersOf(spec).flatMap(({ securityContext }) => badOf(securityContext?.seccompProfile?.type))])
  return values.length === 0 ? undefined : { reason: 'seccompProfile', detail: `${settersOf(pod.length > 0, names)} must not set securityContext.seccompProfile.type to ${quoted(values)}` }
}
const seccompRestricted: Check = (spec, metadata) => {
  const bad = seccompBaseline(spec, metadata)
  if (bad !== undefined || spec.securityContext?.seccompProfile !== undefined) return bad
  return whenAny(namesOf(spec, ({ securityContext }) => securityContext?.seccompProfile === undefined), 'seccompProfile', (names) => `pod or ${containers(names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`)
}

const sysctls = (allowed: readonly string[]): Check => (spec) => whenAny((spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.includes(name)), 'forbidden sysctls', (names) => names.join(', '))
const sysctls10 = ['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start']
const sysctls127 = [...sysctls10, 'net.ipv4.ip_local_reserved_ports']
const sysctls129 = [...sysctls127, 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes']
const sysctls132 = [...sysctls129, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

const windowsHostProcess: Check = (spec) => {
  const pod = spec.securityContext?.windowsOptions?.hostProcess === true
  const names = namesOf(spec, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true)
  return pod || names.length > 0 ? { reason: 'hostProcess', detail: `${settersOf(pod, names)} must not set securityContext.windowsOptions.hostProcess=true` } : undefined
}

const noEscalation: Check = (spec) => whenAny(namesOf(spec, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false), 'allowPrivilegeEscalation != false', (names) => `${containers(names)} must set securityContext.allowPrivilegeEscalation=false`)

const restrictedCapabilities: ReadonlySet<string> = new Set(['NET_BIND_SERVICE'])
const capabilitiesRestricted: Check = (spec) => {
  const keeping = namesOf(spec, ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') !== true)
  const said = [...(keeping.length > 0 ? [`${containers(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []), addsCapabilities(spec, restrictedCapabilities)].filter((each) => each !== undefined)
  return said.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: said.join('; ') }
}

const allowedVolumes: ReadonlySet<string> = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'])
const typeOf = (volume: Volume): string => Object.keys(volume).find((field) => field !== 'name') ?? 'unknown'
const restrictedVolumes: Check = ({ volumes = [] }) => {
  const bad = volumes.filter((volume) => !allowedVolumes.has(typeOf(volume)))
  const types = distinct(bad.map(typeOf))
  return whenAny(bad.map(({ name }) => name), 'restricted volume types', (names) => `${several('volume', 'volumes', names)} ${quoted(names)} ${several('uses', 'use', names)} ${several('restricted volume type', 'restricted volume types', types)} ${quoted(types)}`)
}

const runAsNonRoot: Check = (spec) => {
  const pod = spec.securityContext?.runAsNonRoot
  const saysRoot = namesOf(spec, ({ securityContext }) => securityContext?.runAsNonRoot === false)
  const reason = 'runAsNonRoot != true'
  if (pod === false || saysRoot.length > 0) return { reason, detail: `${settersOf(pod === false, saysRoot)} must not set securityContext.runAsNonRoot=false` }
  if (pod === true) return undefined
  return whenAny(namesOf(spec, ({ securityContext }) => securityContext?.runAsNonRoot === undefined), reason, (names) => `pod or ${containers(names)} must set securityContext.runAsNonRoot=true`)
}
const runAsUser: Check = (spec) => {
  const pod = spec.securityContext?.runAsUser === 0
  const names = namesOf(spec, ({ securityContext }) => securityContext?.runAsUser === 0)
  return pod || names.length > 0 ? { reason: 'runAsUser=0', detail: `${settersOf(pod, names)} must not set runAsUser=0` } : undefined
}

const always = (check: Check): readonly Versioned[] => [{ since: 0, check }]
/** From this version on the check does not hold of such pods. */
const except = (since: number, is: (spec: PodSpec) => boolean, check: Check): Versioned => ({ since, check: (spec, metadata) => (is(spec) ? undefined : check(spec, metadata)) })

const baseline: readonly Standard[] = [
  { id: 'appArmorProfile', versions: always(appArmorProfile) },
  { id: 'capabilities_baseline', versions: always((spec) => { const detail = addsCapabilities(spec, baselineCapabilities); return detail === undefined ? undefined : { reason: 'non-default capabilities', detail } }) },
  { id: 'hostNamespaces', versions: always(hostNamespaces) }, { id: 'hostPathVolumes', versions: always(hostPathVolumes) }, { id: 'hostPorts', versions: always(hostPorts) },
  { id: 'hostProbesAndHostLifecycle', versions: [{ since: 34, check: hostProbes }] }, { id: 'privileged', versions: always(privileged) },
  { id: 'procMount', versions: [...always(procMount), except(35, hasOwnUsers, procMount)] },
  { id: 'seLinuxOptions', versions: [...always(seLinuxOptions(new Set(seLinuxTypes))), { since: 31, check: seLinuxOptions(new Set([...seLinuxTypes, 'container_engine_t'])) }] },
  { id: 'seccompProfile_baseline', versions: [...always(seccompBefore119), { since: 19, check: seccompBaseline }] },
  { id: 'sysctls', versions: [...always(sysctls(sysctls10)), { since: 27, check: sysctls(sysctls127) }, { since: 29, check: sysctls(sysctls129) }, { since: 32, check: sysctls(sysctls132) }] },
  { id: 'windowsHostProcess', versions: always(windowsHostProcess) },
]
const restricted: readonly Standard[] = [
  { id: 'allowPrivilegeEscalation', versions: [{ since: 8, check: noEscalation }, except(25, isWindows, noEscalation)] },
  { id: 'capabilities_restricted', instead: 'capabilities_baseline', versions: [{ since: 22, check: capabilitiesRestricted }, except(25, isWindows, capabilitiesRestricted)] },
  // Restricted pods keep the masks of /proc also where they have users of their own.
  { id: 'procMount_restricted', instead: 'procMount', versions: [{ since: 35, check: procMount }] },
  { id: 'restrictedVolumes', instead: 'hostPathVolumes', versions: always(restrictedVolumes) },
  { id: 'runAsNonRoot', versions: [...always(runAsNonRoot), except(35, hasOwnUsers, runAsNonRoot)] },
  { id: 'runAsUser', versions: [{ since: 23, check: runAsUser }, except(35, hasOwnUsers, runAsUser)] },
  { id: 'seccompProfile_restricted', instead: 'seccompProfile_baseline', versions: [{ since: 19, check: seccompRestricted }, except(25, isWindows, seccompRestricted)] },
]
