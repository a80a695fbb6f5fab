import type { CustomResourceDefinition } from '../../api/generated/types.ts'
import { parseLabelSelector, isSelectorFault, labelSelectorText, type LabelRequirement, labelsMatch } from '../../api/selectors/index.ts'
import { podsByLabel } from '../../api/indexes.ts'
import { keyOf, type Resource, type ResourceType } from '../../api/resource.ts'
import { customResourceDefinitions, deployments, type HorizontalPodAutoscaler, type Pod, pods, replicaSets, replicationControllers, statefulSets } from '../../api/resources.ts'
import type { Action } from '../../api/action.ts'
import type { ClusterView } from '../../api/view.ts'
import { type KnownTypes } from '../known-types.ts'

/** What an autoscaler sizes. */
export interface Target {
  readonly object: Resource
  readonly replicas: number
  readonly statusReplicas: number
  /** As its scale shows it; '' when it has none. */
  readonly selector: string
  sized(replicas: number): Action
}
/** Why something cannot be told, in upstream's words. */
export interface Fault { readonly fault: string }
export const isFault = (value: unknown): value is Fault => typeof value === 'object' && value !== null && 'fault' in value

interface Paths { readonly specReplicasPath: string; readonly statusReplicasPath: string; readonly labelSelectorPath?: string }
const builtInPaths: Paths = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' }
const scaled: ReadonlySet<string> = new Set([deployments, replicaSets, replicationControllers, statefulSets].map(({ resource }) => resource))

/** Finds what the autoscaler sizes. */
export function targetOf({ spec: { scaleTargetRef }, metadata: { namespace = '' } }: HorizontalPodAutoscaler, view: ClusterView, types: KnownTypes): Target | Fault {
  const { apiVersion = 'v1', kind, name } = scaleTargetRef
  const parts = apiVersion.split('/')
  if (parts.length > 2) return { fault: `unexpected GroupVersion string: ${apiVersion}` }
  const group = parts.length === 2 ? (parts[0] ?? '') : ''
  const type = typeOfKind(group, kind, types)
  if (type === undefined) return { fault: `no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}` }
  const paths = scaled.has(type.resource) ? builtInPaths : customPaths(view, type)
  if (paths === undefined) return { fault: 'the server could not find the requested resource' }
  const object = view.get(type, namespace, name)
  if (object === undefined) return { fault: `${type.plural}${type.group === '' ? '' : `.${type.group}`} ${JSON.stringify(name)} not found` }
  return {
    object, selector: selectorOf(object, type, paths), replicas: numberAt(object, namesIn(paths.specReplicasPath)) ?? (scaled.has(type.resource) ? 1 : 0), statusReplicas: numberAt(object, namesIn(paths.statusReplicasPath)) ?? 0,
    sized: (replicas) => ({
      do: 'invoke', key: keyOf(type, object), subresource: 'scale',
      body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name, namespace, uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion }, spec: { replicas } },
    }),
  }
}

export function typeOfKind(group: string, kind: string, types: KnownTypes): ResourceType<Resource> | undefined {
  for (const type of types()) if (type.kind === kind && type.group === group) return type
  return undefined
}

function customPaths(view: ClusterView, { group, plural, version }: ResourceType<Resource>): Paths | undefined {
  const definition: CustomResourceDefinition | undefined = view.get(customResourceDefinitions, '', `${plural}.${group}`)
  return definition?.spec.versions.find(({ name }) => name === version)?.subresources?.scale
}

const namesIn = (path: string | undefined): readonly string[] => (path ?? '').split('.').filter((name) => name !== '')
const valueAt = (object: unknown, names: readonly string[]): unknown => names.reduce<unknown>((value, name) => (typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined), object)
const numberAt = (object: unknown, names: readonly string[]): number | undefined => { const value = valueAt(object, names); return typeof value === 'number' ? value : undefined }

function selectorOf(object: Resource, type: ResourceType<Resource>, paths: Paths): string {
  if (!scaled.has(type.resource)) { const text = valueAt(object, namesIn(paths.labelSelectorPath)); return paths.labelSelectorPath && typeof text === 'string' ? text : '' }
  const { selector } = (object as Resource & { readonly spec: { readonly selector?: Readonly<Record<string, unknown>> } }).spec
  return labelSelectorText(type.resource === replicationControllers.resource ? { matchLabels: selector as Readonly<Record<string, string>> } : selector, '')
}

/** The pods that a selector's text means, or why it means none. */
export function podsOf(view: ClusterView, namespace: string, selector: string): readonly Pod[] | Fault {
  const requirements = parseLabelSelector(selector)
  if (isSelectorFault(requirements)) return requirements
  const exact = requirements.find(({ operator }) => operator === '=' || operator === '==')
  const candidates: Iterable<Pod> = exact === undefined ? view.list(pods, namespace) : view.by(podsByLabel, `${namespace}/${exact.key}=${exact.values[0] ?? ''}`)
  return [...candidates].filter((pod) => labelsMatch(requirements as readonly LabelRequirement[], pod.metadata.labels))
}
