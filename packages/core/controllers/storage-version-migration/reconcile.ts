// StorageVersionMigrations: every object of a resource is written again in the version that is stored now. Behaviour: upstream's storage-version-migrator-controller;
// here few objects have to be: what is stored follows its kind, but for custom resources whose definition has moved on.
import type { Action } from '../../api/action.ts'
import type { Controller, Plan } from '../../api/controller.ts'
import type { Condition } from '../../api/generated/types.ts'
import { apiVersionOf, keyOf, type Resource, type ResourceType } from '../../api/resource.ts'
import { type StorageVersionMigration, storageVersionMigrations } from '../../api/resources.ts'
import type { Refusal } from '../../api/refusal.ts'
import type { Instant } from '../../base/clock.ts'
import { isTrue, setCondition } from '../../rules/conditions.ts'
import { instantOf, timestamp } from '../../rules/time.ts'
import { builtIn, type KnownTypes } from '../known-types.ts'
import { settled } from '../settled.ts'

/** A resource that nobody serves may still come for so long. */
const patienceMs = 60_000

export const storageVersionMigrationController = (types: KnownTypes = builtIn): Controller => ({
  name: 'storage-version-migrator-controller',
  watches: [{ resource: storageVersionMigrations.resource, affected: ({ key, after }) => (after === undefined ? [] : [key.name]) }],
  reconcile: (name, { view, now, last }) => {
    const migration = view.get(storageVersionMigrations, '', name)
    const conditions = migration?.status?.conditions
    if (migration === undefined || isTrue(conditions, 'Succeeded') || isTrue(conditions, 'Failed')) return settled
    const type = typeOf(migration, types)
    if (type === undefined) return awaited(migration, now)
    if (!isTrue(conditions, 'Running')) return { actions: [told(migration, now, ['Running', 'InProgress'], migration.status?.resourceVersion || String(view.revision))] }
    if (last !== undefined && isFinal(last)) return { actions: [told(migration, now, ['Failed', 'Failed', `migration encountered unhandled error: ${last.message}`])] }
    const stale = [...view.list(type)].filter((object) => object.apiVersion !== apiVersionOf(type))
    return { actions: [...stale.map((object): Action => ({ do: 'patch', key: keyOf(type, object), uid: object.metadata.uid, part: 'main', patch: {} })), told(migration, now, ['Succeeded', 'Succeeded'])] }
  },
})

function typeOf({ spec: { resource: { group = '', resource } } }: StorageVersionMigration, types: KnownTypes): ResourceType<Resource> | undefined {
  for (const type of types()) if (type.group === group && type.plural === resource) return type
  return undefined
}

function awaited(migration: StorageVersionMigration, now: Instant): Plan {
  const until = (instantOf(migration.metadata.creationTimestamp) ?? now) + patienceMs
  if (until > now) return { actions: [], again: until }
  return { actions: [told(migration, now, ['Failed', 'Failed', 'migration encountered unhandled error: unable to obtain GVR from discovery'])] }
}

/** Who has changed or gone meanwhile needs no migration. */
const isFinal = ({ code, reason }: Refusal): boolean => code < 500 && code !== 429 && reason !== 'Conflict' && reason !== 'NotFound'

/** Only one of the conditions is true at a time. */
function told(migration: StorageVersionMigration, now: Instant, [type, reason, message = '']: readonly [type: string, reason: string, message?: string], resourceVersion?: string): Action {
  const conditionOf = (of: string, status: string, why: string, text: string): Condition => ({ type: of, status, reason: `StorageVersionMigration${why}`, message: text, lastTransitionTime: timestamp(now) })
  const before = migration.status?.conditions
  const stopped = isTrue(before, 'Running') ? setCondition<Condition>(before, conditionOf('Running', 'False', 'InProgress', ''), now) : before
  const conditions = setCondition<Condition>(stopped, conditionOf(type, 'True', reason, message), now)
  return { do: 'patch', key: keyOf(storageVersionMigrations, migration), uid: migration.metadata.uid, part: 'status', patch: { status: { conditions, ...(resourceVersion !== undefined && { resourceVersion }) } } }
}
