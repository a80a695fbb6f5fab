import { appArmorProfileOf } from '../api/app-armor.ts'
import type { AppArmorProfile, Container, EphemeralContainer } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import { amountOf } from '../rules/requests.ts'
import { claimsOfContainer } from './devices.ts'
import { type Circumstances, environmentOf, expand } from './environment.ts'
import type { ContainerSpec, ResourceLimits } from './runtime.ts'
import { mountsOf } from './volumes/mounts.ts'

/** Everything a runtime needs to start a container, or why it cannot be made yet. */
export function containerSpec(container: Container | EphemeralContainer, around: Circumstances): { readonly is: 'spec'; readonly spec: ContainerSpec } | { readonly is: 'missing'; readonly message: string } {
  const environment = environmentOf(container, around)
  if (environment.is === 'missing') return environment
  const variables = new Map(environment.variables)
  const expanded = (text: string): string => expand(text, (name) => variables.get(name))
  const mounts = mountsOf(container, around.pod.spec.volumes ?? [], variables)
  if (typeof mounts === 'string') return { is: 'missing', message: mounts }
  const target = 'targetContainerName' in container && typeof container.targetContainerName === 'string' ? container.targetContainerName : undefined
  return {
    is: 'spec',
    spec: {
      image: container.image ?? '', ends: endsByItself(container, around.pod),
      command: container.command?.map(expanded) ?? none, args: container.args?.map(expanded) ?? none,
      env: environment.variables, workingDir: container.workingDir ?? '',
      mounts, ...(container.volumeDevices === undefined || container.volumeDevices.length === 0 ? {} : { disks: container.volumeDevices.map(({ name, devicePath }) => ({ volume: name, path: devicePath })) }),
      ...(target === undefined || target === '' ? {} : { target }),
      stdin: container.stdin ?? false, stdinOnce: container.stdinOnce ?? false, tty: container.tty ?? false,
      resources: resourcesOf(container), ...rankOf(container, around.pod), ...devicesOf(container), ...(around.node.simulated ? {} : claimsOfContainer(container, around.pod)), security: securityOf(container, around.pod, around.node.kubelet?.seccompDefault),
      terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
      terminationMessagePolicy: container.terminationMessagePolicy === 'FallbackToLogsOnError' ? 'FallbackToLogsOnError' : 'File',
    },
  }
}
const none: readonly never[] = []

function endsByItself(container: Container, pod: Pod): boolean {
  if (container.restartPolicy === 'Always') return false
  return pod.spec.restartPolicy !== 'Always' && pod.spec.restartPolicy !== undefined || pod.spec.initContainers?.includes(container) === true
}

/** What a container is to be given. */
export function resourcesOf({ resources }: Pick<Container, 'resources'>): ResourceLimits {
  const cpuLimit = resources?.limits?.['cpu']
  const memoryLimit = resources?.limits?.['memory']
  const hugePages = Object.entries(resources?.limits ?? {}).filter(([name]) => name.startsWith(hugePagePrefix))
  return {
    cpuMillisRequested: amountOf('cpu', resources?.requests?.['cpu']), memoryBytesRequested: amountOf('memory', resources?.requests?.['memory']),
    ...(cpuLimit === undefined ? {} : { cpuMillisLimit: amountOf('cpu', cpuLimit) }),
    ...(memoryLimit === undefined ? {} : { memoryBytesLimit: amountOf('memory', memoryLimit) }),
    ...(hugePages.length === 0 ? {} : { hugePages: Object.fromEntries(hugePages.map(([name, quantity]) => [name.slice(hugePagePrefix.length), amountOf(name, quantity)])) }),
  }
}
/** As upstream's oom policy: what a node needs ends last, and a sidecar no sooner than those that it serves. */
function rankOf(container: Container | EphemeralContainer, { spec }: Pod): Pick<ContainerSpec, 'outOfMemoryRank'> {
  if (spec.priorityClassName === 'system-node-critical') return { outOfMemoryRank: 'last' }
  if (container.restartPolicy !== 'Always' || spec.initContainers?.includes(container as Container) !== true) return {}
  const requested = ({ resources }: Container): number => amountOf('memory', resources?.requests?.['memory'])
  const least = Math.min(...spec.containers.map(requested))
  return least > requested(container as Container) ? { outOfMemoryRank: least } : {}
}
/** Extended resources, which a device plugin of the node may answer for. */
function devicesOf({ resources }: Pick<Container, 'resources'>): Pick<ContainerSpec, 'devices'> {
  const named = Object.entries(resources?.limits ?? {}).filter(([name]) => name.includes('/'))
  return named.length === 0 ? {} : { devices: Object.fromEntries(named.map(([name, quantity]) => [name, amountOf(name, quantity)])) }
}
const hugePagePrefix = 'hugepages-'

const runtimeDefault: { readonly type: string; readonly localhostProfile?: string } = { type: 'RuntimeDefault' }

/** The container's own settings before the pod's. */
function securityOf(container: Container, pod: Pod, filtersByDefault = false): ContainerSpec['security'] {
  const own = container.securityContext
  const shared = pod.spec.securityContext
  const user = own?.runAsUser ?? shared?.runAsUser
  const group = own?.runAsGroup ?? shared?.runAsGroup
  const privileged = own?.privileged ?? false
  const seccomp = own?.seccompProfile ?? shared?.seccompProfile ?? (filtersByDefault ? runtimeDefault : undefined)
  const appArmor = appArmorProfileOf(container, pod)
  return {
    ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }),
    supplementalGroups: shared?.supplementalGroups ?? none,
    ...(shared?.fsGroup === undefined ? {} : { fsGroup: shared.fsGroup }),
    privileged, readOnlyRoot: own?.readOnlyRootFilesystem ?? false,
    allowPrivilegeEscalation: own?.allowPrivilegeEscalation ?? true,
    mustRunAsNonRoot: own?.runAsNonRoot ?? shared?.runAsNonRoot ?? false,
    capabilitiesAdded: own?.capabilities?.add ?? none, capabilitiesDropped: own?.capabilities?.drop ?? none,
    // As upstream: a privileged container is not filtered, whatever it asks for.
    ...(privileged || seccomp === undefined || seccomp.type === 'Unconfined' ? {} : { seccomp: seccomp.type === 'Localhost' ? { is: 'localhost', path: seccomp.localhostProfile ?? '' } as const : { is: 'default' } as const }),
    ...(appArmor === undefined ? {} : { appArmor: appArmorOf(appArmor) }),
    ...(own?.seLinuxOptions === undefined ? {} : { seLinux: own.seLinuxOptions }),
    ...(own?.procMount === 'Unmasked' ? { unmasked: true } : {}),
    ...(shared?.supplementalGroupsPolicy === 'Strict' ? { strictGroups: true } : {}),
  }
}

const appArmorOf = ({ type, localhostProfile = '' }: AppArmorProfile): NonNullable<ContainerSpec['security']['appArmor']> => (type === 'Localhost' ? { is: 'localhost', name: localhostProfile } : { is: type === 'Unconfined' ? 'unconfined' : 'default' })
