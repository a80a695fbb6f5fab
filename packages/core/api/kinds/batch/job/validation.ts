// What upstream's ValidateJob and ValidateJobUpdate refuse.
import type { JobSpec, PodTemplateSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Job } from '../../../resources.ts'
import { isEmptySelector, checkLabelSelector } from '../../labelselector.ts'
import { matchesLabels } from '../../../selectors/labels.ts'
import { checkTemplate } from '../../core/pod/template.ts'
import { sameMeaning } from '../../equal.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, checkOneOf, forbidden, immutable, invalid, required, unsupported } from '../../problems.ts'

const indexedMax = 100_000
const uidLabels = ['batch.kubernetes.io/controller-uid', 'controller-uid'] as const
const nameLabels = ['batch.kubernetes.io/job-name', 'job-name'] as const
const fixedFields = ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const

export function checkJob(next: Job, before: Job | undefined): readonly Problem[] {
  const { spec } = next
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(before === undefined ? checkGenerated(next) : []),
    ...checkJobSpec(spec, 'spec'),
    ...(spec.selector === undefined ? [required('spec.selector')] : [
      ...checkLabelSelector(spec.selector, 'spec.selector'),
      ...(matchesLabels(spec.selector, spec.template?.metadata?.labels) || isEmptySelector(spec.selector) ? [] : [invalid('spec.template.metadata.labels', spec.template?.metadata?.labels ?? {}, '`selector` does not match template `labels`')]),
    ]),
    ...(before === undefined ? [] : checkChange(next, before)),
  ]
}

