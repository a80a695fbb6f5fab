import type { Container, EphemeralContainer } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import type { Action } from '../api/action.ts'
import type { Instant } from '../base/clock.ts'
import { Lately } from '../base/lately.ts'
import type { CredentialAsk, PodEvent, Surroundings } from './decision.ts'
import type { ContainerMemory, PodMemory } from './memory.ts'
import type { RuntimeCommand } from './runtime.ts'
import { type Stand, standOf } from './stands.ts'

/** A decision while it is being made. Lives no longer than `decide`. */
export interface Work {
  readonly pod: Pod
  readonly around: Surroundings
  readonly commands: RuntimeCommand[]
  readonly events: PodEvent[]
  readonly asks: CredentialAsk[]
  readonly writes: Action[]
  memory: PodMemory
  again: Instant | undefined
  dependsOn: readonly string[] | undefined
}

export const beginWork = (pod: Pod, around: Surroundings): Work =>
  ({ pod, around, commands: [], events: [], asks: [], writes: [], memory: around.memory ?? empty, again: undefined, dependsOn: undefined })
const empty: PodMemory = {}

export function lookAgain(work: Work, at: Instant): void {
  if (work.again === undefined || at < work.again) work.again = at
}

export const standIn = (work: Work, name: string): Stand => standOf(name, work.pod, work.around.observed, work.memory)

export const memoryOf = (work: Work, name: string): ContainerMemory => work.memory.containers?.[name] ?? none
const none: ContainerMemory = {}

/** Replaces fields of what is remembered of a container; undefined forgets one. */
export function remember(work: Work, name: string, fields: { readonly [Field in keyof ContainerMemory]: ContainerMemory[Field] | undefined }): void {
  const next = withFields(memoryOf(work, name), fields)
  const containers = withFields(work.memory.containers ?? {}, { [name]: next })
  work.memory = withFields(work.memory, { containers })
}

/** Replaces fields of what is remembered of the pod; undefined forgets one. */
export function rememberPod(work: Work, fields: { readonly [Field in keyof PodMemory]: PodMemory[Field] | undefined }): void {
  work.memory = withFields(work.memory, fields)
}

/** The object with some fields replaced, without those that became undefined or empty. */
function withFields<Fields extends object>(before: Fields, fields: { readonly [Field in keyof Fields]?: Fields[Field] | undefined }): Fields {
  const entries = Object.entries({ ...before, ...fields }).filter(([, value]) => value !== undefined && !isEmpty(value))
  return Object.fromEntries(entries) as Fields // the same fields, fewer of the optional ones
}
const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0

/** What is left to remember: undefined for a quiet pod. */
export const settledMemory = (work: Work): PodMemory | undefined => (Object.keys(work.memory).length === 0 ? undefined : work.memory)

export function tell(work: Work, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void {
  work.events.push(fieldPath === undefined ? { type, reason, message } : { type, reason, message, fieldPath })
}

/** The field path of events about a container: 'spec.containers{web}'. */
export function fieldPathOf(pod: Pod, name: string): string {
  if (pod.spec.initContainers?.some((one) => one.name === name) === true) return `spec.initContainers{${name}}`
  if (ephemeralContainers(pod).some((one) => one.name === name)) return `spec.ephemeralContainers{${name}}`
  return fieldPaths.given(name, () => ['spec.containers{', name, '}'].join(''))
}
/** Pods of one template have containers of the same names, and Events keep these texts. */
const fieldPaths = Lately.of<string, string>(1024)

export const containerOf = (pod: Pod, name: string): Container | undefined =>
  pod.spec.containers.find((one) => one.name === name) ?? pod.spec.initContainers?.find((one) => one.name === name) ?? ephemeralContainers(pod).find((one) => one.name === name)

/** Containers that somebody added to look into the pod. */
export const ephemeralContainers = ({ spec }: Pod): readonly EphemeralContainer[] => spec.ephemeralContainers ?? noContainers
const noContainers: readonly never[] = []

/** '"web" in pod "default_web-0(uid)"' and the like: how upstream names a pod in messages. */
export const podText = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})`
