import type { DaemonSet as DaemonSetModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type DaemonSet, daemonSets } from '../../../resources.ts'
import { labelSelectorText } from '../../../selectors/labels.ts'
import { ageColumn, containerColumns, nameColumn, number, text, wideText } from '../../columns.ts'
import { fillTemplate } from '../../core/pod/defaults.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, invalid, required, unsupported } from '../../problems.ts'
import { checkAtMostAll, checkCountOrPercent, checkSelected, checkSelectorStays, group, isNone } from '../workload.ts'
import { warningsOfTemplate } from '../../core/pod/warnings.ts'

const noStatus = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 } as const
/** Counts the changes of the template; its pods carry the number as a label. */
const templateGeneration = 'deprecated.daemonset.template.generation'

function fill(draft: DaemonSetModel): DaemonSetModel {
  const shaped = withField(withParts(draft, 'spec', 'status'), 'status', (status) => withDefaults(status, noStatus))
  return withField(shaped, 'spec', (given) => {
    const template = fillTemplate(given.template)
    const spec = withDefaults(template === given.template ? given : { ...given, template }, { revisionHistoryLimit: 10, updateStrategy: {} })
    return withField(spec, 'updateStrategy', (strategy) => {
      const typed = withDefaults(strategy, { type: 'RollingUpdate' })
      if (typed.type !== 'RollingUpdate') return typed
      return withField(withDefaults(typed, { rollingUpdate: {} }), 'rollingUpdate', (update) => withDefaults(update, { maxUnavailable: 1, maxSurge: 0 }))
    })
  })
}

function prepare(next: DaemonSet, before: DaemonSet | undefined): DaemonSet {
  const had = before === undefined ? 0 : Number(before.metadata.annotations?.[templateGeneration] ?? '0')
  const count = before !== undefined && sameMeaning(next.spec.template, before.spec.template) ? had : had + 1
  return { ...next, metadata: { ...next.metadata, annotations: { ...next.metadata.annotations, [templateGeneration]: String(count) } }, status: before?.status ?? noStatus }
}

function check(next: DaemonSet, before: DaemonSet | undefined): readonly Problem[] {
  const { spec } = next
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...checkSelected(spec.selector, spec.template, { emptyFor: 'daemonset', kindInText: 'DaemonSet' }),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkUpdateStrategy(next),
    ...checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...checkSelectorStays(spec.selector, before?.spec.selector),
  ]
}

function checkUpdateStrategy({ spec: { updateStrategy = {} } }: DaemonSet): readonly Problem[] {
  const path = 'spec.updateStrategy'
  const { type, rollingUpdate } = updateStrategy
  if (type === 'OnDelete') return []
  if (type !== 'RollingUpdate') return [unsupported(`${path}.type`, type ?? '', ['RollingUpdate', 'OnDelete'])]
  if (rollingUpdate === undefined) return [required(`${path}.rollingUpdate`)]
  const { maxUnavailable, maxSurge } = rollingUpdate
  return [
    ...checkCountOrPercent(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...checkCountOrPercent(`${path}.rollingUpdate.maxSurge`, maxSurge),
    ...checkAtMostAll(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...checkAtMostAll(`${path}.rollingUpdate.maxSurge`, maxSurge),
    ...(!isNone(maxUnavailable) && !isNone(maxSurge) ? [invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero')] : []),
    ...(isNone(maxUnavailable) && isNone(maxSurge) ? [required(`${path}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0')] : []),
  ]
}

const nodeSelectorOf = ({ spec }: DaemonSet): string =>
  Object.entries(spec.template?.spec?.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`).sort().join(',') || '<none>'

export const daemonSet: Kind<DaemonSet> = {
  ...daemonSets,
  singular: 'daemonset', shortNames: ['ds'], categories: ['all'],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.apps.v1.DaemonSet', fill: filling(fill),
    columns: [
      nameColumn,
      number('Desired', 'The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/', ({ status }) => status.desiredNumberScheduled ?? 0),
      number('Current', 'The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/', ({ status }) => status.currentNumberScheduled ?? 0),
      number('Ready', 'numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod running with a Ready Condition.', ({ status }) => status.numberReady ?? 0),
      number('Up-to-date', 'The total number of nodes that are running updated daemon pod', ({ status }) => status.updatedNumberScheduled ?? 0),
      number('Available', 'The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available (ready for at least spec.minReadySeconds)', ({ status }) => status.numberAvailable ?? 0),
      text('Node Selector', 'NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node\'s labels for the pod to be scheduled on that node. More info: https://kubernetes.io/docs/concepts/configuration/assign-pod-node/', nodeSelectorOf),
      ageColumn,
      ...containerColumns<DaemonSet>(({ spec }) => spec.template?.spec?.containers ?? []),
      wideText('Selector', 'A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template\'s labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors', ({ spec }) => labelSelectorText(spec.selector)),
    ],
  }],
  prepare,
  check,
  warn: warningsOfTemplate(({ spec }) => spec.template, 'spec.template'),
  subresources: [{ name: 'status', is: 'status' }],
}
