// metadata.managedFields: who set which field, read and written.
import { Lately } from '../../base/lately.ts'
import type { ManagedFieldsEntry } from '../generated/types.ts'
import { sharedFields } from './shared-fields.ts'
import { type FieldSet, isEmpty, readFields, writeFields } from './field-set.ts'
import { union } from './set-operations.ts'

export type Operation = 'Apply' | 'Update'
/** One manager and what it owns. */
export interface Manager {
  readonly manager: string
  readonly operation: Operation
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly fields: FieldSet
}
/** More managers than this that update are folded into one, the oldest first. */
const updatersMax = 10

/** One string per manager, whatever it owns: time is no part of who it is. */
export const identity = (manager: Omit<Manager, 'fields' | 'time'>): string => JSON.stringify([manager.operation, manager.manager, manager.apiVersion, manager.subresource])

/** Whether both are one manager, whatever they own. */
export const isSame = (left: Omit<Manager, 'fields' | 'time'>, right: Omit<Manager, 'fields' | 'time'>): boolean =>
  left.manager === right.manager && left.operation === right.operation && left.apiVersion === right.apiVersion && left.subresource === right.subresource

// Most entries pass from one revision of an object to the next untouched: each is read and written once.
const managersMax = 16_384
const managerOf = Lately.weakly<ManagedFieldsEntry, Manager>(managersMax)
const entryOf = new WeakMap<Manager, ManagedFieldsEntry>()

/** Reads the entries of an object; undefined when one is malformed. */
export function readManagers(entries: readonly ManagedFieldsEntry[] | undefined): readonly Manager[] | undefined {
  const managers: Manager[] = []
  for (const entry of entries ?? []) {
    const known = managerOf.get(entry)
    if (known) { managers.push(known); continue }
    if (entry.manager === undefined && entry.operation === undefined && entry.fieldsV1 === undefined) continue // [{}] resets
    const fields = readFields(entry.fieldsV1 ?? {})
    if (!fields || (entry.operation !== 'Apply' && entry.operation !== 'Update') || (entry.fieldsType ?? 'FieldsV1') !== 'FieldsV1') return undefined
    const manager: Manager = { manager: entry.manager ?? '', operation: entry.operation, apiVersion: entry.apiVersion ?? '', subresource: entry.subresource ?? '', time: entry.time, fields }
    managers.push(manager)
    // Only what can no longer change may be remembered.
    if (Object.isFrozen(entry) && Object.isFrozen(entry.fieldsV1)) { managerOf.set(entry, manager); entryOf.set(manager, entry) }
  }
  return managers
}

/** The entries in upstream's order: what was applied first, then what was updated, each by time and name. */
export function writeManagers(managers: readonly Manager[]): readonly ManagedFieldsEntry[] {
  return capped(managers.filter((each) => !isEmpty(each.fields))).toSorted(byAge).map((each) => entryOf.get(each) ?? writeEntry(each, writeFields(each.fields)))
}
/** The entry of a manager, with its set as it is written. */
export const writeEntry = (each: Omit<Manager, 'fields'>, written: Readonly<Record<string, unknown>>): ManagedFieldsEntry => ({
  apiVersion: each.apiVersion,
  fieldsType: 'FieldsV1',
  fieldsV1: sharedFields(written),
  manager: each.manager,
  operation: each.operation,
  ...(each.subresource === '' ? {} : { subresource: each.subresource }),
  ...(each.time === undefined ? {} : { time: each.time }),
})
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byAge = (a: Manager, b: Manager): number =>
  byText(a.operation, b.operation) || byText(a.time ?? '', b.time ?? '') || byText(a.manager, b.manager) || byText(a.apiVersion, b.apiVersion) || byText(a.subresource, b.subresource)

function capped(managers: readonly Manager[]): readonly Manager[] {
  const updaters = managers.filter((each) => each.operation === 'Update' && each.subresource === '').toSorted(byAge)
  const spare = updaters.length - updatersMax
  if (spare <= 0) return managers
  const folded = new Map<string, Manager>()
  // One more is folded than there are too many: the bucket takes a place of its own.
  for (const each of updaters.slice(0, spare + 1)) {
    const bucket = folded.get(each.apiVersion)
    folded.set(each.apiVersion, { ...each, manager: 'ancient-changes', fields: bucket ? union(bucket.fields, each.fields) : each.fields, time: each.time ?? bucket?.time })
  }
  const old = new Set(updaters.slice(0, spare + 1))
  return [...managers.filter((each) => !old.has(each)), ...folded.values()]
}
