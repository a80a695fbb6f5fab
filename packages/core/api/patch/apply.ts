// Server-side apply, and who owns which field after any write. As upstream's field manager: an applier owns what it says and
// gives up what it no longer says; an updater owns what it changed; a change of what another owns is a conflict to an applier.
import { deepEqual } from 'fast-equals'
import type { Instant } from '../../base/clock.ts'
import { timestamp } from '../../base/timestamp.ts'
import type { ManagedFieldsEntry } from '../generated/types.ts'
import type { Refusal } from '../refusal.ts'
import type { Draft } from '../resource.ts'
import { conform } from '../schema/conform.ts'
import { unconverted, untyped } from '../schema/decode.ts'
import type { Definition, Definitions } from '../schema/types.ts'
import { ownedByCreator } from './creation.ts'
import { type FieldSet, isEmpty, noFields, printPaths, readFields } from './field-set.ts'
import { compareParts } from './known-comparison.ts'
import { identity, isSame, type Manager, type Operation, readManagers, writeEntry, writeManagers } from './managed-fields.ts'
import { badRequest } from './refusals.ts'
import { difference, intersection, sameSet, union, withoutBranches } from './set-operations.ts'
import { isMap, type Json } from './shape.ts'
import { type Comparison, rootField, skeleton, Typed } from './typed.ts'

/** Fields that nobody owns. */
const unowned = readFields({
  'f:apiVersion': {}, 'f:kind': {},
  'f:metadata': { '.': {}, 'f:name': {}, 'f:namespace': {}, 'f:creationTimestamp': {}, 'f:selfLink': {}, 'f:uid': {}, 'f:clusterName': {}, 'f:generation': {}, 'f:managedFields': {}, 'f:resourceVersion': {} },
}) ?? noFields
const strip = (set: FieldSet): FieldSet => difference(set, unowned)

interface Writer { readonly manager: string; readonly operation: Operation; readonly apiVersion: string; readonly subresource: string }
export interface Apply {
  /** The object as it is; undefined creates it. */
  readonly live: Draft | undefined
  /** What the manager wants: its whole opinion, and nothing else. */
  readonly config: Draft
  /** The same as it was sent, for what is said of it. */
  readonly sent?: Draft
  readonly manager: string
  readonly force: boolean
  /** '' or the subresource that was patched. */
  readonly subresource?: string
  /** Top-level fields that this endpoint does not write: ['status'] for the main one of kinds with a status. */
  readonly ignores?: readonly string[]
  readonly definition: Definition
  readonly definitions: Definitions
  readonly now: Instant
}
export interface Update {
  /** The object as it was; undefined for a create. */
  readonly before: Draft | undefined
  /** The object as it will be stored, its managedFields as the request had them. */
  readonly after: Draft
  readonly manager: string
  readonly operation?: Operation
  /** The version that the writer speaks, where it is not the object's. */
  readonly apiVersion?: string
  readonly subresource?: string
  readonly ignores?: readonly string[]
  readonly definition: Definition
  readonly definitions: Definitions
  readonly now: Instant
}

const entriesOf = (object: Draft | undefined): readonly ManagedFieldsEntry[] | undefined => object?.metadata.managedFields
const withManagers = (object: Draft, entries: readonly ManagedFieldsEntry[]): Draft => {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata: entries.length > 0 ? { ...metadata, managedFields: entries } : metadata }
}
const ignoredSet = (names: readonly string[] | undefined): FieldSet => ({ has: false, below: new Map((names ?? []).map((name) => [`f:${name}`, { has: true, below: new Map() }])) })

/** What a change does to the others: with what they say changed or gone, they own it no longer. */
function others(managers: readonly Manager[], change: Comparison): readonly Manager[] {
  const touched = union(change.modified, change.added)
  return managers.map((each) => (isEmpty(change.removed) && isEmpty(intersection(each.fields, touched)) ? each : { ...each, fields: withoutBranches(difference(each.fields, touched), change.removed) }))
}

/**
 * Applies a configuration. Refused with 409 and a cause per field when it would change what others own, unless forced; with
 * 400 when it carries managedFields. The answer is `live` itself when nothing changes.
 */
