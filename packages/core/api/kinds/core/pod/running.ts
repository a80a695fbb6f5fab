// What of a running pod changes through parts of its own: containers that look at it, and the resources it has.
import type { Container, ResourceRequirements } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Pod } from '../../../resources.ts'
import { sameMeaning } from '../../equal.ts'
import { forbidden, invalid } from '../../problems.ts'
import { qualityOf } from './quality.ts'
import { checkPodSpec } from './validation.ts'

const mirrorAnnotation = 'kubernetes.io/config.mirror'
const isStatic = ({ metadata }: Pod): boolean => metadata.annotations?.[mirrorAnnotation] !== undefined

/** The pod with the asked ephemeral containers, and nothing else that was asked. */
export function withEphemeral(next: Pod, before: Pod): Pod {
  const { ephemeralContainers: _before, ...spec } = before.spec
  const { ephemeralContainers } = next.spec
  return { ...before, metadata: next.metadata, spec: { ...spec, ...(ephemeralContainers === undefined ? {} : { ephemeralContainers }) } }
}

/** As upstream's ValidatePodEphemeralContainersUpdate: they are added, and stay as they were added. */
export function checkEphemeralUpdate(next: Pod, before: Pod): readonly Problem[] {
  if (isStatic(before)) return [forbidden('', 'static pods do not support ephemeral containers')]
  const containers = next.spec.ephemeralContainers ?? []
  return [
    ...checkPodSpec(next.spec, 'spec', { isPod: true }),
    ...(before.spec.ephemeralContainers ?? []).flatMap((old) => {
      const now = containers.find(({ name }) => name === old.name)
      if (now === undefined) return [forbidden('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(old.name)} may not be removed\n`)]
      return sameMeaning(now, old) ? [] : [forbidden('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(old.name)} may not be changed\n`)]
    }),
  ]
}

/** The pod with the asked resources of its containers, and nothing else that was asked. Containers are known by name. */
export function withResources(next: Pod, before: Pod): Pod {
  const resized = (asked: readonly Container[] | undefined, was: readonly Container[]): readonly Container[] => was.map((container) => {
    const found = asked?.find(({ name }) => name === container.name)
    if (found === undefined) return container
    const { resources: _resources, resizePolicy: _policy, ...rest } = container
    return { ...rest, ...(found.resources === undefined ? {} : { resources: found.resources }), ...(found.resizePolicy === undefined ? {} : { resizePolicy: found.resizePolicy }) }
  })
  const { containers, initContainers } = before.spec
  return {
    ...before, metadata: next.metadata,
    spec: { ...before.spec, containers: resized(next.spec.containers, containers), ...(initContainers === undefined ? {} : { initContainers: resized(next.spec.initContainers, initContainers) }) },
  }
}

/** As upstream's ValidatePodResize: cpu and memory only, none taken away, and never into another quality of service. */
export function checkResize(next: Pod, before: Pod): readonly Problem[] {
  if (isStatic(before)) return [forbidden('', 'static pods cannot be resized')]
  if (before.spec.os?.name === 'windows') return [forbidden('', 'windows pods cannot be resized')]
  const { resources } = before.spec
  if (Object.keys({ ...resources?.limits, ...resources?.requests }).length > 0) return [forbidden('', 'pods with pod-level resources cannot be resized')]
  return [
    ...checkPodSpec(next.spec, 'spec', { isPod: true }),
    ...(qualityOf(next.spec) === (before.status.qosClass ?? qualityOf(before.spec)) ? [] : [invalid('spec', next.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing')]),
    ...(isSupported(before) ? [] : [forbidden('spec', 'Pod running on node without support for resize')]),
    ...(before.spec.initContainers ?? []).flatMap((was, index) => checkInit(next.spec.initContainers?.[index] ?? was, was, `spec.initContainers[${index}].resources`)),
    ...before.spec.containers.flatMap((was, index) => checkContainer(next.spec.containers[index] ?? was, was, `spec.containers[${index}].resources`, 'only cpu and memory resources are mutable')),
  ]
}

/** A kubelet that can resize tells what its running containers have. */
function isSupported({ status }: Pod): boolean {
  const running = status.containerStatuses?.find(({ state }) => state?.running !== undefined)
  return running === undefined || running.resources !== undefined
}

function checkInit(next: Container, was: Container, path: string): readonly Problem[] {
  if (was.restartPolicy === 'Always') return checkContainer(next, was, path, 'only cpu and memory resources for sidecar containers are mutable')
  return sameMeaning(next, was) ? [] : [forbidden('spec', 'resources for non-sidecar init containers are immutable')]
}

function checkContainer(next: Container, was: Container, path: string, onlyThese: string): readonly Problem[] {
  const kept = { ...next, resources: { ...next.resources, limits: withoutCompute(next.resources?.limits), requests: withoutCompute(next.resources?.requests) } }
  const keptBefore = { ...was, resources: { ...was.resources, limits: withoutCompute(was.resources?.limits), requests: withoutCompute(was.resources?.requests) } }
  return [...checkKept(next.resources ?? {}, was.resources ?? {}, path), ...(sameMeaning(kept, keptBefore) ? [] : [forbidden('spec', onlyThese)])]
}

type Amounts = Readonly<Record<string, string>> | undefined
const withoutCompute = (amounts: Amounts): unknown => Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => name !== 'cpu' && name !== 'memory'))
const isRemoved = (next: Amounts, was: Amounts): boolean => Object.keys(was ?? {}).some((name) => next?.[name] === undefined)

const checkKept = (next: ResourceRequirements, was: ResourceRequirements, path: string): readonly Problem[] => [
  ...(isRemoved(next.requests, was.requests) ? [forbidden(`${path}.requests`, 'resource requests cannot be removed')] : []),
  ...(isRemoved(next.limits, was.limits) ? [forbidden(`${path}.limits`, 'resource limits cannot be removed')] : []),
]
