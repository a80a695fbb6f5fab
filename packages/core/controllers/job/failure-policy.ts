import type { PodFailurePolicyRule } from '../../api/generated/types.ts'
import type { Job, Pod } from '../../api/index.ts'

/** What a Job's podFailurePolicy says of a failed pod; 'Count' when no rule matches. */
export interface Verdict { readonly action: 'Count' | 'Ignore' | 'FailIndex' | 'FailJob'; readonly message: string }

const counted: Verdict = { action: 'Count', message: '' }

/** The first rule that matches decides. Only pods whose phase is Failed are judged. */
export function verdictOn(job: Job, pod: Pod): Verdict {
  if (pod.status?.phase !== 'Failed') return counted
  for (const [index, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const why = matches(rule, pod)
    if (why === undefined) continue
    if (rule.action === 'FailJob') return { action: 'FailJob', message: `${why} matching FailJob rule at index ${index}` }
    if (rule.action === 'Ignore') return { action: 'Ignore', message: '' }
    // Without a limit per index there is no index to fail.
    if (rule.action === 'FailIndex' && job.spec.backoffLimitPerIndex !== undefined) return { action: 'FailIndex', message: '' }
    return counted
  }
  return counted
}

function matches(rule: PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`
  if (rule.onExitCodes !== undefined) {
    const { containerName, operator, values } = rule.onExitCodes
    for (const status of [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])]) {
      const code = status.state?.terminated?.exitCode
      if (code === undefined || code === 0 || (containerName !== undefined && containerName !== status.name)) continue
      if (values.includes(code) === (operator === 'In')) return `Container ${status.name} for pod ${name} failed with exit code ${code}`
    }
    return undefined
  }
  const condition = rule.onPodConditions?.map((pattern) => pod.status.conditions?.find((one) => one.type === pattern.type && one.status === (pattern.status ?? 'True'))).find((one) => one !== undefined)
  return condition === undefined ? undefined : `Pod ${name} has condition ${condition.type}`
}
