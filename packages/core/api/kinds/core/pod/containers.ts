// What upstream's validation of containers refuses: names, images, ports, hooks; environment and mounts have files of their own.
import type { Container, ContainerPort, EphemeralContainer, LifecycleHandler, PodSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelName } from '../../../selectors/syntax.ts'
import { checkPortName, isPort, portFault, protocols } from '../../ports.ts'
import { checkRequiredOneOf, checkRequiredText, checkText, duplicate, forbidden, invalid, notFound, required, tooMany, unsupported } from '../../problems.ts'
import { checkVariable, checkVariables } from './environment.ts'
import { checkDevices, checkMounts } from './mounts.ts'
import { checkHandler, checkProbes } from './probes.ts'
import { checkResources } from './resources.ts'
import { checkContainerSecurity } from './security.ts'

const pullPolicies: readonly string[] = ['Always', 'IfNotPresent', 'Never']
const restartPolicies: readonly string[] = ['Always', 'Never', 'OnFailure']

/** Whose spec is checked: a pod's is final, a template's may leave to the pod what the pod will be given. */
export interface Whose { readonly isPod: boolean; readonly name?: string }

/** All containers of a pod: each by itself, their names together, and the host's ports that two cannot share. */
export function checkContainers(spec: PodSpec, path: string, whose: Whose): readonly Problem[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec
  const names = new Set<string>()
  const problems: Problem[] = []
  const named = (name: string | undefined, at: string): void => {
    if (name && names.has(name)) problems.push(duplicate(`${at}.name`, name))
    names.add(name ?? '')
  }
  if (containers.length === 0) problems.push(required(`${path}.containers`))
  for (const [index, container] of containers.entries()) {
    const at = `${path}.containers[${index}]`
    problems.push(...checkContainer(container, at, spec, whose))
    named(container.name, at)
    problems.push(...checkLifecycle(container, at, spec), ...checkProbes(container, at), ...checkRestarts(container, at, restartPolicies))
  }
  problems.push(...checkHostPorts(containers, `${path}.containers`))
  for (const [index, container] of initContainers.entries()) {
    const at = `${path}.initContainers[${index}]`
    problems.push(...checkContainer(container, at, spec, whose), ...checkRestarts(container, at, restartPolicies))
    named(container.name, at)
    problems.push(...checkInit(container, at, spec))
  }
  if (ephemeralContainers.length > 0) problems.push(...checkEphemeral(spec, `${path}.ephemeralContainers`, names))
  return problems
}

