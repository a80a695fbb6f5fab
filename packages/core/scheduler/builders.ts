// For tests: nodes, pods and a bare store in which binding works.
import type { Action, Submit } from '../api/action.ts'
import type { Refusal } from '../api/refusal.ts'
import { apiVersionOf, keyOf, type Resource, type ResourceType } from '../api/resource.ts'
import { builtInTypes, type Node, nodes, type Pod, pods } from '../api/resources.ts'
import { seededRandom, VirtualClock } from '../base/index.ts'
import { createStore } from '../store/index.ts'
import { createScheduler, type SchedulerOptions } from './scheduler.ts'
import { isHopeless, type SchedulerPlugin } from './types.ts'

export const dawn = Date.UTC(2026, 0, 1)

export function anObject<T extends Resource>(type: ResourceType<T>, name: string, fields: Readonly<Record<string, unknown>> = {}): T {
  const { metadata, ...rest } = fields
  const object: unknown = {
    apiVersion: apiVersionOf(type), kind: type.kind,
    metadata: {
      name, ...(type.scope === 'Namespaced' && { namespace: 'default' }), uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z',
      ...(typeof metadata === 'object' ? metadata : {}),
    },
    ...rest,
  }
  return object as T
}

export interface NodeSketch { readonly cpu?: string; readonly memory?: string; readonly pods?: string; readonly more?: Readonly<Record<string, string>>; readonly labels?: Readonly<Record<string, string>>; readonly spec?: Partial<Node['spec']> }
export const aNode = (name: string, sketch: NodeSketch = {}): Node => anObject(nodes, name, {
  metadata: { labels: { 'kubernetes.io/hostname': name, ...sketch.labels } }, spec: sketch.spec ?? {},
  status: { allocatable: { cpu: sketch.cpu ?? '4', memory: sketch.memory ?? '8Gi', pods: sketch.pods ?? '110', ...sketch.more } },
})

export interface PodSketch { readonly requests?: Readonly<Record<string, string>>; readonly labels?: Readonly<Record<string, string>>; readonly ports?: readonly number[]; readonly spec?: Partial<Pod['spec']> }
export const aPod = (name: string, sketch: PodSketch = {}): Pod => anObject(pods, name, {
  ...(sketch.labels && { metadata: { labels: sketch.labels } }),
  spec: {
    containers: [{ name: 'c', ...(sketch.requests && { resources: { requests: sketch.requests } }), ...(sketch.ports && { ports: sketch.ports.map((hostPort) => ({ containerPort: hostPort, hostPort })) }) }],
    ...sketch.spec,
  },
  status: { phase: 'Pending' },
})

export function schedulingWorld(objects: readonly Resource[] = [], options: Partial<SchedulerOptions> = {}) {
  const store = createStore()
  const clock = new VirtualClock(dawn)
  const events: string[] = []
  const log: Action[] = []
  const put = (...more: readonly Resource[]): void => {
    for (const object of more) {
      const type = builtInTypes.find((one) => one.kind === object.kind)
      if (type) store.commit([{ key: keyOf(type, object), expect: 'any', object }])
    }
  }
  const world = {
    refuse: undefined as ((action: Action) => Refusal | undefined) | undefined,
    store, clock, events, log, put,
    pod: (name: string): Pod | undefined => store.view.get(pods, 'default', name),
    nodeOf: (name: string): string | undefined => store.view.get(pods, 'default', name)?.spec.nodeName,
    remove: (type: ResourceType<Resource>, name: string): void => {
      store.commit([{ key: { resource: type.resource, namespace: type.scope === 'Namespaced' ? 'default' : '', name }, expect: 'any', object: undefined }])
    },
  }
  const submit: Submit = (action, _actor, done) => {
    log.push(action)
    const refused = world.refuse?.(action)
    if (refused) return done(refused)
    if (action.do === 'record') { events.push(`${action.reason}: ${action.message}`); return done({ revision: 0 }) }
    if (action.do === 'create') {
      const object = { ...action.object, metadata: { ...action.object.metadata, uid: `uid-${action.object.metadata.name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, status: {} } as unknown as Resource
      put(object)
      return done({ revision: store.view.revision, object })
    }
    if (action.do === 'patch') {
      const type = builtInTypes.find((one) => one.resource === action.key.resource)
      const object = type && store.view.get(type, action.key.namespace, action.key.name)
      if (object) put(merge(object, action.patch) as Resource)
    }
    if (action.do === 'delete') {
      const pod = store.view.get(pods, action.key.namespace, action.key.name)
      if (pod) put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } })
    }
    if (action.do === 'invoke') {
      const pod = store.view.get(pods, action.key.namespace, action.key.name)
      const target = action.body['target'] as { readonly name: string }
      if (pod) put({ ...pod, spec: { ...pod.spec, nodeName: target.name } } as Pod)
    }
    done({ revision: store.view.revision })
  }
  put(...objects)
  const scheduler = createScheduler({ view: store.view, changes: (after) => store.changes(after), submit, clock, random: seededRandom(1), ...options })
  const settle = (): void => { for (let steps = 0; scheduler.step(); steps++) if (steps > 100_000) throw new Error('never settles') }
  settle()
  return Object.assign(world, { scheduler, settle })
}

/** A plugin and its study of one pod, as if these objects were all there is. */
function studyOf(plugin: SchedulerPlugin, pod: Pod, objects: readonly Resource[]) {
  const { scheduler: { nodes: table }, store } = schedulingWorld(objects)
  const state = plugin.start({ nodes: table, view: store.view, now: () => 0 })
  for (const number of table.order) { const node = table.node(number); if (node !== undefined) state.nodePut?.(number, undefined, node) }
  for (const { pod: placed, node } of table.placements) state.placed?.(placed, node)
  const study = state.study(pod)
  return { table, study: study === undefined || isHopeless(study) ? undefined : study }
}

/** What a plugin scores the nodes that fit, in the order of their names, as one study gives it; undefined where it has nothing to say. */
export function scoresOf(plugin: SchedulerPlugin, pod: Pod, objects: readonly Resource[], fits: (name: string) => boolean = () => true): readonly number[] | undefined {
  const { table, study } = studyOf(plugin, pod, objects)
  if (study?.score === undefined) return undefined
  const fitting = table.order.filter((number) => fits(table.node(number)?.metadata.name ?? ''))
  study.fitting?.(fitting)
  const scores = Float64Array.from(fitting, (node) => study.score?.(node) ?? 0)
  study.normalise?.(scores)
  return [...scores]
}

/** What a plugin says of the nodes, in the order of their names: + fits, - does not, x and will not whoever goes. */
export function verdictsOf(plugin: SchedulerPlugin, pod: Pod, objects: readonly Resource[]): string {
  const { table, study } = studyOf(plugin, pod, objects)
  return table.order.map((node) => (study?.refuses?.(node) !== true ? '+' : study.why?.(node).forGood === true ? 'x' : '-')).join('')
}

function merge(target: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change
  const merged: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {}
  for (const [field, value] of Object.entries(change)) {
    if (value === null) delete merged[field]
    else merged[field] = merge(merged[field], value)
  }
  return merged
}