export function applyPatch(apply: Apply): Draft | Refusal {
  if ((apply.config.metadata.managedFields ?? undefined) !== undefined) return badRequest('metadata.managedFields must be nil')
  const faults = new Typed(apply.definitions).faults(apply.config, rootField(apply.definition))
  if (faults.length > 0) return untyped(apply.sent ?? apply.config, faults)
  const first = attempt(apply, apply.force)
  if (first.is === 'wrong') return unconverted(apply.sent ?? apply.config, first.fault)
  if (first.is === 'applied') return first.object
  // As upstream: what kubectl applied from its own side before, kubectl may take over.
  const allowed = apply.manager === 'kubectl' ? lastApplied(apply) : noFields
  const second = first.conflicts.every(({ fields }) => isEmpty(difference(fields, allowed))) ? attempt(apply, true) : first
  if (second.is === 'wrong') return unconverted(apply.sent ?? apply.config, second.fault)
  return second.is === 'applied' ? second.object : conflictRefusal(second.conflicts)
}

interface Conflict { readonly with: Manager; readonly fields: FieldSet }
type Attempt = { readonly is: 'applied'; readonly object: Draft } | { readonly is: 'conflict'; readonly conflicts: readonly Conflict[] } | { readonly is: 'wrong'; readonly fault: string }
function attempt(apply: Apply, force: boolean): Attempt {
  const { live, definition, definitions } = apply
  const typed = new Typed(definitions)
  const root = rootField(definition)
  const writer: Writer = { manager: apply.manager, operation: 'Apply', apiVersion: apply.config.apiVersion, subresource: apply.subresource ?? '' }
  const config = withoutFields(apply.config, apply.ignores)
  const before: Json = live ?? skeleton(config, definition, definitions)
  const known = live ? existing(apply, live) : []
  const last = known.find((each) => isSame(each, writer))
  const fields = strip(typed.fields(config, root))
  const rest = known.filter((each) => !isSame(each, writer))

  const kept = rest.reduce((all, each) => union(all, each.fields), fields)
  // Another version of the API may have applied for the same manager: its claims are this manager's past as well.
  const past = last?.fields ?? noFields
  const gone = unclaimed(past, kept)
  const asked = typed.without(typed.merge(before, config, root), gone, root)
  const change = typed.compare(before, asked, root)

  const touched = union(change.modified, change.added)
  const conflicts = rest.map((each) => ({ with: each, fields: intersection(each.fields, touched) })).filter((each) => !isEmpty(each.fields))
  if (conflicts.length > 0 && !force) return { is: 'conflict', conflicts }

  // Zeros have done their work now: to say them is to say nothing.
  const { value, fault } = conform(asked, definition, definitions, 'convert', live)
  if (fault !== undefined) return { is: 'wrong', fault }
  const merged = value as unknown as Draft
  const isChanged = live === undefined || !deepEqual(live, merged)
  if (live && last && sameSet(last.fields, fields) && !isChanged) return { is: 'applied', object: live }
  // As upstream: who changes nothing has no time of doing so.
  const managers = [...others(rest, change), { ...writer, time: isChanged ? timestamp(apply.now) : last?.time, fields }]
  return { is: 'applied', object: withManagers(merged, writeManagers(managers)) }
}

/** The managers of a live object; fields that were there before anybody was noted belong to 'before-first-apply'. */
function existing(apply: Apply, live: Draft): readonly Manager[] {
  const managers = readManagers(entriesOf(live)) ?? []
  if (managers.length > 0) return managers
  const typed = new Typed(apply.definitions)
  const bare = withoutFields(withManagers(live, []), apply.ignores)
  const fields = strip(typed.compare(skeleton(bare, apply.definition, apply.definitions), bare, rootField(apply.definition)).added)
  return [{ manager: 'before-first-apply', operation: 'Update', apiVersion: live.apiVersion, subresource: '', time: timestamp(apply.now), fields }]
}

const withoutFields = (object: Draft, names: readonly string[] | undefined): Draft =>
  names?.some((name) => name in object) ? Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name))) as unknown as Draft : object

/** The paths of the past that nobody claims now: neither they, nor what is above or below them. */
function unclaimed(past: FieldSet, kept: FieldSet): FieldSet {
  const below = new Map<string, FieldSet>()
  for (const [element, mine] of past.below) {
    const theirs = kept.below.get(element)
    const made = theirs === undefined ? (mine.has ? { has: true, below: new Map() } : unclaimed(mine, noFields)) : unclaimed(mine, theirs)
    if (!isEmpty(made)) below.set(element, made)
  }
  return { has: false, below }
}