/** Containers that were added to look at a running pod. `names` are those of the others. */
export function checkEphemeral(spec: PodSpec, path: string, names: Set<string>): readonly Problem[] {
  const others = new Set(names)
  return (spec.ephemeralContainers ?? []).flatMap((container, index) => {
    const at = `${path}[${index}]`
    const again = names.has(container.name)
    names.add(container.name)
    const target = container.targetContainerName
    return [
      ...checkContainer(container, at, spec, { isPod: true }),
      ...(again ? [duplicate(`${at}.name`, container.name)] : []),
      ...(target && !others.has(target) ? [notFound(`${at}.targetContainerName`, target)] : []),
      ...notForEphemeral.filter((field) => isSet(container[field])).map((field) => forbidden(`${at}.${field}`, ephemeralFault)),
      ...(container.volumeMounts ?? []).flatMap((mount, number) => (['subPath', 'subPathExpr'] as const).filter((field) => mount[field]).map((field) => forbidden(`${at}.volumeMounts[${number}].${field}`, ephemeralFault))),
    ]
  })
}
const ephemeralFault = 'cannot be set for an Ephemeral Container'
/** What only containers have that a pod is made of. */
const notForEphemeral = ['ports', 'resources', 'resizePolicy', 'restartPolicy', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const satisfies readonly (keyof EphemeralContainer)[]
const isSet = (value: unknown): boolean => value !== undefined && !(typeof value === 'object' && value !== null && Object.keys(value).length === 0)

/** An init container runs to its end, so it has no probes and hooks; one that restarts always is a sidecar, and may. */
function checkInit(container: Container, at: string, spec: PodSpec): readonly Problem[] {
  if (container.restartPolicy === 'Always') return [...checkHostPorts([container], `${at.slice(0, at.lastIndexOf('['))}`), ...checkLifecycle(container, at, spec), ...checkProbes(container, at)]
  return [
    ...checkHostPorts([container], at.slice(0, at.lastIndexOf('['))),
    ...(['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const).filter((field) => container[field] !== undefined)
      .map((field) => forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always')),
    ...((container.resizePolicy ?? []).length > 0 ? [invalid(`${at}.resizePolicy`, container.resizePolicy, 'must not be set for init containers')] : []),
  ]
}

const checkRestarts = ({ restartPolicy, restartPolicyRules = [] }: Container, at: string, supported: readonly string[]): readonly Problem[] => [
  ...(restartPolicy === undefined || supported.includes(restartPolicy) ? [] : [unsupported(`${at}.restartPolicy`, restartPolicy, supported)]),
  ...(restartPolicy === undefined && restartPolicyRules.length > 0 ? [required(`${at}.restartPolicy`, 'must specify restartPolicy when restart rules are used')] : []),
  ...(restartPolicyRules.length > restartRulesMost ? [tooMany(`${at}.restartPolicyRules`, restartPolicyRules.length, restartRulesMost)] : []),
  ...restartPolicyRules.flatMap(({ action, exitCodes }, index) => {
    const rule = `${at}.restartPolicyRules[${index}]`
    return [
      ...(restartActions.includes(action) ? [] : [unsupported(`${rule}.action`, action, restartActions)]),
      ...(exitCodes === undefined ? [required(`${rule}.exitCodes`, 'must be specified')] : exitOperators.includes(exitCodes.operator) ? [] : [unsupported(`${rule}.exitCodes.operator`, exitCodes.operator, exitOperators)]),
      ...((exitCodes?.values ?? []).length > exitCodesMost ? [tooMany(`${rule}.exitCodes.values`, exitCodes?.values?.length ?? 0, exitCodesMost)] : []),
    ]
  }),
]
const restartActions: readonly string[] = ['Restart', 'RestartAllContainers']
const exitOperators: readonly string[] = ['In', 'NotIn']
const [restartRulesMost, exitCodesMost] = [20, 255]

function checkContainer(container: Container | EphemeralContainer, at: string, spec: PodSpec, { isPod }: Whose): readonly Problem[] {
  const { image = '' } = container
  return [
    ...checkRequiredText(`${at}.name`, container.name, checkLabelName),
    ...(image === '' ? [required(`${at}.image`)] : image.trim() === image || !isPod ? [] : [invalid(`${at}.image`, image, 'must not have leading or trailing whitespace')]),
    ...checkRequiredOneOf(`${at}.terminationMessagePolicy`, container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError']),
    ...checkPorts(container.ports ?? [], `${at}.ports`),
    ...(container.env ?? []).flatMap((variable, index) => checkVariable(variable, `${at}.env[${index}]`)),
    ...(container.envFrom ?? []).flatMap((source, index) => checkVariables(source, index, `${at}.envFrom`)),
    ...checkMounts(container, `${at}.volumeMounts`, spec.volumes ?? []),
    ...checkDevices(container, `${at}.volumeDevices`, spec.volumes ?? []),
    ...checkRequiredOneOf(`${at}.imagePullPolicy`, container.imagePullPolicy, pullPolicies),
    ...checkResources(container.resources, `${at}.resources`, spec.resourceClaims ?? []),
    ...checkResizePolicy(container, `${at}.resizePolicy`, spec),
    ...checkContainerSecurity(container.securityContext, `${at}.securityContext`, spec.hostUsers !== false),
  ]
}

function checkResizePolicy({ resizePolicy = [] }: Container | EphemeralContainer, path: string, spec: PodSpec): readonly Problem[] {
  const seen = new Set<string>()
  return resizePolicy.flatMap(({ resourceName, restartPolicy }, index) => {
    const again = seen.has(resourceName)
    seen.add(resourceName)
    return [
      ...(again ? [duplicate(`${path}[${index}]`, resourceName)] : []),
      ...checkRequiredOneOf(path, resourceName, ['cpu', 'memory']),
      ...checkRequiredOneOf(path, restartPolicy, ['NotRequired', 'RestartContainer']),
      ...(spec.restartPolicy === 'Never' && restartPolicy !== 'NotRequired' ? [invalid(path, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'")] : []),
    ]
  })
}

function checkPorts(ports: readonly ContainerPort[], path: string): readonly Problem[] {
  const names = new Set<string>()
  return ports.flatMap(({ name, containerPort, hostPort, protocol }, index) => {
    const at = `${path}[${index}]`
    const again = name !== undefined && name !== '' && names.has(name)
    if (name) names.add(name)
    return [
      ...(name ? checkText(`${at}.name`, name, checkPortName) : []),
      ...(again ? [duplicate(`${at}.name`, name)] : []),
      ...(containerPort ? isPort(containerPort) ? [] : [invalid(`${at}.containerPort`, containerPort, portFault)] : [required(`${at}.containerPort`)]),
      ...(hostPort && !isPort(hostPort) ? [invalid(`${at}.hostPort`, hostPort, portFault)] : []),
      ...checkRequiredOneOf(`${at}.protocol`, protocol, protocols),
    ]
  })
}

/** In the host's network a port is the host's. A template may leave that unsaid. */
export function checkHostNetwork({ hostNetwork, containers = [] }: PodSpec, path: string, { isPod }: Whose): readonly Problem[] {
  if (hostNetwork !== true) return []
  return containers.flatMap(({ ports = [] }, index) => ports.flatMap(({ hostPort = 0, containerPort }, at) =>
    ((isPod || hostPort !== 0) && hostPort !== containerPort ? [invalid(`${path}.containers[${index}].ports[${at}].hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true')] : [])))
}

function checkHostPorts(containers: readonly Container[], path: string): readonly Problem[] {
  const taken = new Set<string>()
  return containers.flatMap(({ ports = [] }, index) => ports.flatMap(({ hostPort, hostIP, protocol }, at) => {
    if (!hostPort) return []
    const place = `${protocol}/${hostIP ?? ''}/${hostPort}`
    if (taken.has(place)) return [duplicate(`${path}[${index}].ports[${at}].hostPort`, place)]
    taken.add(place)
    return []
  }))
}

function checkLifecycle({ lifecycle }: Container, at: string, spec: PodSpec): readonly Problem[] {
  const hooks: readonly (readonly [string, LifecycleHandler | undefined])[] = [['postStart', lifecycle?.postStart], ['preStop', lifecycle?.preStop]]
  return hooks.flatMap(([name, handler]) => (handler === undefined ? [] : checkHandler(handler, `${at}.lifecycle.${name}`, spec.terminationGracePeriodSeconds ?? 0)))
}
