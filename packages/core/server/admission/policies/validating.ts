// ValidatingAdmissionPolicy. Behaviour and words: upstream's plugin/policy/validating.
import { admissionEnvironment, type Compiled, compileFor, perRequestBudget, typeNameOf, withVariables } from '../../../api/cel/index.ts'
import type { Validation } from '../../../api/generated/types.ts'
import type { Refusal } from '../../../api/refusal.ts'
import { type ValidatingAdmissionPolicy, type ValidatingAdmissionPolicyBinding, validatingAdmissionPolicies, validatingAdmissionPolicyBindings } from '../../../api/resources.ts'
import { forbidden } from '../../refusals.ts'
import type { Admission, Passed, Plugin } from '../types.ts'
import { type Invocation, type Invocations, invocationsOf } from './invocations.ts'
import { conditionsHold, outOfBudget, Runner, sightOf } from './sight.ts'

type P = ValidatingAdmissionPolicy
type B = ValidatingAdmissionPolicyBinding

/** A policy ready to run. */
interface Prepared {
  readonly conditions: readonly Compiled[]
  readonly variables: ReadonlyMap<string, Compiled>
  readonly validations: readonly { readonly validation: Validation; readonly rule: Compiled; readonly message: Compiled | undefined }[]
  readonly annotations: readonly { readonly key: string; readonly value: Compiled }[]
}
/** Objects of the store are frozen: each revision of a policy is compiled once. */
const prepared = new WeakMap<P['spec'], Prepared>()

function prepare({ spec }: P): Prepared {
  const known = prepared.get(spec)
  if (known !== undefined) return known
  const hasParams = spec.paramKind !== undefined
  const full = admissionEnvironment({ hasParams, hasAuthorizer: true }), quiet = admissionEnvironment({ hasParams, hasAuthorizer: false })
  const { environment, variables } = withVariables(full, spec.variables ?? [])
  const telling = withVariables(quiet, spec.variables ?? []).environment
  const made: Prepared = {
    conditions: (spec.matchConditions ?? []).map(({ expression = '' }) => compileFor(expression, full, 'bool')),
    variables,
    validations: (spec.validations ?? []).map((validation) => ({
      validation, rule: compileFor(validation.expression ?? '', environment, 'bool'),
      message: (validation.messageExpression ?? '') === '' ? undefined : compileFor(validation.messageExpression ?? '', telling, 'string'),
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ key = '', valueExpression = '' }) => ({ key, value: compileFor(valueExpression, environment, 'text-or-null') })),
  }
  prepared.set(spec, made)
  return made
}

interface Denial { readonly message: string; readonly reason?: string; readonly index: number }
interface Judgement { readonly denials: readonly Denial[]; readonly annotations: readonly { readonly key: string; readonly value: string }[]; readonly annotationFaults: readonly string[] }
const nothing: Judgement = { denials: [], annotations: [], annotationFaults: [] }

const messageMax = 5 * 1024
const annotationMax = 10 * 1024

function judge({ policy, matched, params }: Invocation<P, B>, asked: Invocations<P, B>['asked'], admission: Admission): Judgement {
  const { conditions, variables, validations, annotations } = prepare(policy)
  const fails = policy.spec.failurePolicy !== 'Ignore'
  const sight = { ...sightOf(admission, asked, matched), ...(policy.spec.paramKind !== undefined && { params }) }
  const failing = (message: string): Judgement => fails ? { ...nothing, denials: [{ message, index: 0 }] } : nothing
  const holds = conditionsHold(conditions, sight)
  if (typeof holds === 'object') return failing(holds.fault)
  if (!holds) return nothing
  const runner = new Runner(sight, variables, perRequestBudget)
  const denials: Denial[] = []
  const failed: number[] = []
  for (const [index, { rule, validation }] of validations.entries()) {
    const evaluation = runner.run(rule)
    if (evaluation.is === 'spent') return failing(outOfBudget)
    if (evaluation.is === 'value' && evaluation.value === true) continue
    if (evaluation.is === 'value') failed.push(index)
    else if (fails) denials.push({ message: evaluation.message, index })
    if (evaluation.is === 'value') denials.push({ message: '', reason: validation.reason ?? 'Invalid', index })
  }
  const said = denials.map((denial) => failed.includes(denial.index) ? { ...denial, message: messageOf(validations[denial.index], runner) } : denial)
  const spent = said.findIndex(({ message }) => message === undefined)
  if (spent >= 0 && !fails) return nothing
  const told = said.map((denial): Denial => denial.message === undefined ? { message: `failed messageExpression: ${outOfBudget}`, index: denial.index } : { ...denial, message: denial.message })
  return { denials: told, ...annotate(annotations, new Runner(sight, variables, perRequestBudget), fails) }
}

