import type { PersistentVolumeClaim, StatefulSet as StatefulSetModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type StatefulSet, statefulSets } from '../../../resources.ts'
import { ageColumn, containerColumns, nameColumn, text } from '../../columns.ts'
import { fillClaim } from '../../core/claims.ts'
import { fillTemplate } from '../../core/pod/defaults.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, checkOneOf, forbidden, invalid, required } from '../../problems.ts'
import { checkAtMostAll, checkCountOrPercent, checkSelector, checkWorkloadTemplate, group, isNone, scaleOf } from '../workload.ts'

function fill(draft: StatefulSetModel): StatefulSetModel {
  const shaped = withField(withParts(draft, 'spec', 'status'), 'status', (status) => withDefaults(status, { replicas: 0, availableReplicas: 0 }))
  return withField(shaped, 'spec', (given) => {
    const template = fillTemplate(given.template)
    const spec = withDefaults(template === given.template ? given : { ...given, template }, {
      podManagementPolicy: 'OrderedReady', replicas: 1, revisionHistoryLimit: 10, updateStrategy: {}, persistentVolumeClaimRetentionPolicy: {},
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
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(spec.podManagementPolicy ? spec.podManagementPolicy === 'OrderedReady' || spec.podManagementPolicy === 'Parallel' ? [] : [invalid('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'")] : [required('spec.podManagementPolicy')]),
    ...checkUpdateStrategy(next),
    ...checkOneOf('spec.persistentVolumeClaimRetentionPolicy.whenDeleted', spec.persistentVolumeClaimRetentionPolicy?.whenDeleted, ['Retain', 'Delete']),
    ...checkOneOf('spec.persistentVolumeClaimRetentionPolicy.whenScaled', spec.persistentVolumeClaimRetentionPolicy?.whenScaled, ['Retain', 'Delete']),
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkNonNegative('spec.ordinals.start', spec.ordinals?.start),
    ...checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    // A change of the selector is told below, with all other fields that may not change.
    ...checkSelector(spec.selector, 'statefulset'),
    ...checkWorkloadTemplate(withClaimVolumes(next), spec.selector, 'StatefulSet'),
    ...(before === undefined ? [] : checkChange(next, before)),
  ]
}

/** The template as its pods will be: each claim template is a volume that containers may mount. */
function withClaimVolumes({ spec }: StatefulSet): StatefulSet['spec']['template'] {
  const claims = (spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata?.name ?? '')
  if (claims.length === 0 || spec.template?.spec === undefined) return spec.template
  const own = (spec.template.spec.volumes ?? []).filter(({ name }) => !claims.includes(name))
  return { ...spec.template, spec: { ...spec.template.spec, volumes: [...own, ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))] } }
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
  subresources: [{ name: 'status', is: 'status' }, scaleOf()],
}
