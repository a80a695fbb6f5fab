// For tests: literal objects that state only what matters, and a bare store that carries out plans.
import type { Action, Actor, Outcome, Submit } from '../api/action.ts'
import { builtinKinds } from '../api/kinds/index.ts'
import type { Refusal } from '../api/refusal.ts'
import { apiVersionOf, type Draft, type Key, keyOf, type Resource, type ResourceType } from '../api/resource.ts'
import { builtInTypes, namespaces, type Pod, pods } from '../api/resources.ts'
import type { Clock, Instant, Random } from '../base/index.ts'
import { seededRandom, VirtualClock } from '../base/index.ts'
import { timestamp } from '../rules/time.ts'
import { createStore, type Store } from '../store/index.ts'

/** When the tests' clocks start. */
export const dawn: Instant = Date.UTC(2026, 0, 1)

/** An object of a type with what the API would have set. */
export function anObject<T extends Resource>(type: ResourceType<T>, name: string, fields: { readonly metadata?: Partial<T['metadata']> } & Readonly<Record<string, unknown>> = {}): T {
  const { metadata, ...rest } = fields
  const object: unknown = {
    apiVersion: apiVersionOf(type), kind: type.kind,
    metadata: {
      name, ...(type.scope === 'Namespaced' && { namespace: 'default' }), uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: timestamp(dawn), ...metadata,
    },
    ...rest,
  }
  return object as T
}

export interface PodSketch {
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly node?: string
  readonly phase?: string
  /** Ready since this instant. */
  readonly ready?: Instant
  readonly metadata?: Partial<Pod['metadata']>
  readonly spec?: Partial<Pod['spec']>
}

export function aPod(name: string, sketch: PodSketch = {}): Pod {
  return anObject(pods, name, {
    metadata: { ...(sketch.namespace && { namespace: sketch.namespace }), ...(sketch.labels && { labels: sketch.labels }), ...sketch.metadata },
    spec: { containers: [{ name: 'c', image: 'web:1' }], restartPolicy: 'Always', ...(sketch.node && { nodeName: sketch.node }), ...sketch.spec },
    status: {
      phase: sketch.phase ?? (sketch.ready === undefined ? 'Pending' : 'Running'),
      ...(sketch.ready !== undefined && { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(sketch.ready) }] }),
    },
  })
}

/** A store with a clock, and a submit that does to it what the API would, roughly: enough for controllers, not a server. */
export interface TestWorld {
  readonly store: Store
  readonly clock: VirtualClock
  readonly random: Random
  readonly submit: Submit
  /** Events recorded, oldest first: 'reason: message'. */
  readonly events: string[]
  /** Everything submitted, oldest first. */
  readonly log: Action[]
  /** Refuses an action when it answers with a refusal. */
  refuse: ((action: Action, actor: Actor) => Refusal | undefined) | undefined
  put(...objects: readonly Resource[]): void
  update<T extends Resource>(type: ResourceType<T>, name: string, change: (object: T) => T, namespace?: string): void
  remove(type: ResourceType<Resource>, name: string, namespace?: string): void
}

export function testWorld(seed = 1): TestWorld {
  const store = createStore({ indexes: builtinKinds.flatMap((kind) => kind.indexes ?? []) })
  const clock = new VirtualClock(dawn)
  const random = seededRandom(seed)
  const events: string[] = []
  const log: Action[] = []
  const world: TestWorld = {
    store, clock, random, events, log, refuse: undefined,
    submit: (action, actor, done) => {
      log.push(action)
      done(world.refuse?.(action, actor) ?? carryOut(action, store, clock, random, events))
    },
    put: (...objects) => {
      for (const object of objects) store.commit([{ key: keyOf(typeOf(object), object), expect: 'any', object }])
    },
    update: (type, name, change, namespace = type.scope === 'Namespaced' ? 'default' : '') => {
      const object = store.view.get(type, namespace, name)
      if (object === undefined) throw new Error(`no ${type.kind} ${name}`)
      store.commit([{ key: keyOf(type, object), expect: 'any', object: change(object) }])
    },
    remove: (type, name, namespace = type.scope === 'Namespaced' ? 'default' : '') => {
      store.commit([{ key: { resource: type.resource, namespace, name }, expect: 'any', object: undefined }])
    },
  }
  return world
}

