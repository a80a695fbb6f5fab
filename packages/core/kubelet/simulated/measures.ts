import { podsByNode } from '../../api/indexes.ts'
import type { Pod } from '../../api/resources.ts'
import { scriptEntry, scriptPrefix } from '../../api/simulated.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { courseAt, isSteady } from '../../rules/course.ts'
import { unitsOf } from '../../rules/quantity.ts'
import { instantOf } from '../../rules/time.ts'
import { usesIn } from '../../rules/use.ts'
import type { Observations, PodUse } from '../eviction.ts'
import type { NodeShape } from '../node-shape.ts'
import type { RuntimeState } from '../runtime.ts'

/** What a simulated node finds when it looks at itself, and whether it is to look again: what its pods use changes, or is not known yet. */
export interface SimulatedMeasurement {
  readonly observations: Observations
  /** Of pods, by uid. */
  readonly uses: ReadonlyMap<string, PodUse>
  readonly moves: boolean
  /** Containers that use more memory than their limit. */
  readonly tooLarge: readonly { readonly pod: string; readonly container: string }[]
}

/** Whether a pod's script says what it uses of memory or disk: a node without such a pod need not look at itself. */
export function saysUse(pod: Pod): boolean {
  for (const key in pod.metadata.annotations) if (key.startsWith(scriptPrefix) && measured.test(key)) return true
  return false
}
const measured = new RegExp(`^${scriptPrefix.replace('.', '\\.')}(memory|storage|volume)(\\.|$)`)

/** Measures a simulated node: what its pods use by their scripts, of the memory and the disk that it has. */
export function measure({ name, capacity }: NodeShape, view: ClusterView, images: RuntimeState['images'], now: Instant): SimulatedMeasurement {
  const usesOf = usesIn(view, now)
  const uses = new Map<string, PodUse>()
  const tooLarge: { readonly pod: string; readonly container: string }[] = []
  let moves = false
  for (const pod of view.by(podsByNode, name)) {
    if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') continue
    const use = useOf(pod, usesOf(pod), now)
    uses.set(pod.metadata.uid, use ?? nothing)
    if (use !== undefined) {
      for (const container of use.containers) if (container.memory > memoryLimit(pod, container.name)) tooLarge.push({ pod: pod.metadata.uid, container: container.name })
    }
    moves ||= saysUse(pod) && (use === undefined || !isStill(pod))
  }
  const total = { memory: unitsOf(capacity['memory']), disk: unitsOf(capacity['ephemeral-storage']) }
  const used = [...uses.values()].reduce((sum, { memory, storage }) => ({ memory: sum.memory + memory, disk: sum.disk + storage }), { memory: 0, disk: 0 })
  const kept = [...images.get(name)?.values() ?? []].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const disk = { available: Math.max(0, total.disk - used.disk - kept), capacity: total.disk }
  return {
    observations: { 'memory.available': { available: Math.max(0, total.memory - used.memory), capacity: total.memory }, ...(total.disk > 0 && { 'nodefs.available': disk, 'imagefs.available': disk }) },
    uses, moves, tooLarge,
  }
}

/** Of what has just started: it is no reason to end it first. */
const nothing: PodUse = { memory: 0, storage: 0, containers: [] }
const isStill = (pod: Pod): boolean => Object.entries(pod.metadata.annotations ?? {}).every(([key, value]) => !measured.test(key) || isSteady(value))

function useOf(pod: Pod, known: ReturnType<ReturnType<typeof usesIn>>, now: Instant): PodUse | undefined {
  if (known === undefined) return undefined
  const age = now - (instantOf(pod.status.startTime) ?? now)
  const amount = (course: string | undefined, seed: string): number => (course === undefined ? 0 : inPages(unitsOf(courseAt(course, age, `${pod.metadata.uid} ${seed}`))))
  const containers = known.map(({ name, memory }) => ({ name, memory: inPages(memory), storage: amount(scriptEntry(pod.metadata.annotations, 'storage', name), `${name} storage`) }))
  const emptyDirs = (pod.spec.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined)
  const volumes = Object.fromEntries(emptyDirs.map(({ name }) => [name, amount(pod.metadata.annotations?.[`${scriptPrefix}volume.${name}`], name)]))
  const written = (inMemory: boolean): number => emptyDirs.reduce((sum, { name, emptyDir }) => sum + ((emptyDir?.medium === 'Memory') === inMemory ? volumes[name] ?? 0 : 0), 0)
  return {
    memory: containers.reduce((sum, { memory }) => sum + memory, written(true)), storage: containers.reduce((sum, { storage }) => sum + storage, written(false)), containers, volumes,
  }
}

/** Memory and disk come in pages. */
const inPages = (bytes: number): number => Math.floor(bytes / pageBytes) * pageBytes
const pageBytes = 4096

function memoryLimit({ spec }: Pod, name: string): number {
  const limit = [...spec.containers, ...(spec.initContainers ?? [])].find((one) => one.name === name)?.resources?.limits?.['memory']
  return limit === undefined ? Infinity : unitsOf(limit)
}
