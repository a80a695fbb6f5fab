// MutatingAdmissionPolicy. Behaviour and words: upstream's plugin/policy/mutating.
import { admissionEnvironment, type Compiled, compileFor, perRequestBudget, withVariables } from '../../../api/cel/index.ts'
import { sameMeaning } from '../../../api/kinds/equal.ts'
import { isRefusal, type Refusal } from '../../../api/refusal.ts'
import type { Resource } from '../../../api/resource.ts'
import { type MutatingAdmissionPolicy, type MutatingAdmissionPolicyBinding, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings } from '../../../api/resources.ts'
import { forbidden } from '../../refusals.ts'
import { dueIn } from '../again.ts'
import { objectsOf } from '../matching.ts'
import { rebuilt } from '../rebuilt.ts'
import type { Admission, Plugin, Remarked } from '../types.ts'
import { applied, patched } from './apply.ts'
import { type Invocation, type Invocations, invocationsOf } from './invocations.ts'
import { conditionsHold, outOfBudget, Runner, sightOf } from './sight.ts'

type P = MutatingAdmissionPolicy
type B = MutatingAdmissionPolicyBinding

interface Prepared {
  readonly conditions: readonly Compiled[]
  readonly variables: ReadonlyMap<string, Compiled>
  readonly mutations: readonly { readonly is: 'ApplyConfiguration' | 'JSONPatch'; readonly expression: Compiled }[]
}
const prepared = new WeakMap<P['spec'], Prepared>()

function prepare({ spec }: P): Prepared {
  const known = prepared.get(spec)
  if (known !== undefined) return known
  const hasParams = spec.paramKind !== undefined
  const { environment, variables } = withVariables(admissionEnvironment({ hasParams, hasAuthorizer: true, patches: true }), spec.variables ?? [])
  const conditionsIn = admissionEnvironment({ hasParams, hasAuthorizer: true })
  const made: Prepared = {
    conditions: (spec.matchConditions ?? []).map(({ expression = '' }) => compileFor(expression, conditionsIn, 'bool')),
    variables,
    mutations: (spec.mutations ?? []).map((mutation) => mutation.patchType === 'JSONPatch'
      ? { is: 'JSONPatch', expression: compileFor(mutation.jsonPatch?.expression ?? '', environment, 'patches') }
      : { is: 'ApplyConfiguration', expression: compileFor(mutation.applyConfiguration?.expression ?? '', environment, 'object') }),
  }
  prepared.set(spec, made)
  return made
}

/** The object after the policy, or what kept it from doing its work. */
type Mutation = { readonly object: Resource; readonly faults: readonly string[] }

/** Mutations come one after the other; one that fails does not keep the next from being tried. */
function mutateBy({ policy, matched, params }: Invocation<P, B>, asked: Invocations<P, B>['asked'], admission: Admission): Mutation | Refusal {
  const { conditions, variables, mutations } = prepare(policy)
  const bound = policy.spec.paramKind === undefined ? {} : { params }
  const holds = conditionsHold(conditions, { ...sightOf(admission, asked, matched), ...bound })
  if (typeof holds === 'object') return { object: admission.object, faults: [holds.fault] }
  let { object } = admission
  const faults: string[] = []
  if (!holds) return { object, faults }
  for (const { is, expression } of mutations) {
    const seen = object === admission.object ? admission : { ...admission, object }
    const { object: shown } = objectsOf(seen, matched.endpoint)
    const definition = admission.machine.definitions.get(matched.endpoint.served.definition)
    // There is nothing to change where nothing is brought, or something of another kind.
    if (shown === null || admission.body !== undefined || definition === undefined) continue
    const evaluation = new Runner({ ...sightOf(seen, asked, matched), ...bound }, variables, perRequestBudget).run(expression)
    if (evaluation.is !== 'value') { faults.push(evaluation.is === 'spent' ? outOfBudget : evaluation.message); continue }
    const changed = is === 'JSONPatch' ? patched(evaluation.value, shown) : applied(evaluation.value, shown, definition, admission.machine.definitions)
    if ('fault' in changed) { faults.push(changed.fault); continue }
    if (changed.value === shown) continue
    const made = rebuilt(seen, matched.endpoint, shown, changed.value, is === 'JSONPatch' ? 'Strict' : 'Ignore')
    if (isRefusal(made)) return made
    object = made
  }
  return { object, faults }
}

/** As upstream: the message of the first, and a cause for each; the code stays that of a prohibition. */
function refuse(admission: Admission, messages: readonly string[], reason: string): Refusal {
  const refusal = forbidden({ group: admission.endpoint.served.group, plural: admission.kind.plural }, admission.object.metadata.name, '')
  return { ...refusal, reason, message: messages[0] ?? '', details: { ...refusal.details, causes: messages.map((message) => ({ message })) } }
}
const faultText = (policy: P, binding: B | undefined, message: string): string =>
  binding === undefined ? `policy ${JSON.stringify(policy.metadata.name)} denied request: ${message}` : `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`

export const mutatingAdmissionPolicy: Plugin = {
  name: 'MutatingAdmissionPolicy',
  mutate(admission): Resource | Remarked | Refusal {
    const found = admission.operation === 'delete' ? undefined : invocationsOf(admission, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings)
    if (found === undefined) return admission.object
    const due = dueIn(admission)
    const faults = found.misconfigured.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore').map(({ policy, binding, message }) => faultText(policy, binding, message))
    let reason = 'Forbidden', { object } = admission
    let waiting: readonly string[] = [], again: readonly string[] = []
    for (const invocation of found.invocations) {
      const { policy, binding, params } = invocation
      const place = `policy/${policy.metadata.uid}/${binding.metadata.uid}/${params?.metadata.namespace ?? ''}/${params?.metadata.name ?? ''}`
      if (due !== undefined && !due.has(place)) continue
      const mutation = mutateBy(invocation, found.asked, object === admission.object ? admission : { ...admission, object })
      if (isRefusal(mutation)) return mutation
      if (policy.spec.failurePolicy !== 'Ignore') for (const fault of mutation.faults) {
        if (faults.length === 0) reason = 'Invalid'
        faults.push(faultText(policy, binding, fault))
      }
      if (mutation.object !== object && !sameMeaning(mutation.object, object)) {
        object = mutation.object
        again = [...again, ...waiting]
        waiting = []
      }
      if (policy.spec.reinvocationPolicy === 'IfNeeded') waiting = [...waiting, place]
    }
    if (faults.length > 0) return refuse(admission, faults, reason)
    if (due !== undefined) return object
    const changed = object !== admission.object
    return changed || waiting.length > 0 ? { is: 'remarked', object, remarks: {}, again: { hooks: again, waiting, seen: object, ...(!changed && { idle: true }) } } : object
  },
}