const typeOf = (object: { readonly apiVersion: string; readonly kind: string }): ResourceType<Resource> => {
  const type = builtInTypes.find((one) => one.kind === object.kind && apiVersionOf(one) === object.apiVersion)
  if (type === undefined) throw new Error(`unknown kind ${object.apiVersion} ${object.kind}`)
  return type
}

const refusal = (code: number, reason: string, message: string): Refusal => ({ refused: true, code, reason, message })

function carryOut(action: Action, store: Store, clock: Clock, random: Random, events: string[]): Outcome {
  switch (action.do) {
    case 'create': return create(action.object, store, clock, random)
    case 'replace': return replace(action.object, action.part, store)
    case 'patch': return patch(action, store)
    case 'delete': return remove(action, store, clock)
    case 'invoke': return invoke(action.key, action.subresource, action.body, store)
    case 'record': events.push(`${action.reason}: ${action.message}`); return { revision: 0 }
    case 'atomic': {
      let last: Outcome = { revision: 0 }
      for (const one of action.actions) { last = carryOut(one, store, clock, random, events); if ('refused' in last) return last }
      return last
    }
    case 'ask': return { revision: 0 }
  }
}

function commit(store: Store, type: ResourceType<Resource>, object: Resource, before: Resource | undefined): Outcome {
  const outcome = store.commit([{ key: keyOf(type, object), expect: before === undefined ? 'absent' : Number(before.metadata.resourceVersion), object }])
  return 'refused' in outcome ? outcome : { revision: outcome.revisions[0] ?? 0, ...(outcome.objects[0] && { object: outcome.objects[0] }) }
}

function create(draft: Draft, store: Store, clock: Clock, random: Random): Outcome {
  const type = typeOf(draft)
  const namespace = draft.metadata.namespace
  if (namespace !== undefined) {
    const home = store.view.get(namespaces, '', namespace)
    if (home?.metadata.deletionTimestamp !== undefined) {
      return { ...refusal(403, 'Forbidden', `${type.plural} is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`), details: { causes: [{ reason: 'NamespaceTerminating', message: '' }] } }
    }
  }
  const name = draft.metadata.name ?? `${draft.metadata.generateName}${random.suffix(5)}`
  const { status: _status, ...fields } = draft
  const object: unknown = {
    ...fields,
    ...('spec' in draft && { status: type.kind === 'Pod' ? { phase: 'Pending' } : {} }),
    metadata: { ...draft.metadata, name, uid: random.uuid(), resourceVersion: '0', creationTimestamp: timestamp(clock.now()), ...('spec' in draft && { generation: 1 }) },
  }
  return commit(store, type, object as Resource, undefined)
}

function replace(object: Resource, part: 'main' | 'status', store: Store): Outcome {
  const type = typeOf(object)
  const before: (Resource & { readonly spec?: unknown; readonly status?: unknown }) | undefined = store.view.get(type, object.metadata.namespace ?? '', object.metadata.name)
  if (before === undefined) return refusal(404, 'NotFound', `${type.plural} "${object.metadata.name}" not found`)
  if (before.metadata.resourceVersion !== object.metadata.resourceVersion) return refusal(409, 'Conflict', 'the object has been modified')
  const given: { readonly spec?: unknown; readonly status?: unknown } = object as Resource & { readonly spec?: unknown; readonly status?: unknown }
  const next: unknown = part === 'status' ? { ...before, status: given.status }
    : { ...object, ...(before.status !== undefined && { status: before.status }), metadata: { ...object.metadata, ...generation(before, given.spec) } }
  return write(store, type, next as Resource, before)
}

const generation = (before: Resource & { readonly spec?: unknown }, spec: unknown): { readonly generation?: number } =>
  before.metadata.generation === undefined ? {} : { generation: before.metadata.generation + (JSON.stringify(before.spec) === JSON.stringify(spec) ? 0 : 1) }

/** A write that changes nothing is no write; one that takes the last finalizer of what is being deleted deletes it. */
function write(store: Store, type: ResourceType<Resource>, next: Resource, before: Resource): Outcome {
  if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0 && next.metadata.deletionGracePeriodSeconds === 0) return gone(store, type, next)
  if (JSON.stringify(next) === JSON.stringify(before)) return { revision: Number(before.metadata.resourceVersion), object: before }
  return commit(store, type, next, before)
}