/** What a failed rule says; undefined: the budget is spent. */
function messageOf(each: Prepared['validations'][number] | undefined, runner: Runner): string | undefined {
  if (each === undefined) return ''
  const evaluation = each.message === undefined ? undefined : runner.run(each.message)
  if (evaluation?.is === 'spent') return undefined
  const computed = evaluation?.is === 'value' && typeof evaluation.value === 'string' ? evaluation.value.trim() : ''
  if (computed !== '' && computed.length <= messageMax && !computed.includes('\n')) return computed
  const fixed = (each.validation.message ?? '').trim()
  return fixed !== '' ? fixed : `failed expression: ${(each.validation.expression ?? '').trim()}`
}

function annotate(annotations: Prepared['annotations'], runner: Runner, fails: boolean): Pick<Judgement, 'annotations' | 'annotationFaults'> {
  const made: { key: string; value: string }[] = [], faults: string[] = []
  for (const { key, value: compiled } of annotations) {
    const evaluation = runner.run(compiled)
    if (evaluation.is !== 'value') {
      if (fails) faults.push(evaluation.is === 'spent' ? outOfBudget : evaluation.message)
    } else if (typeof evaluation.value === 'string') {
      const text = evaluation.value.trim()
      if (text !== '') made.push({ key, value: text.slice(0, annotationMax) })
    } else if (evaluation.value !== null) faults.push(`valueExpression '${compiled.expression}' resulted in unsupported return type: ${typeNameOf(evaluation.value)}. Return type must be either string or null.`)
  }
  return { annotations: made, annotationFaults: faults }
}

const codes: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413 }
function refuse(admission: Admission, policy: P, binding: B | undefined, message: string, reason = 'Invalid'): Refusal {
  const text = `ValidatingAdmissionPolicy '${policy.metadata.name}'${binding === undefined ? '' : ` with binding '${binding.metadata.name}'`} denied request: ${message}`
  const refusal = forbidden({ group: admission.endpoint.served.group, plural: admission.kind.plural }, admission.object.metadata.name, text)
  return { ...refusal, reason, code: codes[reason] ?? 422, details: { ...refusal.details, causes: [{ message: text }] } }
}

export const validatingAdmissionPolicy: Plugin = {
  name: 'ValidatingAdmissionPolicy',
  validate(admission): Passed | Refusal | undefined {
    const found = invocationsOf(admission, validatingAdmissionPolicies, validatingAdmissionPolicyBindings)
    if (found === undefined) return undefined
    let refusal: Refusal | undefined
    for (const { policy, binding, message } of found.misconfigured) if (policy.spec.failurePolicy !== 'Ignore') refusal ??= refuse(admission, policy, binding, message)
    const warnings: string[] = [], annotations: Record<string, string> = {}
    const collected = new Map<string, Set<string>>()
    for (const invocation of found.invocations) {
      const { policy, binding } = invocation
      const judgement = judge(invocation, found.asked, admission)
      for (const denial of judgement.denials) for (const action of binding.spec.validationActions ?? []) {
        if (action === 'Deny') refusal ??= refuse(admission, policy, binding, denial.message, denial.reason)
        else if (action === 'Warn') warnings.push(`Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}': ${denial.message}`)
        else if (action === 'Audit') annotations[failureKey] ??= failureText(invocation, denial)
      }
      for (const fault of judgement.annotationFaults) refusal ??= refuse(admission, policy, binding, fault)
      for (const { key, value } of judgement.annotations) {
        const place = `${policy.metadata.name}/${key}`
        collected.set(place, (collected.get(place) ?? new Set()).add(value))
      }
    }
    if (refusal !== undefined) return refusal
    for (const [key, values] of collected) annotations[key] = [...values].join(', ')
    const remarks = { ...(warnings.length > 0 && { warnings }), ...(Object.keys(annotations).length > 0 && { annotations }) }
    return Object.keys(remarks).length === 0 ? undefined : { is: 'passed', remarks }
  },
}

const failureKey = 'validation.policy.admission.k8s.io/validation_failure'
const failureText = ({ policy, binding }: Invocation<P, B>, { message, index }: Denial): string =>
  JSON.stringify([{ message, policy: policy.metadata.name, binding: binding.metadata.name, expressionIndex: index, validationActions: binding.spec.validationActions }])
