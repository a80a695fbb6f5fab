import type { Deployment as DeploymentModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type Deployment, deployments } from '../../../resources.ts'
import { labelSelectorText } from '../../../selectors/labels.ts'
import { ageColumn, containerColumns, nameColumn, text, wideText } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, forbidden, invalid, required, unsupported } from '../../problems.ts'
import { fillTemplate } from '../../core/pod/defaults.ts'
import { checkAtMostAll, checkCountOrPercent, checkSelected, checkSelectorStays, group, isNone, scaleOf } from '../workload.ts'
import { warningsOfTemplate } from '../../core/pod/warnings.ts'

const quarter = '25%'

function fill(draft: DeploymentModel): DeploymentModel {
  const shaped = withParts(draft, 'spec', 'status')
  return withField(shaped, 'spec', (given) => {
    const spec = withDefaults(given, { replicas: 1, strategy: {}, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 })
    const templated = withTemplate(spec)
    return withField(templated, 'strategy', (strategy) => {
      const typed = withDefaults(strategy, { type: 'RollingUpdate' })
      if (typed.type !== 'RollingUpdate') return typed
      return withField(withDefaults(typed, { rollingUpdate: {} }), 'rollingUpdate', (update) => withDefaults(update, { maxUnavailable: quarter, maxSurge: quarter }))
    })
  })
}

function withTemplate<Spec extends { readonly template?: Parameters<typeof fillTemplate>[0] }>(spec: Spec): Spec {
  const template = fillTemplate(spec.template)
  return template === spec.template ? spec : { ...spec, template }
}

function check(next: Deployment, before: Deployment | undefined): readonly Problem[] {
  const { spec } = next
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkSelected(spec.selector, spec.template, { emptyFor: 'deployment', kindInText: 'ReplicaSet', unreadable: 'invalid label selector' }),
    ...checkStrategy(next),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...checkNonNegative('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds),
    ...(spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0)
      ? [invalid('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds, 'must be greater than minReadySeconds')] : []),
    ...checkSelectorStays(spec.selector, before?.spec.selector),
  ]
}

function checkStrategy({ spec: { strategy = {} } }: Deployment): readonly Problem[] {
  const { type, rollingUpdate } = strategy
  const path = 'spec.strategy'
  if (type === 'Recreate') return rollingUpdate === undefined ? [] : [forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")]
  if (type !== 'RollingUpdate') return [unsupported(`${path}.type`, type ?? '', ['Recreate', 'RollingUpdate'])]
  if (rollingUpdate === undefined) return [required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil')]
  const { maxUnavailable, maxSurge } = rollingUpdate
  return [
    ...checkCountOrPercent(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...checkCountOrPercent(`${path}.rollingUpdate.maxSurge`, maxSurge),
    ...(isNone(maxUnavailable) && isNone(maxSurge) ? [invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')] : []),
    ...checkAtMostAll(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable),
  ]
}

export const deployment: Kind<Deployment> = {
  ...deployments,
  singular: 'deployment', shortNames: ['deploy'], categories: ['all'],
  hasStatus: true,
  // As upstream: annotations reach the ReplicaSets, so a change of them is work to observe too.
  generation: (next, before) => !sameMeaning(next.spec, before.spec) || !sameMeaning(next.metadata.annotations, before.metadata.annotations),
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.apps.v1.Deployment', fill: filling(fill),
    columns: [
      nameColumn,
      text('Ready', 'Number of the pod with ready state', ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
      // As upstream: numbers under the name of text.
      text('Up-to-date', 'Total number of non-terminating pods targeted by this deployment that have the desired template spec.', ({ status }) => status.updatedReplicas ?? 0),
      text('Available', 'Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.', ({ status }) => status.availableReplicas ?? 0),
      ageColumn,
      ...containerColumns<Deployment>(({ spec }) => spec.template?.spec?.containers ?? []),
      wideText('Selector', 'Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment. It must match the pod template\'s labels.', ({ spec }) => labelSelectorText(spec.selector)),
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? {} }),
  check,
  warn: warningsOfTemplate(({ spec }) => spec.template, 'spec.template'),
  subresources: [{ name: 'status', is: 'status' }, scaleOf()],
}
