// What Deployments, ReplicaSets, StatefulSets and DaemonSets share.
import type { LabelSelector, PodTemplateSpec } from '../../generated/types.ts'
import type { Subresource } from '../../kind.ts'
import type { Problem } from '../../refusal.ts'
import type { Resource } from '../../resource.ts'
import { labelSelectorText, matchesLabels } from '../../selectors/labels.ts'
import { checkTemplate } from '../core/pod/template.ts'
import { sameMeaning } from '../equal.ts'
import { checkLabelSelector, isEmptySelector } from '../labelselector.ts'
import { checkNonNegative, forbidden, immutable, invalid, required, unsupported } from '../problems.ts'

export const group = 'apps'

/** What a workload needs to have to be scaled. */
interface Scalable extends Resource {
  readonly spec: { readonly replicas?: number; readonly selector: LabelSelector }
  readonly status: { readonly replicas?: number }
}
/** The scale of a workload: its replicas, wanted and there, and the pods it counts. */
export const scaleOf = <Hub extends Scalable>(): Subresource<Hub> => ({
  name: 'scale', is: 'scale',
  read: ({ spec, status }) => ({ specReplicas: spec.replicas ?? 0, statusReplicas: status.replicas ?? 0, selector: labelSelectorText(spec.selector, '') }),
  write: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
})

/** How upstream's checks of one kind of workload differ from the others'. */
interface Manner {
  /** How a selector that selects everything names the kind. */
  readonly emptyFor: string
  /** How a template that may not have a deadline names the kind. */
  readonly kindInText: string
  /** What is said of a selector that cannot be read, in place of a look at the template. A DaemonSet's template is looked at all the same. */
  readonly unreadable?: string
}

/** A workload's selector and template: the one matches the other's labels, and the template is a pod's that is restarted always. */
export function checkSelected(selector: LabelSelector | undefined, template: PodTemplateSpec | undefined, { emptyFor, kindInText, unreadable }: Manner): readonly Problem[] {
  const path = 'spec.selector'
  const faults = checkLabelSelector(selector, path)
  return [
    ...(selector === undefined && unreadable !== undefined ? [required(path)] : []),
    ...faults,
    ...(selector !== undefined && isEmptySelector(selector) ? [invalid(path, selector, `empty selector is invalid for ${emptyFor}`)] : []),
    ...(faults.length > 0 && unreadable !== undefined ? [invalid(path, selector, unreadable)] : checkSelectedTemplate(template, faults.length > 0 ? {} : selector, kindInText)),
  ]
}

/** The template of a workload; no selector matches none, an empty one every. */
export function checkSelectedTemplate(template: PodTemplateSpec | undefined, selector: LabelSelector | undefined, kindInText: string): readonly Problem[] {
  const path = 'spec.template'
  if (template === undefined) return [required(path)]
  const labels = template.metadata?.labels
  const matches = selector !== undefined && (isEmptySelector(selector) || matchesLabels(selector, labels))
  return [
    ...(matches ? [] : [invalid(`${path}.metadata.labels`, labels ?? null, '`selector` does not match template `labels`')]),
    ...checkTemplate(template, path),
    ...(template.spec?.restartPolicy === 'Always' || template.spec?.restartPolicy === undefined ? [] : [unsupported(`${path}.spec.restartPolicy`, template.spec.restartPolicy, ['Always'])]),
    ...(template.spec?.activeDeadlineSeconds === undefined ? [] : [forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kindInText} is not Supported`)]),
  ]
}

/** What upstream looks at last in an update: the selector is what it was. */
export function checkSelectorStays(selector: LabelSelector | undefined, before: LabelSelector | undefined): readonly Problem[] {
  return selector === undefined || before === undefined || sameMeaning(selector, before) ? [] : [immutable('spec.selector', selector)]
}

interface ReplicaCounts { readonly replicas?: number; readonly fullyLabeledReplicas?: number; readonly readyReplicas?: number; readonly availableReplicas?: number; readonly terminatingReplicas?: number; readonly observedGeneration?: number }
const counts = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'terminatingReplicas', 'observedGeneration'] as const

/** What a ReplicaSet or ReplicationController counts: nothing negative, and no part greater than the whole. */
export function checkReplicaCounts(status: ReplicaCounts): readonly Problem[] {
  const [replicas, ready] = [status.replicas ?? 0, status.readyReplicas ?? 0]
  return [
    ...counts.flatMap((field) => checkNonNegative(`status.${field}`, status[field])),
    ...(['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const).filter((field) => (status[field] ?? 0) > replicas)
      .map((field) => invalid(`status.${field}`, status[field], 'cannot be greater than status.replicas')),
    ...((status.availableReplicas ?? 0) > ready ? [invalid('status.availableReplicas', status.availableReplicas, 'cannot be greater than readyReplicas')] : []),
  ]
}

/** A count or a percentage, as rolling updates take them. */
export function checkCountOrPercent(path: string, value: number | string | undefined): readonly Problem[] {
  if (value === undefined) return []
  if (typeof value === 'number') return value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : []
  return /^[0-9]+%$/.test(value) ? [] : [invalid(path, value, "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')")]
}

export function checkAtMostAll(path: string, value: number | string | undefined): readonly Problem[] {
  const percent = percentOf(value)
  return percent !== undefined && percent > 100 ? [invalid(path, value, 'must not be greater than 100%')] : []
}

/** 0, '0%' and nothing are all none. */
export const isNone = (value: number | string | undefined): boolean => (typeof value === 'string' ? (percentOf(value) ?? 1) === 0 : (value ?? 0) === 0)

const percentOf = (value: number | string | undefined): number | undefined => (typeof value === 'string' && /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : undefined)
