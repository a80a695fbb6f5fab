import type { ObjectMeta } from '../../api/generated/types.ts'
import { refuseInvalid } from '../../api/kinds/problems.ts'
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Draft } from '../../api/resource.ts'
import { mutate, validate } from '../admission/index.ts'
import { together } from '../admission/remarks.ts'
import { hubForm } from '../encode.ts'
import { circumstancesOf, type Machine, timestamp } from '../machine.ts'
import { alreadyExists, noUniqueName } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import { type Asks, isStopped } from '../types.ts'
import { admissionOf, warningsOf } from './admission-of.ts'
import type { Decided, Manner } from './decided.ts'
import { tracked } from './tracked.ts'

const suffixLength = 5
const generatedMax = 63 - suffixLength
const attemptsMax = 8

/** Decides a create: the draft is in the endpoint's version, decoded; its namespace is right already. */
export function decideCreate(machine: Machine, endpoint: Endpoint, draft: Draft, manner: Manner): Decided | Refusal | Asks {
  const { kind, served } = endpoint
  const type = { ...kind, group: served.group }
  if (draft.metadata.resourceVersion !== undefined && draft.metadata.resourceVersion !== '') {
    return { refused: true, code: 500, reason: '', message: 'resourceVersion should not be set on objects to be created' }
  }
  const name = nameOf(machine, endpoint, draft.metadata, manner)
  if (isRefusal(name)) return name
  const hub = hubForm(endpoint, { ...draft, metadata: freshMetadata(endpoint, draft.metadata, name, manner) })
  const circumstances = circumstancesOf(machine, manner)
  // As upstream: who writes owns what he sent, and not what admission and the kind make of it.
  const owned = tracked(machine, endpoint, hub, undefined, '', manner)
  const admission = admissionOf(machine, endpoint, manner, { operation: 'create', object: owned, before: undefined, subresource: '', circumstances })
  const mutated = mutate(admission)
  if (isStopped(mutated)) return mutated
  const prepared = kind.prepare === undefined ? mutated.object : kind.prepare(mutated.object, undefined, circumstances)
  if (isRefusal(prepared)) return prepared
  const problems = [...kind.check(prepared, undefined), ...(served.check?.(prepared, undefined) ?? [])]
  if (problems.length > 0) return refuseInvalid(type, prepared.metadata.name, problems)
  const valid = validate({ ...admission, object: prepared })
  if (isStopped(valid)) return valid
  const there = machine.store.view.get(kind, prepared.metadata.namespace ?? '', name)
  if (there !== undefined) return alreadyExists(type, name, there.metadata.deletionTimestamp !== undefined)
  return { is: 'created', endpoint, object: prepared, remarks: together(together(mutated.remarks, valid), warningsOf(kind, prepared, undefined)) }
}

/** What the server sets and what a client may not: in the order upstream prints it. */
function freshMetadata({ kind }: Endpoint, asked: ObjectMeta, name: string, { draws }: Manner): ObjectMeta {
  const { deletionTimestamp: _, deletionGracePeriodSeconds: _grace, selfLink: _link, resourceVersion: _version, uid: _uid, creationTimestamp: _created, generation: _generation, ...kept } = asked
  return {
    ...kept, name, uid: draws.random.uuid(), creationTimestamp: timestamp(draws.now),
    ...(kind.generation !== undefined && { generation: 1 }),
  }
}

/** The name asked for, or one made from generateName that nobody has. '' when neither is given: the kind's check says so. */
function nameOf(machine: Machine, { kind, served }: Endpoint, metadata: ObjectMeta, { draws }: Manner): string | Refusal {
  if (metadata.name !== undefined && metadata.name !== '') return metadata.name
  const prefix = metadata.generateName ?? ''
  if (prefix === '') return ''
  let name = ''
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    name = prefix.slice(0, generatedMax) + draws.random.suffix(suffixLength)
    if (machine.store.view.get(kind, metadata.namespace ?? '', name) === undefined) return name
  }
  return noUniqueName({ ...kind, group: served.group }, name)
}