/** The fields of the configuration that kubectl noted in its annotation, when it still agrees with the object. */
function lastApplied({ live, definition, definitions }: Apply): FieldSet {
  const text = live?.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration']
  if (text === undefined) return noFields
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch {
    return noFields // not ours to judge: then nothing is allowed
  }
  const typed = new Typed(definitions)
  const root = rootField(definition)
  const change = typed.compare(live, typed.merge(live, config, root), root)
  return withoutBranches(difference(typed.fields(config, root), union(change.modified, change.added)), change.removed)
}

function conflictRefusal(conflicts: readonly Conflict[]): Refusal {
  const sorted = conflicts.toSorted((a, b) => (identity(a.with) < identity(b.with) ? -1 : 1))
  const causes = sorted.flatMap((each) => printPaths(each.fields).map((field) => ({ manager: printManager(each.with), field })))
  const message = causes.length === 1
    ? `Apply failed with 1 conflict: ${causes.map(({ manager, field }) => `conflict with ${manager}: ${field}`).join('')}`
    : `Apply failed with ${causes.length} conflicts: ${sorted.flatMap((each) => [`conflicts with ${printManager(each.with)}:`, ...printPaths(each.fields).map((field) => `- ${field}`)]).join('\n')}`
  return {
    refused: true, code: 409, reason: 'Conflict', message,
    details: { causes: causes.map(({ manager, field }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })) },
  }
}
function printManager({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = `${JSON.stringify(manager)}${subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`}`
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}

/**
 * Notes who owns what after a create, an update or a patch that is no apply: the writer owns what it added or changed, in
 * addition to what it had; what is gone is nobody's. The object as it shall be stored.
 */
export function trackUpdate(update: Update): Draft {
  const { before, after, definition, definitions } = update
  const writer: Writer = { manager: update.manager, operation: update.operation ?? 'Update', apiVersion: update.apiVersion ?? after.apiVersion, subresource: update.subresource ?? '' }
  // A request may rewrite the entries: [{}] forgets them all, none or [] leaves them.
  const said = writer.subresource === '' && (entriesOf(after)?.length ?? 0) > 0 ? readManagers(entriesOf(after)) : undefined
  const known = said ?? readManagers(entriesOf(before)) ?? []
  if (before === undefined && known.length === 0) return withCreator(update, writer, withManagers(after, []))
  const change = compareParts(before === undefined ? skeleton(after, definition, definitions) : withParts(before, after, definition), after, definition, definitions)
  const taken = withoutBranches(strip(union(change.added, change.modified)), ignoredSet(update.ignores))
  const own = known.find((each) => isSame(each, writer))
  if (isEmpty(taken) && isEmpty(change.removed)) {
    const entries = said ? writeManagers(known) : entriesOf(before) ?? []
    return deepEqual(entriesOf(after) ?? [], entries) ? after : withManagers(after, entries)
  }
  const rest = others(known.filter((each) => !isSame(each, writer)), change)
  const left = own ? withoutBranches(own.fields, change.removed) : noFields
  const mine: Manager = { ...writer, time: isEmpty(taken) ? own?.time : timestamp(update.now), fields: union(left, taken) }
  return withManagers(after, writeManagers([...rest, mine]))
}

/** The object with the parts that it lacks and the next one has: upstream's objects always have them, so nobody owns the parts themselves. */
function withParts(before: Json, after: Json, definition: Definition): Json {
  const missing = (definition.isCustom ? customParts : parts).filter((name) => before[name] === undefined && isMap(after[name]))
  return missing.length === 0 ? before : { ...before, ...Object.fromEntries(missing.map((name) => [name, {}])) }
}
const customParts: readonly string[] = ['metadata']
const parts: readonly string[] = ['metadata', 'spec', 'status']

/** The new object with its creator's entry. */
function withCreator({ after, ignores, definition, definitions, now }: Update, writer: Writer, bare: Draft): Draft {
  const written = ownedByCreator(bare, definition, definitions, ignores ?? [])
  if (Object.keys(written).length === 0) return entriesOf(after) === undefined ? after : bare
  return withManagers(after, [writeEntry({ ...writer, time: timestamp(now) }, written)])
}
