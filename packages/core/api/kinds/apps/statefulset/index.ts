import type { PersistentVolumeClaim, StatefulSet as StatefulSetModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type StatefulSet, statefulSets } from '../../../resources.ts'
import { checkLabelName } from '../../../selectors/syntax.ts'
import { ageColumn, containerColumns, nameColumn, text } from '../../columns.ts'
import { checkClaimSpec, fillClaim } from '../../core/claims.ts'
import { fillTemplate } from '../../core/pod/defaults.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkLabelSelector } from '../../labelselector.ts'
import { checkMetadata, checkPairs } from '../../metadata.ts'
import { checkNonNegative, checkOneOf, checkText, forbidden, invalid, required } from '../../problems.ts'
import { checkAtMostAll, checkCountOrPercent, checkSelected, group, isNone, scaleOf } from '../workload.ts'
import { warningsOfTemplate } from '../../core/pod/warnings.ts'

function fill(draft: StatefulSetModel): StatefulSetModel {
  const shaped = withField(withParts(draft, 'spec', 'status'), 'status', (status) => withDefaults(status, { replicas: 0, availableReplicas: 0 }))
  return withField(shaped, 'spec', (given) => {
    const template = fillTemplate(given.template)
    const spec = withDefaults(template === given.template ? given : { ...given, template }, {
      podManagementPolicy: 'OrderedReady', replicas: 1, serviceName: '', revisionHistoryLimit: 10, updateStrategy: {}, persistentVolumeClaimRetentionPolicy: {},
    })
    const updated = withField(spec, 'updateStrategy', (strategy) => {
      const typed = withDefaults(strategy, { type: 'RollingUpdate' })
      if (typed.type !== 'RollingUpdate') return typed
      return withField(withDefaults(typed, { rollingUpdate: {} }), 'rollingUpdate', (update) => withDefaults(update, { partition: 0 }))
    })
    const kept = withField(updated, 'persistentVolumeClaimRetentionPolicy', (policy) => withDefaults(policy, { whenDeleted: 'Retain', whenScaled: 'Retain' }))
    return withField(kept, 'volumeClaimTemplates', (claims) => eachOf(claims, (claim: PersistentVolumeClaim) => withDefaults(fillClaim(claim), { apiVersion: 'v1', kind: 'PersistentVolumeClaim' })))
  })
}

const maySpecChange = ['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds'] as const

function check(next: StatefulSet, before: StatefulSet | undefined): readonly Problem[] {
  const { spec } = next
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced', name: checkLabelName }),
    ...(spec.podManagementPolicy ? spec.podManagementPolicy === 'OrderedReady' || spec.podManagementPolicy === 'Parallel' ? [] : [invalid('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'")] : [required('spec.podManagementPolicy')]),
    ...checkUpdateStrategy(next),
    ...checkOneOf('spec.persistentVolumeClaimRetentionPolicy.whenDeleted', spec.persistentVolumeClaimRetentionPolicy?.whenDeleted, ['Retain', 'Delete']),
    ...checkOneOf('spec.persistentVolumeClaimRetentionPolicy.whenScaled', spec.persistentVolumeClaimRetentionPolicy?.whenScaled, ['Retain', 'Delete']),
    ...(sameMeaning(spec.volumeClaimTemplates, before?.spec.volumeClaimTemplates) ? [] : (spec.volumeClaimTemplates ?? []).flatMap((claim, index) => checkClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${index}].spec`))),
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkNonNegative('spec.ordinals.start', spec.ordinals?.start),
    ...checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...(before === undefined && spec.serviceName ? checkText('spec.serviceName', spec.serviceName, checkLabelName) : []),
    // A change of the selector is told below, with all other fields that may not change.
    ...checkSelected(spec.selector, templateOf(next), { emptyFor: 'statefulset', kindInText: 'StatefulSet', unreadable: '' }),
    // As upstream: told twice.
    ...(checkLabelSelector(spec.selector, '').length > 0 ? [] : checkPairs(spec.template?.metadata ?? {}, 'spec.template')),
    ...(before === undefined ? [] : checkChange(next, before)),
  ]
}

/** The template as its pods will be: each claim template is a volume that containers may mount, and their names are not the template's. */
function templateOf({ spec }: StatefulSet): StatefulSet['spec']['template'] {
  const claims = new Set((spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata?.name ?? ''))
  if (spec.template?.spec === undefined) return spec.template
  const { subdomain: _subdomain, hostname: _hostname, ...pod } = spec.template.spec
  if (claims.size === 0) return { ...spec.template, spec: pod }
  const own = (pod.volumes ?? []).filter(({ name }) => !claims.has(name))
  return { ...spec.template, spec: { ...pod, volumes: [...[...claims].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })), ...own] } }
}

function checkUpdateStrategy({ spec }: StatefulSet): readonly Problem[] {
  const path = 'spec.updateStrategy'
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  if (!type) return [required(path)]
  if (type === 'OnDelete') return rollingUpdate === undefined ? [] : [invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
  if (type !== 'RollingUpdate') return [invalid(path, spec.updateStrategy, "must be 'RollingUpdate' or 'OnDelete'")]
  const most = rollingUpdate?.maxUnavailable
  return [
    ...checkNonNegative(`${path}.rollingUpdate.partition`, rollingUpdate?.partition),
    ...checkCountOrPercent(`${path}.rollingUpdate.maxUnavailable`, most),
    ...(most !== undefined && isNone(most) ? [invalid(`${path}.rollingUpdate.maxUnavailable`, most, 'cannot be 0')] : []),
    ...checkAtMostAll(`${path}.rollingUpdate.maxUnavailable`, most),
  ]
}

function checkChange(next: StatefulSet, before: StatefulSet): readonly Problem[] {
  const fixed = (spec: StatefulSet['spec']): unknown => Object.fromEntries(Object.entries(spec).filter(([field]) => !(maySpecChange as readonly string[]).includes(field)))
  const names = maySpecChange.map((field) => `'${field}'`)
  return sameMeaning(fixed(next.spec), fixed(before.spec)) ? []
    : [forbidden('spec', `updates to statefulset spec for fields other than ${names.slice(0, -1).join(', ')} and ${names.at(-1)} are forbidden`)]
}

export const statefulSet: Kind<StatefulSet> = {
  ...statefulSets,
  singular: 'statefulset', shortNames: ['sts'], categories: ['all'],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.apps.v1.StatefulSet', fill: filling(fill),
    columns: [
      nameColumn,
      text('Ready', 'Number of the pod with ready state', ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
      ageColumn,
      ...containerColumns<StatefulSet>(({ spec }) => spec.template?.spec?.containers ?? []),
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? { replicas: 0, availableReplicas: 0 } }),
  check,
  warn: warningsOfTemplate(({ spec }) => spec.template, 'spec.template'),
  subresources: [{ name: 'status', is: 'status' }, scaleOf()],
}
