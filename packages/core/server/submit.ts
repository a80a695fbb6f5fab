// Actions of controllers, scheduler and kubelets: through the same decisions as requests, without bytes.
import type { Action, Actor, Outcome, Submit } from '../api/action.ts'
import { isRefusal, type Refusal } from '../api/refusal.ts'
import type { Draft, Key, Resource } from '../api/resource.ts'
import type { Machine } from './machine.ts'
import { badRequest, notFound, otherUid } from './refusals.ts'
import { type Endpoint, type Registry } from './registry.ts'
import { commit, commitOne, type Decided, keyOfObject, type Manner } from './write/decided.ts'
import { decideCreate } from './write/create.ts'
import { decideDelete } from './write/delete.ts'
import { decideInvoke } from './write/invoke.ts'
import { mergePatch } from '../api/patch/index.ts'
import { decideRecord } from './write/record.ts'
import { decideReplace, decideUpdate, type Part } from './write/update.ts'

/** Carries out actions at once: `done` is called before it returns. */
export function createSubmit(machine: Machine): Submit {
  return (action, actor, done) => { done(carryOut(machine, action, actor)) }
}

function carryOut(machine: Machine, action: Action, actor: Actor): Outcome {
  if (action.do === 'ask') return badRequest('asks are for the host')
  if (action.do === 'atomic') return carryOutTogether(machine, action.actions, actor)
  const decided = decide(machine, action, actor)
  // What cannot be recorded is dropped: an Event must not stop what it tells of.
  if (isRefusal(decided)) return action.do === 'record' ? { revision: 0 } : decided
  const done = commitOne(machine, decided, false)
  return isRefusal(done) ? done : { revision: done.revision, object: done.object }
}

function carryOutTogether(machine: Machine, actions: readonly Action[], actor: Actor): Outcome {
  const decided: Decided[] = []
  const places = new Set<string>()
  for (const each of actions) {
    const made = decide(machine, each, actor)
    if (isRefusal(made) && each.do === 'record') continue
    if (isRefusal(made)) return made
    const { resource, namespace, name } = keyOfObject(made.endpoint.kind, made.object)
    const place = `${resource} ${namespace}/${name}`
    if (places.has(place)) return badRequest(`an atomic action writes ${place} twice`)
    places.add(place)
    decided.push(made)
  }
  const done = commit(machine, decided, false)
  if (isRefusal(done)) return done
  const last = done.at(-1)
  const revision = done.reduce((newest, each) => Math.max(newest, each.revision), 0)
  return { revision, ...(last !== undefined && { object: last.object }) }
}

function decide(machine: Machine, action: Action, actor: Actor): Decided | Refusal {
  const manner: Manner = { user: { name: actor.user, groups: actor.groups }, owner: { is: 'nobody' }, dryRun: false }
  switch (action.do) {
    case 'create': {
      const endpoint = machine.registry.byGroupKind(action.object.apiVersion, action.object.kind)
      return endpoint === undefined ? unknownKind(action.object) : decideCreate(machine, endpoint, action.object, manner)
    }
    case 'replace': {
      const endpoint = machine.registry.byGroupKind(action.object.apiVersion, action.object.kind)
      if (endpoint === undefined) return unknownKind(action.object)
      const before = found(machine, endpoint, keyOfObject(endpoint.kind, action.object))
      return isRefusal(before) ? before : decideUpdate(machine, endpoint, action.object as unknown as Draft, before, partOf(action.part), manner)
    }
    case 'patch': return decidePatch(machine, action, manner)
    case 'delete': {
      const target = targetOf(machine, action.key)
      if (isRefusal(target)) return target
      return decideDelete(machine, target.endpoint, target.object, {
        uid: action.uid, ...(action.propagation !== undefined && { propagation: action.propagation }), ...(action.graceSeconds !== undefined && { graceSeconds: action.graceSeconds }),
      }, manner)
    }
    case 'invoke': {
      const target = targetOf(machine, action.key)
      if (isRefusal(target)) return target
      const subresource = target.endpoint.kind.subresources?.find(({ name }) => name === action.subresource)
      // As a PUT of one part: namespaces/finalize.
      if (subresource?.is === 'update') return decideUpdate(machine, target.endpoint, action.body, target.object, subresource, manner)
      return subresource?.is === 'create' ? decideInvoke(machine, target.endpoint, subresource, action.body, target.object, manner) : badRequest(`${action.key.resource} has no ${action.subresource} to post to`)
    }
    case 'record': return decideRecord(machine, action, actor, manner)
    case 'atomic': case 'ask': return badRequest(`an atomic action holds no ${action.do}`)
  }
}

function decidePatch(machine: Machine, action: Extract<Action, { readonly do: 'patch' }>, manner: Manner): Decided | Refusal {
  const target = targetOf(machine, action.key)
  if (isRefusal(target)) return target
  const { endpoint, object } = target
  if (action.uid !== object.metadata.uid) return otherUid(endpoint.kind, object.metadata, action.uid)
  const next = mergePatch(object, action.patch) as Resource
  return decideReplace(machine, endpoint, next, object, partOf(action.part), manner)
}

const partOf = (part: 'main' | 'status'): Part => ({ is: part })
const unknownKind = (object: { readonly apiVersion: string; readonly kind: string }): Refusal => badRequest(`no kind ${JSON.stringify(object.kind)} is registered for version ${JSON.stringify(object.apiVersion)}`)

function targetOf(machine: Machine, key: Key): { readonly endpoint: Endpoint; readonly object: Resource } | Refusal {
  const endpoint = hubOf(machine.registry, key.resource)
  if (endpoint === undefined) return badRequest(`no kind is stored as ${key.resource}`)
  const object = found(machine, endpoint, key)
  return isRefusal(object) ? object : { endpoint, object }
}
function found(machine: Machine, { kind }: Endpoint, key: Key): Resource | Refusal {
  return machine.store.view.get(kind, key.namespace, key.name) ?? notFound(kind, key.name)
}
/** The version that objects are stored in. */
export function hubOf(registry: Registry, resource: string): Endpoint | undefined {
  const kind = registry.byResource(resource)
  const served = kind?.served[0]
  return kind === undefined || served === undefined ? undefined : { kind, served }
}