/** The spec of a job or of a CronJob's template. */
export function checkJobSpec(spec: JobSpec, path: string): readonly Problem[] {
  const indexed = spec.completionMode === 'Indexed'
  return [
    ...checkNonNegative(`${path}.parallelism`, spec.parallelism),
    ...checkNonNegative(`${path}.completions`, spec.completions),
    ...checkNonNegative(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds),
    ...checkNonNegative(`${path}.backoffLimit`, spec.backoffLimit),
    ...checkNonNegative(`${path}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished),
    ...checkNonNegative(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex),
    ...checkNonNegative(`${path}.maxFailedIndexes`, spec.maxFailedIndexes),
    ...checkOneOf(`${path}.completionMode`, spec.completionMode, ['Indexed', 'NonIndexed']),
    ...(indexed && spec.completions === undefined ? [required(`${path}.completions`, 'when completion mode is Indexed')] : []),
    ...(indexed && (spec.parallelism ?? 0) > indexedMax ? [invalid(`${path}.parallelism`, spec.parallelism, `must be less than or equal to ${indexedMax} when completion mode is Indexed`)] : []),
    ...(!indexed && spec.backoffLimitPerIndex !== undefined ? [invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'requires indexed completion mode')] : []),
    ...(!indexed && spec.maxFailedIndexes !== undefined ? [invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, 'requires indexed completion mode')] : []),
    ...(spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined ? [required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')] : []),
    ...(spec.successPolicy !== undefined && !indexed ? [invalid(`${path}.successPolicy`, spec.successPolicy, 'requires indexed completion mode')] : []),
    ...(spec.podReplacementPolicy !== undefined && spec.podFailurePolicy !== undefined && spec.podReplacementPolicy !== 'Failed'
      ? [unsupported(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed'])] : checkOneOf(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed', 'TerminatingOrFailed'])),
    ...checkFailurePolicy(spec, path),
    ...(spec.template === undefined ? [required(`${path}.template`)] : checkTemplate(spec.template, `${path}.template`)),
    ...checkRestartPolicy(spec, path),
  ]
}

function checkRestartPolicy(spec: JobSpec, path: string): readonly Problem[] {
  const at = `${path}.template.spec.restartPolicy`
  const policy = spec.template?.spec?.restartPolicy
  if (policy === 'Always' || policy === undefined) return [required(at, 'valid values: "OnFailure", "Never"')]
  if (policy !== 'OnFailure' && policy !== 'Never') return [unsupported(at, policy, ['OnFailure', 'Never'])]
  if (spec.podFailurePolicy !== undefined && policy !== 'Never') return [invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified')]
  return []
}

function checkFailurePolicy({ podFailurePolicy, template, backoffLimitPerIndex }: JobSpec, path: string): readonly Problem[] {
  if (podFailurePolicy === undefined) return []
  const containers = new Set([...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])].map(({ name }) => name))
  return (podFailurePolicy.rules ?? []).flatMap((rule, index) => {
    const at = `${path}.podFailurePolicy.rules[${index}]`
    const { onExitCodes, onPodConditions = [] } = rule
    return [
      ...(rule.action ? checkOneOf(`${at}.action`, rule.action, ['Count', 'FailIndex', 'FailJob', 'Ignore']) : [required(`${at}.action`, 'valid values: ["Count" "FailIndex" "FailJob" "Ignore"]')]),
      ...(rule.action === 'FailIndex' && backoffLimitPerIndex === undefined ? [invalid(`${at}.action`, rule.action, 'requires the backoffLimitPerIndex to be set')] : []),
      ...(onExitCodes !== undefined && onPodConditions.length > 0 ? [invalid(at, '', 'specifying both OnExitCodes and OnPodConditions is not supported')] : []),
      ...(onExitCodes === undefined && onPodConditions.length === 0 ? [invalid(at, '', 'specifying one of OnExitCodes and OnPodConditions is required')] : []),
      ...(onExitCodes === undefined ? [] : [
        ...(onExitCodes.operator ? checkOneOf(`${at}.onExitCodes.operator`, onExitCodes.operator, ['In', 'NotIn']) : [required(`${at}.onExitCodes.operator`, 'valid values: ["In" "NotIn"]')]),
        ...(onExitCodes.containerName !== undefined && !containers.has(onExitCodes.containerName) ? [invalid(`${at}.onExitCodes.containerName`, onExitCodes.containerName, 'must be one of the container or initContainer names in the pod template')] : []),
        ...((onExitCodes.values ?? []).length === 0 ? [invalid(`${at}.onExitCodes.values`, onExitCodes.values ?? [], 'at least one value is required')] : []),
        ...(onExitCodes.values ?? []).flatMap((value, at2) => (value === 0 && onExitCodes.operator === 'In' ? [invalid(`${at}.onExitCodes.values[${at2}]`, value, 'must not be 0 for the In operator')] : [])),
      ]),
      ...onPodConditions.flatMap(({ type, status }, at2) => [
        ...(type ? [] : [required(`${at}.onPodConditions[${at2}].type`)]),
        ...checkOneOf(`${at}.onPodConditions[${at2}].status`, status, ['False', 'True', 'Unknown']),
      ]),
    ]
  })
}

/** A client that sets what the server generates set it wrongly. */
function checkGenerated({ metadata, spec }: Job): readonly Problem[] {
  if (spec.manualSelector === true) return []
  const labels = spec.template?.metadata?.labels ?? {}
  const wants = (names: readonly string[], wanted: string): readonly Problem[] =>
    names.filter((name) => labels[name] !== wanted).map(() => invalid('spec.template.metadata.labels', labels, `must be '${wanted}'`))
  const generated = sameMeaning(spec.selector, { matchLabels: { [uidLabels[0]]: metadata.uid } })
  return [
    ...wants(uidLabels, metadata.uid), ...wants(nameLabels, metadata.name),
    ...(generated ? [] : [invalid('spec.selector', spec.selector, '`selector` not auto-generated')]),
  ]
}

function checkChange({ spec }: Job, before: Job): readonly Problem[] {
  const elastic = spec.completionMode === 'Indexed' && spec.completions !== undefined && spec.completions === spec.parallelism
  const neverRan = before.spec.suspend === true && before.status.startTime === undefined
  return [
    ...(sameMeaning(spec.completions, before.spec.completions) || elastic ? [] : [immutable('spec.completions', spec.completions ?? null)]),
    ...fixedFields.filter((field) => !sameMeaning(spec[field], before.spec[field])).map((field) => immutable(`spec.${field}`, spec[field] ?? null)),
    ...(sameMeaning(fixedTemplate(spec.template, neverRan), fixedTemplate(before.spec.template, neverRan)) ? [] : [immutable('spec.template', spec.template)]),
    ...(spec.manualSelector === before.spec.manualSelector || !sameMeaning(spec.selector, before.spec.selector) ? [] : [forbidden('spec.manualSelector', 'field is immutable')]),
  ]
}

/** A suspended job that never ran may still be told where to run. */
function fixedTemplate(template: PodTemplateSpec, neverRan: boolean): unknown {
  if (!neverRan) return template
  const { nodeSelector: _n, affinity: _a, tolerations: _t, schedulingGates: _s, ...spec } = template.spec ?? { containers: [] }
  const { labels: _l, annotations: _an, ...metadata } = template.metadata ?? {}
  return { metadata, spec }
}
