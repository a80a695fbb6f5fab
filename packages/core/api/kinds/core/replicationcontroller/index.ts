import type { ReplicationController as ReplicationControllerModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ReplicationController, replicationControllers } from '../../../resources.ts'
import { labelSelectorText } from '../../../selectors/labels.ts'
import { checkReplicaCounts, checkSelectedTemplate } from '../../apps/workload.ts'
import { ageColumn, containerColumns, nameColumn, number, wideText } from '../../columns.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, required } from '../../problems.ts'
import { fillTemplate } from '../pod/defaults.ts'
import { warningsOfTemplate } from '../pod/warnings.ts'

type Draft = ReplicationControllerModel & { readonly metadata: NonNullable<ReplicationControllerModel['metadata']> }
const isEmpty = (labels: Readonly<Record<string, string>> | undefined): boolean => Object.keys(labels ?? {}).length === 0

/** A controller that says neither what it selects nor how it is labelled takes both from its template. */
function fill(draft: Draft): ReplicationControllerModel {
  const counted = withField(withParts(draft, 'spec', 'status'), 'status', (status) => withDefaults(status, { replicas: 0 }))
  const labels = counted.spec?.template?.metadata?.labels
  const labelled = labels !== undefined && isEmpty(counted.metadata.labels) && !isEmpty(labels) ? { ...counted, metadata: { ...counted.metadata, labels } } : counted
  return withField(labelled, 'spec', (given) => {
    const template = given.template === undefined ? undefined : fillTemplate(given.template)
    const selecting = labels !== undefined && isEmpty(given.selector) && !isEmpty(labels) ? { ...given, selector: labels } : given
    return withDefaults(template === undefined || template === given.template ? selecting : { ...selecting, template }, { replicas: 1 })
  })
}

function check(next: ReplicationController, before: ReplicationController | undefined): readonly Problem[] {
  const { spec } = next
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...(isEmpty(spec.selector) ? [required('spec.selector')] : []),
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkSelectedTemplate(spec.template, { matchLabels: spec.selector ?? {} }, 'ReplicationController'),
  ]
}

const selectorText = ({ spec }: ReplicationController, whenEmpty?: string): string => labelSelectorText({ matchLabels: spec.selector ?? {} }, whenEmpty)

export const replicationController: Kind<ReplicationController> = {
  ...replicationControllers,
  singular: 'replicationcontroller', shortNames: ['rc'], categories: ['all'],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.ReplicationController', fill: filling(fill),
    columns: [
      nameColumn,
      number('Desired', 'Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller', ({ spec }) => spec.replicas ?? 0),
      number('Current', 'Replicas is the most recently observed number of replicas. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller', ({ status }) => status.replicas ?? 0),
      number('Ready', 'The number of ready replicas for this replication controller.', ({ status }) => status.readyReplicas ?? 0),
      ageColumn,
      ...containerColumns<ReplicationController>(({ spec }) => spec.template?.spec?.containers ?? []),
      wideText('Selector', 'Selector is a label query over pods that should match the Replicas count. If Selector is empty, it is defaulted to the labels present on the Pod template. Label keys and values that must match in order to be controlled by this replication controller, if empty defaulted to labels on Pod template. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors', (object) => selectorText(object)),
    ],
    fields: { 'status.replicas': ({ status }) => String(status.replicas ?? 0) },
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? { replicas: 0 } }),
  check,
  orphans: {},
  warn: warningsOfTemplate(({ spec }) => spec.template, 'spec.template'),
  checkStatus: ({ status }) => checkReplicaCounts(status),
  subresources: [
    { name: 'status', is: 'status' },
    {
      name: 'scale', is: 'scale',
      read: (object) => ({ specReplicas: object.spec.replicas ?? 0, statusReplicas: object.status.replicas ?? 0, selector: selectorText(object, '') }),
      write: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
    },
  ],
}
