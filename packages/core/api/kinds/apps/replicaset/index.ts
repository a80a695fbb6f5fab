import type { ReplicaSet as ReplicaSetModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ReplicaSet, replicaSets } from '../../../resources.ts'
import { labelSelectorText } from '../../../selectors/labels.ts'
import { ageColumn, containerColumns, nameColumn, number, wideText } from '../../columns.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative } from '../../problems.ts'
import { fillTemplate } from '../../core/pod/defaults.ts'
import { checkReplicaCounts, checkSelected, checkSelectorStays, group, scaleOf } from '../workload.ts'
import { warningsOfTemplate } from '../../core/pod/warnings.ts'

function fill(draft: ReplicaSetModel): ReplicaSetModel {
  const shaped = withParts(draft, 'spec', 'status')
  const counted = withField(shaped, 'status', (status) => withDefaults(status, { replicas: 0 }))
  return withField(counted, 'spec', (given) => {
    const template = fillTemplate(given.template)
    return withDefaults(template === given.template ? given : { ...given, template }, { replicas: 1 })
  })
}

function check(next: ReplicaSet, before: ReplicaSet | undefined): readonly Problem[] {
  const { spec } = next
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkSelected(spec.selector, spec.template, { emptyFor: 'deployment', kindInText: 'ReplicaSet', unreadable: 'invalid label selector' }),
    ...checkSelectorStays(spec.selector, before?.spec.selector),
  ]
}

export const replicaSet: Kind<ReplicaSet> = {
  ...replicaSets,
  singular: 'replicaset', shortNames: ['rs'], categories: ['all'],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.apps.v1.ReplicaSet', fill: filling(fill),
    columns: [
      nameColumn,
      number('Desired', 'Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset', ({ spec }) => spec.replicas ?? 0),
      number('Current', 'Replicas is the most recently observed number of non-terminating pods. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset', ({ status }) => status.replicas ?? 0),
      number('Ready', 'The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.', ({ status }) => status.readyReplicas ?? 0),
      ageColumn,
      ...containerColumns<ReplicaSet>(({ spec }) => spec.template?.spec?.containers ?? []),
      wideText('Selector', 'Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set. It must match the pod template\'s labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors', ({ spec }) => labelSelectorText(spec.selector)),
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? { replicas: 0 } }),
  check,
  warn: warningsOfTemplate(({ spec }) => spec.template, 'spec.template'),
  checkStatus: ({ status }) => checkReplicaCounts(status),
  subresources: [{ name: 'status', is: 'status' }, scaleOf()],
}
