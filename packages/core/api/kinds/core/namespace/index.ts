import type { Namespace as NamespaceModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type Namespace, namespaces } from '../../../resources.ts'
import { checkLabelKey, checkLabelName } from '../../../selectors/syntax.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { filling, withDefaults, withField } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkText, invalid } from '../../problems.ts'

const nameLabel = 'kubernetes.io/metadata.name'
const finalizer = 'kubernetes'

function fill(draft: NamespaceModel): NamespaceModel {
  const shaped = withDefaults(draft, { metadata: {}, spec: {}, status: {} })
  const named = withField(shaped, 'metadata', (metadata) =>
    (metadata.name && metadata.labels?.[nameLabel] !== metadata.name ? { ...metadata, labels: { ...metadata.labels, [nameLabel]: metadata.name } } : metadata))
  return withField(named, 'status', (status) => withDefaults(status, { phase: 'Active' }))
}

function prepare(next: Namespace, before: Namespace | undefined): Namespace {
  const { metadata } = next
  const labels = metadata.labels?.[nameLabel] === metadata.name ? metadata.labels : { ...metadata.labels, [nameLabel]: metadata.name }
  if (before !== undefined) return { ...next, metadata: { ...metadata, labels }, spec: before.spec, status: before.status }
  const finalizers = next.spec.finalizers ?? []
  return { ...next, metadata: { ...metadata, labels }, spec: { finalizers: finalizers.includes(finalizer) ? finalizers : [...finalizers, finalizer] }, status: { phase: 'Active' } }
}

function checkFinalizers(next: Namespace): readonly Problem[] {
  return (next.spec.finalizers ?? []).flatMap((each) => [
    ...checkText('spec.finalizers', each, checkLabelKey),
    ...(each.includes('/') || each === finalizer ? [] : [invalid('spec.finalizers', each, 'name is neither a standard finalizer name nor is it fully qualified')]),
  ])
}

export const namespace: Kind<Namespace> = {
  ...namespaces,
  singular: 'namespace', shortNames: ['ns'], categories: [], lacks: ['deletecollection'],
  hasStatus: true,
  isHeld: ({ spec }) => (spec.finalizers ?? []).length > 0,
  terminating: (object) => ({ ...object, status: { ...object.status, phase: 'Terminating' } }),
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.Namespace', fill: filling(fill),
    columns: [nameColumn, text('Status', 'The status of the namespace', ({ status }) => status.phase ?? ''), ageColumn],
    fields: { 'status.phase': ({ status }) => status.phase ?? '' },
  }],
  prepare,
  check: (next, before) => [...checkMetadata(next, before, { scope: 'Cluster', name: checkLabelName }), ...checkFinalizers(next)],
  checkStatus: (next) => {
    if (next.metadata.deletionTimestamp === undefined) return next.status.phase === 'Active' ? [] : [invalid('status.Phase', next.status.phase ?? '', "may only be 'Active' if `deletionTimestamp` is empty")]
    return next.status.phase === 'Terminating' ? [] : [invalid('status.Phase', next.status.phase ?? '', "may only be 'Terminating' if `deletionTimestamp` is not empty")]
  },
  subresources: [
    { name: 'status', is: 'status' },
    { name: 'finalize', is: 'update', merge: (next, before) => ({ ...before, spec: { ...before.spec, finalizers: next.spec.finalizers ?? [] } }), check: checkFinalizers },
  ],
}