function patch(action: Action & { readonly do: 'patch' }, store: Store): Outcome {
  const type = builtInTypes.find((one) => one.resource === action.key.resource)
  const before: (Resource & { readonly spec?: unknown; readonly status?: unknown }) | undefined = type && store.view.get(type, action.key.namespace, action.key.name)
  if (type === undefined || before === undefined) return refusal(404, 'NotFound', `${action.key.resource} "${action.key.name}" not found`)
  if (before.metadata.uid !== action.uid) return refusal(409, 'Conflict', 'uid differs')
  const merged = mergePatch(before, action.patch) as Resource & { readonly spec?: unknown; readonly status?: unknown }
  if (merged.metadata.resourceVersion !== before.metadata.resourceVersion) return refusal(409, 'Conflict', 'the object has been modified')
  const next: unknown = action.part === 'status' ? { ...before, metadata: { ...before.metadata, ...(merged.metadata.annotations && { annotations: merged.metadata.annotations }) }, status: merged.status }
    : { ...merged, ...('status' in before && { status: before.status }), metadata: { ...merged.metadata, ...generation(before, merged.spec) } }
  return write(store, type, next as Resource, before)
}

function mergePatch(target: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change
  const merged: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {}
  for (const [field, value] of Object.entries(change)) {
    if (value === null) delete merged[field]
    else merged[field] = mergePatch(merged[field], value)
  }
  return merged
}

function remove(action: Action & { readonly do: 'delete' }, store: Store, clock: Clock): Outcome {
  const type = builtInTypes.find((one) => one.resource === action.key.resource)
  const before = type && store.view.get(type, action.key.namespace, action.key.name)
  if (type === undefined || before === undefined) return refusal(404, 'NotFound', `${action.key.resource} "${action.key.name}" not found`)
  if (before.metadata.uid !== action.uid) return refusal(409, 'Conflict', 'uid differs')
  const added = action.propagation === 'Foreground' ? ['foregroundDeletion'] : action.propagation === 'Orphan' ? ['orphan'] : []
  const finalizers = [...new Set([...(before.metadata.finalizers ?? []), ...added])]
  if (finalizers.length === 0 && type.kind !== 'Namespace') return gone(store, type, before)
  if (before.metadata.deletionTimestamp !== undefined) return { revision: 0 }
  return commit(store, type, { ...before, metadata: { ...before.metadata, finalizers, deletionTimestamp: timestamp(clock.now()), deletionGracePeriodSeconds: 0 } }, before)
}

function gone(store: Store, type: ResourceType<Resource>, object: Resource): Outcome {
  const outcome = store.commit([{ key: keyOf(type, object), expect: 'any', object: undefined }])
  return 'refused' in outcome ? outcome : { revision: outcome.revisions[0] ?? 0 }
}

function invoke(key: Key, subresource: string, body: Draft, store: Store): Outcome {
  const pod = store.view.get(pods, key.namespace, key.name)
  if (subresource === 'finalize') {
    const home = store.view.get(namespaces, '', key.name)
    return home ? gone(store, namespaces, home) : refusal(404, 'NotFound', key.name)
  }
  if (subresource === 'scale') {
    const type = builtInTypes.find((one) => one.resource === key.resource)
    const before: (Resource & { readonly spec?: object }) | undefined = type && store.view.get(type, key.namespace, key.name)
    if (type === undefined || before === undefined) return refusal(404, 'NotFound', key.name)
    return write(store, type, { ...before, spec: { ...before.spec, ...(body['spec'] as object) } } as Resource, before)
  }
  if (subresource !== 'binding' || pod === undefined) return refusal(404, 'NotFound', `pods "${key.name}" not found`)
  if (pod.spec.nodeName) return refusal(409, 'Conflict', `pod ${key.name} is already assigned to node "${pod.spec.nodeName}"`)
  const target = body['target'] as { readonly name: string }
  const conditions = [...(pod.status.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled'), { type: 'PodScheduled', status: 'True' }]
  return commit(store, pods, { ...pod, spec: { ...pod.spec, nodeName: target.name }, status: { ...pod.status, conditions } } as Pod, pod)
}
