// PodSecurity: pods that are less safe than their namespace asks for are refused, workloads that would make such pods are warned of.
import type { ObjectMeta, PodSpec } from '../../../api/generated/types.ts'
import { refuseInvalid } from '../../../api/kinds/problems.ts'
import type { Refusal } from '../../../api/refusal.ts'
import type { Resource } from '../../../api/resource.ts'
import { type Namespace, namespaces, type Pod, pods } from '../../../api/resources.ts'
import { forbidden } from '../../refusals.ts'
import type { Remarks } from '../remarks.ts'
import type { Admission, Passed, Plugin } from '../types.ts'
import { detailOf, reasonOf, type Violation, violationsOf } from './checks.ts'
import { type Bar, compareLevels, policyOf, textOf } from './policy.ts'

const workloads: readonly string[] = ['replicationcontrollers', 'apps/deployments', 'apps/replicasets', 'apps/statefulsets', 'apps/daemonsets', 'batch/jobs', 'batch/cronjobs', 'podtemplates']

export const podSecurity: Plugin = {
  name: 'PodSecurity', operations: ['create', 'update'], resources: [namespaces.resource, pods.resource, ...workloads],
  validate(admission) {
    const { kind, subresource } = admission
    if (kind.resource === namespaces.resource) return subresource === '' ? ofNamespace(admission) : undefined
    if (kind.resource === pods.resource) return unchanging.has(subresource) ? undefined : ofPod(admission)
    return subresource === '' ? ofWorkload(admission) : undefined
  },
}
const unchanging: ReadonlySet<string> = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status', 'resize'])

/** Of a pod, only images can change, and containers be added to debug it. */
function isSignificant({ object, before }: Admission): boolean {
  if (before === undefined) return true
  const look = ({ spec }: Pod): string => JSON.stringify([spec.containers, spec.initContainers ?? [], spec.ephemeralContainers ?? []].map((each) => each.map(({ name, image }) => [name, image])))
  return look(object as Pod) !== look(before as Pod)
}

const labelsOf = ({ object, circumstances: { view } }: Admission): Readonly<Record<string, string>> | undefined => view.get(namespaces, '', object.metadata.namespace ?? '')?.metadata.labels
const prefix = 'pod-security.kubernetes.io/'

function ofPod(admission: Admission): Passed | Refusal | undefined {
  const { policy, problems } = policyOf(labelsOf(admission))
  if (policy.enforce.level === 'privileged' && policy.audit.level === 'privileged' && policy.warn.level === 'privileged') return undefined
  if (!isSignificant(admission)) return undefined
  const { kind, object } = admission
  const pod = object as Pod
  const violations = violationsOf(policy.enforce, pod.spec, pod.metadata)
  if (violations.length > 0) return forbidden(kind, pod.metadata.name, `violates PodSecurity ${JSON.stringify(textOf(policy.enforce))}: ${detailOf(violations)}`)
  const remarks = remarksOf(policy, pod.spec, pod.metadata)
  const failed: Readonly<Record<string, string>> = problems.length > 0 ? { [`${prefix}error`]: `Failed to parse policy: ${problems.map(({ path, value, detail }) => `${path}: Invalid value: ${JSON.stringify(value)}: ${detail}`).join(', ')}` } : {}
  return { is: 'passed', remarks: { ...remarks, annotations: { [`${prefix}enforce-policy`]: textOf(policy.enforce), ...failed, ...remarks.annotations } } }
}

function ofWorkload(admission: Admission): Passed | undefined {
  const template = templateOf(admission.object)
  if (template?.spec === undefined) return undefined
  const { policy } = policyOf(labelsOf(admission))
  if (policy.audit.level === 'privileged' && policy.warn.level === 'privileged') return undefined
  return { is: 'passed', remarks: remarksOf(policy, template.spec, template.metadata ?? {}) }
}

/** What is said of a pod that nobody refuses. */
function remarksOf({ audit, warn }: { readonly audit: Bar; readonly warn: Bar }, spec: PodSpec, metadata: ObjectMeta): Remarks {
  const audited = violationsOf(audit, spec, metadata)
  const warned = violationsOf(warn, spec, metadata)
  return {
    ...(warned.length > 0 && { warnings: [wouldViolate(warn, warned)] }),
    ...(audited.length > 0 && { annotations: { [`${prefix}audit-violations`]: wouldViolate(audit, audited) } }),
  }
}
const wouldViolate = (bar: Bar, violations: readonly Violation[]): string => `would violate PodSecurity ${JSON.stringify(textOf(bar))}: ${detailOf(violations)}`

interface Template { readonly metadata?: ObjectMeta; readonly spec?: PodSpec }
/** Kinds that make pods, and where they say what these are. */
function templateOf(object: Resource): Template | undefined {
  const { kind, spec, template } = object as Resource & { readonly spec?: { readonly template?: Template; readonly jobTemplate?: { readonly spec?: { readonly template?: Template } } }; readonly template?: Template }
  switch (kind) {
    case 'PodTemplate': return template
    case 'CronJob': return spec?.jobTemplate?.spec?.template
    default: return spec?.template
  }
}

const podsMax = 3000
function ofNamespace({ object, before, operation, circumstances: { view } }: Admission): Passed | Refusal | undefined {
  const { policy: { enforce }, problems } = policyOf(object.metadata.labels)
  const old = before === undefined ? undefined : policyOf((before as Namespace).metadata.labels)
  if (problems.length > 0 && (old === undefined || JSON.stringify(old.problems) !== JSON.stringify(problems))) return refuseInvalid({ group: '', kind: 'Namespace' }, object.metadata.name, problems)
  if (operation !== 'update' || old === undefined || enforce.level === 'privileged') return undefined
  const was = old.policy.enforce
  if (enforce.version === was.version && compareLevels(enforce.level, was.level) <= 0) return undefined
  const all = view.count(pods, object.metadata.name)
  const found = new Map<string, { readonly first: string; readonly more: number }>()
  let checked = 0
  for (const pod of view.list(pods, object.metadata.name)) {
    if (checked === podsMax) break
    checked++
    const violations = violationsOf(enforce, pod.spec, pod.metadata)
    if (violations.length === 0) continue
    const reason = reasonOf(violations)
    const known = found.get(reason)
    found.set(reason, known === undefined ? { first: pod.metadata.name, more: 0 } : { ...known, more: known.more + 1 })
  }
  if (found.size === 0 && checked === all) return undefined
  const lines = [...found].map(([reason, { first, more }]) => `${first}${more === 0 ? '' : ` (and ${more} other pod${more === 1 ? '' : 's'})`}: ${reason}`).sort()
  return {
    is: 'passed',
    remarks: {
      warnings: [
        ...(checked < all ? [`new PodSecurity enforce level only checked against the first ${checked} of ${all} existing pods`] : []),
        ...(lines.length > 0 ? [`existing pods in namespace ${JSON.stringify(object.metadata.name)} violate the new PodSecurity enforce level ${JSON.stringify(textOf(enforce))}`] : []), ...lines,
      ],
    },
  }
}
