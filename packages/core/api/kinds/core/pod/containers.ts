// What upstream's validation of containers refuses: names, images, ports, environment, mounts, lifecycle.
import type { Container, ContainerPort, EnvFromSource, EnvVar, LifecycleHandler, PodSpec, Volume, VolumeMount } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelKey, checkLabelName, type TextRule } from '../../../selectors/syntax.ts'
import { checkOneOf, checkRequiredOneOf, checkRequiredText, checkText, duplicate, forbidden, invalid, notFound, required, unsupported } from '../../problems.ts'
import { checkPortName, isPort, portFault, protocols } from '../../ports.ts'
import { checkDataKey } from '../data.ts'
import { checkHandler, checkProbes } from './probes.ts'
import { checkResources } from './resources.ts'
import { checkContainerSecurity } from './security.ts'

const pullPolicies: readonly string[] = ['Always', 'IfNotPresent', 'Never']
const restartPolicies: readonly string[] = ['Always', 'Never', 'OnFailure']
const podFields: readonly string[] = ['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs']
export const volumeFields: readonly string[] = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']
const containerResources: readonly string[] = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory']

/** All containers of a pod: each by itself, their names together, and the host's ports that two cannot share. */
export function checkContainers(spec: PodSpec, path: string): readonly Problem[] {
  const { containers = [], initContainers = [], ephemeralContainers = [], volumes = [] } = spec
  const names = new Set<string>()
  const problems: Problem[] = []
  if (containers.length === 0) problems.push(required(`${path}.containers`))
  const named = (name: string, at: string): void => {
    if (name !== '' && names.has(name)) problems.push(duplicate(`${at}.name`, name))
    names.add(name)
  }
  for (const [index, container] of containers.entries()) {
    const at = `${path}.containers[${index}]`
    problems.push(...checkContainer(container, at, spec, volumes))
    named(container.name ?? '', at)
    if (container.restartPolicy !== undefined) problems.push(...checkOneOf(`${at}.restartPolicy`, container.restartPolicy, restartPolicies))
    problems.push(...checkLifecycle(container, at, spec), ...checkProbes(container, at))
  }
  problems.push(...checkHostPorts(containers, `${path}.containers`))
  for (const [index, container] of initContainers.entries()) {
    const at = `${path}.initContainers[${index}]`
    problems.push(...checkContainer(container, at, spec, volumes))
    named(container.name ?? '', at)
    problems.push(...checkInit(container, at, spec))
  }
  for (const [index, container] of ephemeralContainers.entries()) {
    const at = `${path}.ephemeralContainers[${index}]`
    problems.push(...checkContainer(container, at, spec, volumes))
    named(container.name ?? '', at)
    const target = container.targetContainerName
    if (target && !containers.some(({ name }) => name === target)) problems.push(notFound(`${at}.targetContainerName`, target))
    for (const field of ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const) {
      if (container[field] !== undefined) problems.push(forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container'))
    }
    if (Object.keys(container.resources ?? {}).length > 0) problems.push(forbidden(`${at}.resources`, 'cannot be set for an Ephemeral Container'))
  }
  return problems
}

/** An init container runs to its end, so it has no probes and hooks; one that restarts always is a sidecar, and may. */
function checkInit(container: Container, at: string, spec: PodSpec): readonly Problem[] {
  const sidecar = container.restartPolicy === 'Always'
  const policy = container.restartPolicy === undefined ? [] : checkOneOf(`${at}.restartPolicy`, container.restartPolicy, restartPolicies)
  if (sidecar) return [...policy, ...checkLifecycle(container, at, spec), ...checkProbes(container, at)]
  return [
    ...policy,
    ...(['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const).filter((field) => container[field] !== undefined)
      .map((field) => forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always')),
  ]
}

function checkContainer(container: Container, at: string, spec: PodSpec, volumes: readonly Volume[]): readonly Problem[] {
  const { image = '' } = container
  return [
    ...checkRequiredText(`${at}.name`, container.name, checkLabelName),
    ...(image === '' ? [required(`${at}.image`)] : image.trim() === image ? [] : [invalid(`${at}.image`, image, 'must not have leading or trailing whitespace')]),
    ...checkRequiredOneOf(`${at}.terminationMessagePolicy`, container.terminationMessagePolicy, ['FallbackToLogsOnError', 'File']),
    ...checkPorts(container.ports ?? [], `${at}.ports`, spec.hostNetwork === true),
    ...(container.env ?? []).flatMap((variable, index) => checkVariable(variable, `${at}.env[${index}]`)),
    ...(container.envFrom ?? []).flatMap((source, index) => checkVariables(source, `${at}.envFrom[${index}]`)),
    ...checkMounts(container, at, volumes),
    ...checkRequiredOneOf(`${at}.imagePullPolicy`, container.imagePullPolicy, pullPolicies),
    ...checkResources(container.resources, `${at}.resources`),
    ...(container.resizePolicy ?? []).flatMap(({ resourceName, restartPolicy }, index) => [
      ...checkRequiredOneOf(`${at}.resizePolicy[${index}].resourceName`, resourceName, ['cpu', 'memory']),
      ...checkRequiredOneOf(`${at}.resizePolicy[${index}].restartPolicy`, restartPolicy, ['NotRequired', 'RestartContainer']),
    ]),
    ...checkContainerSecurity(container.securityContext, `${at}.securityContext`),
  ]
}

function checkPorts(ports: readonly ContainerPort[], path: string, hostNetwork: boolean): readonly Problem[] {
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
      ...(hostNetwork && hostPort && hostPort !== containerPort ? [invalid(`${at}.containerPort`, containerPort, 'must match `hostPort` when `hostNetwork` is true')] : []),
      ...checkRequiredOneOf(`${at}.protocol`, protocol, protocols),
    ]
  })
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

/** The name of an environment variable. */
const checkVariableName: TextRule = (name) => (/^[ -<>-~]+$/.test(name) ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"])

function checkVariable({ name, value, valueFrom }: EnvVar, at: string): readonly Problem[] {
  const from = `${at}.valueFrom`
  const sources = valueFrom === undefined ? [] : (['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const).filter((source) => valueFrom[source] !== undefined)
  return [
    ...checkRequiredText(`${at}.name`, name, checkVariableName),
    ...(valueFrom === undefined ? [] : [
      ...(sources.length === 0 ? [invalid(from, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`')]
        : value ? [invalid(from, '', 'may not be specified when `value` is not empty')]
          : sources.length > 1 ? [invalid(from, '', 'may not have more than one field specified at a time')] : []),
      ...(valueFrom.fieldRef === undefined ? [] : checkFieldPath(valueFrom.fieldRef.fieldPath, `${from}.fieldRef`, podFields)),
      ...(valueFrom.resourceFieldRef === undefined ? [] : checkResourceField(valueFrom.resourceFieldRef.resource, `${from}.resourceFieldRef`)),
      ...(['configMapKeyRef', 'secretKeyRef'] as const).flatMap((source) => {
        const reference = valueFrom[source]
        return reference === undefined ? [] : [
          ...(reference.name ? [] : [required(`${from}.${source}.name`)]),
          ...checkRequiredText(`${from}.${source}.key`, reference.key, checkDataKey),
        ]
      }),
    ]),
  ]
}

/** A field of the pod that its containers may be told; labels and annotations also one by one. */
export function checkFieldPath(fieldPath: string | undefined, at: string, supported: readonly string[]): readonly Problem[] {
  if (!fieldPath) return [required(`${at}.fieldPath`)]
  const one = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath)
  if (one !== null) return checkText(`${at}`, one[1] === 'annotations' ? (one[2] ?? '').toLowerCase() : one[2] ?? '', checkLabelKey)
  return supported.includes(fieldPath) ? [] : [unsupported(`${at}.fieldPath`, fieldPath, supported)]
}

export function checkResourceField(resource: string | undefined, at: string): readonly Problem[] {
  if (!resource) return [required(`${at}.resource`)]
  return containerResources.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource) ? [] : [unsupported(`${at}.resource`, resource, containerResources)]
}

function checkVariables({ prefix, configMapRef, secretRef }: EnvFromSource, at: string): readonly Problem[] {
  return [
    ...(prefix ? checkText(`${at}.prefix`, prefix, checkVariableName) : []),
    ...(configMapRef === undefined && secretRef === undefined ? [invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`')] : []),
    ...(configMapRef !== undefined && secretRef !== undefined ? [invalid(at, '', 'may not have more than one field specified at a time')] : []),
    ...(configMapRef !== undefined && !configMapRef.name ? [required(`${at}.configMapRef.name`)] : []),
    ...(secretRef !== undefined && !secretRef.name ? [required(`${at}.secretRef.name`)] : []),
  ]
}

function checkMounts({ volumeMounts = [], volumeDevices = [], securityContext }: Container, at: string, volumes: readonly Volume[]): readonly Problem[] {
  const paths = new Set<string>()
  const known = new Set(volumes.map(({ name }) => name))
  const devices = new Set<string>(volumeDevices.map(({ devicePath }) => devicePath))
  return [
    ...volumeMounts.flatMap((mount, index) => {
      const path = `${at}.volumeMounts[${index}]`
      const again = paths.has(mount.mountPath)
      paths.add(mount.mountPath)
      return [
        ...(mount.name ? known.has(mount.name) ? [] : [notFound(`${path}.name`, mount.name)] : [required(`${path}.name`), notFound(`${path}.name`, mount.name ?? '')]),
        ...(mount.mountPath ? [] : [required(`${path}.mountPath`)]),
        ...(again ? [invalid(`${path}.mountPath`, mount.mountPath, 'must be unique')] : []),
        ...(devices.has(mount.mountPath) ? [invalid(`${path}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices')] : []),
        ...checkSubPath(mount, path),
        ...checkOneOf(`${path}.mountPropagation`, mount.mountPropagation, ['Bidirectional', 'HostToContainer', 'None']),
        ...(mount.mountPropagation === 'Bidirectional' && securityContext?.privileged !== true ? [forbidden(`${path}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers')] : []),
      ]
    }),
    ...volumeDevices.flatMap(({ name, devicePath }, index) => {
      const path = `${at}.volumeDevices[${index}]`
      const volume = volumes.find((each) => each.name === name)
      return [
        ...(name ? volume === undefined ? [notFound(`${path}.name`, name)] : volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined ? [invalid(`${path}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode')] : [] : [required(`${path}.name`)]),
        ...(devicePath ? [] : [required(`${path}.devicePath`)]),
      ]
    }),
  ]
}

function checkSubPath({ subPath, subPathExpr }: VolumeMount, path: string): readonly Problem[] {
  return [
    ...([['subPath', subPath], ['subPathExpr', subPathExpr]] as const).flatMap(([field, value]) => (!value ? [] : checkInnerPath(value, `${path}.${field}`))),
    ...(subPath && subPathExpr ? [invalid(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')] : []),
  ]
}

/** A path inside a volume: relative, and never out of it. */
export function checkInnerPath(value: string, path: string): readonly Problem[] {
  return [
    ...(value.startsWith('/') ? [invalid(path, value, 'must be a relative path')] : []),
    ...(value.split('/').includes('..') ? [invalid(path, value, "must not contain '..'")] : []),
  ]
}

function checkLifecycle({ lifecycle }: Container, at: string, spec: PodSpec): readonly Problem[] {
  const hooks: readonly (readonly [string, LifecycleHandler | undefined])[] = [['postStart', lifecycle?.postStart], ['preStop', lifecycle?.preStop]]
  return hooks.flatMap(([name, handler]) => (handler === undefined ? [] : checkHandler(handler, `${at}.lifecycle.${name}`, spec.terminationGracePeriodSeconds ?? 0)))
}
