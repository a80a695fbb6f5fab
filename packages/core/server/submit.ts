// Actions of controllers, scheduler and kubelets: through the same decisions as requests, without bytes.
import type { Action, Actor, Answers, Ask, Outcome, Submit } from '../api/action.ts'
import { isRefusal, type Refusal } from '../api/refusal.ts'
import type { Draft, Key, Resource } from '../api/resource.ts'
import { type Draws, drawnAt, RepeatedDraws } from './draws.ts'
import type { Machine } from './machine.ts'
import { badRequest, conflict, internal, notFound, otherUid } from './refusals.ts'
import { type Endpoint, hubOf } from './registry.ts'
import { type Asks, isAsks } from './types.ts'
import { commit, commitOne, type Decided, keyOfObject, type Manner } from './write/decided.ts'
import { decideCreate } from './write/create.ts'
import { decideDelete } from './write/delete.ts'
import { decideInvoke } from './write/invoke.ts'
import { mergePatch } from '../api/patch/index.ts'
import { decideRecord, type Dropped } from './write/record.ts'
import { decideScale } from './write/scale.ts'
import { decideReplace, decideUpdate, type Part } from './write/update.ts'

/** Carries out actions at once: `done` is called before it returns, unless the outside (a webhook) has to be asked first. */
export function createSubmit(machine: Machine): Submit {
  return (action, actor, done) => {
    const outcome = carriedOut(machine, action, { actor, draws: drawnAt(machine.now(), machine.random), answers: noAnswers })
    if (!isAsks(outcome)) done(outcome)
    else carryOutAsking(machine, action, actor, done)
  }
}
const noAnswers: Answers = new Map()
/** A write that asks something new after so many rounds will never be decided. */
const roundsMax = 16

/** Who acts, and what they draw and know. */
interface Acting { readonly actor: Actor; readonly draws: Draws; readonly answers: Answers }

function carryOutAsking(machine: Machine, action: Action, actor: Actor, done: (outcome: Outcome) => void): void {
  const { ask } = machine.options
  const draws = new RepeatedDraws(machine.now(), machine.random)
  const answers = new Map<string, unknown>()
  const again = (rounds: number): void => {
    const outcome = carriedOut(machine, action, { actor, draws: draws.again(), answers })
    if (!isAsks(outcome)) { done(outcome); return }
    if (ask === undefined) { done(internal(`nobody outside this cluster answers: ${outcome.asks.map(({ what }) => what).join(', ')}`)); return }
    if (rounds === roundsMax) { done(conflict({ group: '', plural: 'requests' }, '', `the outside was asked ${roundsMax} times and there is still something to ask`)); return }
    let open = outcome.asks.length
    for (const each of outcome.asks) ask(each, (answer) => { answers.set(each.id, answer); if (--open === 0) again(rounds + 1) })
  }
  again(0)
}

/** Carries it out, after conversions that it turned out to need. */
const carriedOut = (machine: Machine, action: Action, acting: Acting): Outcome | Asks => machine.conversions.within(acting, () => carryOut(machine, action, acting))

function carryOut(machine: Machine, action: Action, acting: Acting): Outcome | Asks {
  if (action.do === 'ask') return badRequest('asks are for the host')
  if (action.do === 'atomic') return carryOutTogether(machine, action.actions, acting)
  const decided = decide(machine, action, acting)
  if (isAsks(decided)) return decided
  // What cannot be recorded is dropped: an Event must not stop what it tells of.
  if (isRefusal(decided)) return action.do === 'record' ? { revision: 0 } : decided
  if (decided.is === 'dropped') return { revision: 0 }
  const done = commitOne(machine, decided, false)
  return isRefusal(done) ? done : { revision: done.revision, object: done.object }
}

function carryOutTogether(machine: Machine, actions: readonly Action[], acting: Acting): Outcome | Asks {
  const decided: Decided[] = []
  const asks: Ask[] = []
  const places = new Set<string>()
  for (const each of actions) {
    const made = decide(machine, each, acting)
    if (isRefusal(made) && each.do === 'record') continue
    if (isRefusal(made)) return made
    if (isAsks(made)) { asks.push(...made.asks); continue }
    if (made.is === 'dropped') continue
    const { resource, namespace, name } = keyOfObject(made.endpoint.kind, made.object)
    const place = `${resource} ${namespace}/${name}`
    if (places.has(place)) return badRequest(`an atomic action writes ${place} twice`)
    places.add(place)
    decided.push(made)
  }
  if (asks.length > 0) return { is: 'asks', asks }
  const done = commit(machine, decided, false)
  if (isRefusal(done)) return done
  const last = done.at(-1)
  const revision = done.reduce((newest, each) => Math.max(newest, each.revision), 0)
  return { revision, ...(last !== undefined && { object: last.object }) }
}

function decide(machine: Machine, action: Action, { actor, draws, answers }: Acting): Decided | Dropped | Refusal | Asks {
  const manner: Manner = { user: { name: actor.user, groups: actor.groups }, owner: { is: 'writer', manager: managerOf(actor) }, dryRun: false, draws, answers }
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
      if (subresource?.is === 'scale') return decideScale(machine, target.endpoint, subresource, action.body, target.object, manner)
      if (subresource?.is === 'update') return decideUpdate(machine, target.endpoint, action.body, target.object, subresource, manner)
      return subresource?.is === 'create' ? decideInvoke(machine, target.endpoint, subresource, action.body, target.object, manner) : badRequest(`${action.key.resource} has no ${action.subresource} to post to`)
    }
    // Nobody applies Events, and there are many: whose fields they are is not noted.
    case 'record': return decideRecord(machine, action, actor, { ...manner, owner: { is: 'nobody' } })
    case 'atomic': case 'ask': return badRequest(`an atomic action holds no ${action.do}`)
  }
}

function decidePatch(machine: Machine, action: Extract<Action, { readonly do: 'patch' }>, manner: Manner): Decided | Refusal | Asks {
  const target = targetOf(machine, action.key)
  if (isRefusal(target)) return target
  const { endpoint, object } = target
  if (action.uid !== object.metadata.uid) return otherUid(endpoint.kind, object.metadata, action.uid)
  const next = mergePatch(object, action.patch) as Resource
  return decideReplace(machine, endpoint, next, object, partOf(action.part), manner)
}

/** Whom managedFields name: the program that upstream runs the component in. */
const managerOf = ({ user, component }: Actor): string =>
  (user.startsWith('system:serviceaccount:kube-system:') ? 'kube-controller-manager' : user.startsWith('system:node:') ? 'kubelet' : component)

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
