// Deleting: at once, after a grace, or when the last finalizer is gone.
import { refuseInvalid } from '../../api/kinds/problems.ts'
import type { Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import { admit } from '../admission/index.ts'
import { noRemarks, type Remarks, together } from '../admission/remarks.ts'
import { circumstancesOf, type Machine, timestamp } from '../machine.ts'
import { type Asks, isStopped } from '../types.ts'
import { admissionOf } from './admission-of.ts'
import { deletesModified, deletesOther } from '../refusals.ts'
import type { AnyKind, Endpoint } from '../registry.ts'
import type { Decided, Manner } from './decided.ts'

export interface DeleteOptions {
  readonly graceSeconds?: number
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
  readonly uid?: string
  readonly resourceVersion?: string
  /** It has been admitted as something else: an eviction is none to those who are asked about deletes. */
  readonly isAdmitted?: true
}

const foreground = 'foregroundDeletion'
const orphan = 'orphan'

/** Decides a delete: gone, or marked with a deletionTimestamp until its grace is over and its finalizers are empty. */
export function decideDelete(machine: Machine, endpoint: Endpoint, before: Resource, options: DeleteOptions, manner: Manner): Decided | Refusal | Asks {
  const { kind, served } = endpoint
  // As upstream, which names the kind here and not the resource.
  const type = { group: served.group, plural: kind.kind }
  const { name, uid, resourceVersion } = before.metadata
  if (options.uid !== undefined && options.uid !== uid) return deletesOther(type, name, options.uid, uid)
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) return deletesModified(type, name, options.resourceVersion, resourceVersion)
  const admitted = options.isAdmitted === true ? noRemarks : admitDelete(machine, endpoint, before, manner)
  if (isStopped(admitted)) return admitted
  const warning = options.propagation === undefined ? kind.orphans?.warning : undefined
  const said = { remarks: warning === undefined ? admitted : together(admitted, { warnings: [warning] }) }
  const marked = withFinalizers(before, options.propagation ?? ownPropagation(kind, before))
  const next = before.metadata.deletionTimestamp === undefined ? terminated(manner, kind, marked, options) : shortened(kind, marked, options)
  if (isFinished(kind, next)) return kind.graceSeconds === undefined ? { is: 'deleted', endpoint, object: before, before, ...said } : { is: 'deleted', endpoint, object: next, before, marks: next !== before, ...said }
  return next === before ? { is: 'unchanged', endpoint, object: before, ...said } : { is: 'updated', endpoint, object: next, before, ...said }
}

/** What admission says of a delete. */
const admitDelete = (machine: Machine, endpoint: Endpoint, before: Resource, manner: Manner): Remarks | Refusal | Asks =>
  admit(admissionOf(machine, endpoint, manner, { operation: 'delete', object: before, before, subresource: '', circumstances: circumstancesOf(machine, manner) }))

/** Is nothing left to wait for? */
export function isFinished(kind: AnyKind, object: Resource): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && finalizers.length === 0 && kind.isHeld?.(object) !== true
}

function terminated({ draws }: Manner, kind: AnyKind, object: Resource, { graceSeconds }: DeleteOptions): Resource {
  const grace = kind.graceSeconds?.(object, graceSeconds) ?? 0
  const { generation } = object.metadata
  const marked: Resource = {
    ...object,
    metadata: {
      ...object.metadata, deletionTimestamp: timestamp(draws.now + grace * 1000), deletionGracePeriodSeconds: grace,
      // As upstream: a marked object has a new generation, so that its controller looks.
      ...(generation !== undefined && generation > 0 && { generation: generation + 1 }),
    },
  }
  return isFinished(kind, marked) ? marked : kind.terminating?.(marked) ?? marked
}

/** A second delete can only shorten the grace. */
function shortened(kind: AnyKind, object: Resource, { graceSeconds }: DeleteOptions): Resource {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata
  if (kind.graceSeconds === undefined || graceSeconds === undefined || deletionTimestamp === undefined) return object
  const grace = Math.max(0, kind.graceSeconds(object, graceSeconds))
  if (grace >= deletionGracePeriodSeconds) return object
  const instant = Date.parse(deletionTimestamp) + (grace - deletionGracePeriodSeconds) * 1000
  return { ...object, metadata: { ...object.metadata, deletionTimestamp: timestamp(instant), deletionGracePeriodSeconds: grace } }
}

/** What a kind does with dependents when neither the client nor an earlier deletion said it. */
function ownPropagation({ orphans }: AnyKind, { metadata: { finalizers = [] } }: Resource): DeleteOptions['propagation'] {
  return orphans === undefined || finalizers.includes(foreground) || finalizers.includes(orphan) ? undefined : 'Orphan'
}

function withFinalizers(object: Resource, propagation: DeleteOptions['propagation']): Resource {
  if (propagation === undefined) return object
  const finalizers = object.metadata.finalizers ?? []
  const others = finalizers.filter((each) => each !== foreground && each !== orphan)
  const wanted = propagation === 'Foreground' ? [...others, foreground] : propagation === 'Orphan' ? [...others, orphan] : others
  if (wanted.length === finalizers.length && wanted.every((each) => finalizers.includes(each))) return object
  const { finalizers: _, ...metadata } = object.metadata
  return { ...object, metadata: wanted.length > 0 ? { ...metadata, finalizers: wanted } : metadata }
}

/** Reads DeleteOptions of a body over those of the query. 422 when both ways to say what becomes of dependents are used. */
export function deleteOptionsOf(body: Readonly<Record<string, unknown>> | undefined, query: URLSearchParams): { readonly options: DeleteOptions; readonly dryRun: readonly string[]; readonly orphanDependents: boolean | undefined } | Refusal {
  const grace = body?.['gracePeriodSeconds'] ?? (query.get('gracePeriodSeconds') || undefined)
  const propagation = body?.['propagationPolicy'] ?? (query.get('propagationPolicy') || undefined)
  const orphanText = query.get('orphanDependents')
  const orphanDependents = typeof body?.['orphanDependents'] === 'boolean' ? body['orphanDependents'] : orphanText === null ? undefined : orphanText !== 'false' && orphanText !== '0'
  const type = { group: 'meta.k8s.io', kind: 'DeleteOptions' }
  if (propagation !== undefined && orphanDependents !== undefined) {
    return refuseInvalid(type, '', [{ path: 'propagationPolicy', reason: 'FieldValueInvalid', value: propagation, detail: 'orphanDependents and deletionPropagation cannot be both set' }])
  }
  if (propagation !== undefined && !isPropagation(propagation)) {
    return refuseInvalid(type, '', [{ path: 'propagationPolicy', reason: 'FieldValueNotSupported', value: propagation, detail: 'supported values: "Foreground", "Background", "Orphan", "nil"' }])
  }
  if (grace !== undefined && !/^-?\d+$/.test(String(grace))) return refuseInvalid(type, '', [{ path: 'gracePeriodSeconds', reason: 'FieldValueInvalid', value: grace, detail: 'must be an integer' }])
  const preconditions = body?.['preconditions'] as { readonly uid?: string; readonly resourceVersion?: string } | undefined
  const chosen = isPropagation(propagation) ? propagation : orphanDependents === true ? 'Orphan' : orphanDependents === false ? 'Background' : undefined
  return {
    options: {
      ...(grace !== undefined && { graceSeconds: Number(grace) }), ...(chosen !== undefined && { propagation: chosen }),
      ...(preconditions?.uid && { uid: preconditions.uid }), ...(preconditions?.resourceVersion && { resourceVersion: preconditions.resourceVersion }),
    },
    dryRun: [...(Array.isArray(body?.['dryRun']) ? body['dryRun'].map(String) : []), ...query.getAll('dryRun')],
    orphanDependents,
  }
}
const isPropagation = (value: unknown): value is 'Background' | 'Foreground' | 'Orphan' => value === 'Background' || value === 'Foreground' || value === 'Orphan'
