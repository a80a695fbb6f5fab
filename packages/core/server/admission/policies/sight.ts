// What the expressions of a policy see of a request, and how they are run within its budget.
import {
  Authorizer, type AccessQuestion, type Compiled, type DecideAccess, evaluate, evaluateWithin, Fault, Fields, matchConditionsBudget, perCallLimit, ResourceCheck, type Value,
} from '../../../api/cel/index.ts'
import { accountGroups, accountUserName } from '../../../rules/account-tokens.ts'
import type { User } from '../../access/types.ts'
import { type Asked, type Matched, namespaceOf, objectsOf, requestOf } from '../matching.ts'
import type { Admission } from '../types.ts'

export type Sight = Readonly<Record<string, Value>>

/** The variables of a request, in the version that the policy wants to see it in. */
export function sightOf(admission: Admission, asked: Asked, matched: Matched): Sight {
  const { object, oldObject } = objectsOf(admission, matched.endpoint)
  const authorizer = new Authorizer(decider(admission))
  const { resource: { group, resource }, subresource, namespace, name } = asked
  return {
    object, oldObject, request: requestOf(asked, matched, admission), namespaceObject: namespaceFor(admission, asked), authorizer,
    'authorizer.requestResource': new ResourceCheck(authorizer, { is: 'resource', group, resource, subresource, namespace, name }),
  }
}

/** The namespace of what is in one; a Namespace is in none. */
function namespaceFor(admission: Admission, asked: Asked): Value {
  if (asked.resource.group === '' && asked.resource.resource === 'namespaces') return null
  const found = namespaceOf(asked, admission)
  if (found === undefined) return null
  const { uid, ownerReferences: _owners, managedFields: _managed, selfLink: _link, ...metadata } = found.metadata
  const { spec, status } = found as { readonly spec?: unknown; readonly status?: unknown }
  return { metadata: { ...metadata, UID: uid }, ...(spec !== undefined && { spec }), ...(status !== undefined && { status }) }
}

const decider = ({ authorizer, user }: Admission): DecideAccess => (question) => {
  const who = question.serviceAccount === undefined ? user : accountOf(question.serviceAccount)
  return authorizer.decide(question.is === 'path' ? { is: 'path', user: who, verb: question.verb, path: question.path }
    : { ...question, user: who, version: '*', ...(question.fieldSelector !== undefined && { fieldSelector: question.fieldSelector }) })
}
const accountOf = ({ namespace, name }: NonNullable<AccessQuestion['serviceAccount']>): User =>
  ({ name: accountUserName(namespace, name), groups: accountGroups(namespace) })

/** The variables of a policy: each is evaluated when it is first asked for, and once. */
export class Variables extends Fields {
  readonly #compiled: ReadonlyMap<string, Compiled>
  readonly #sight: Sight
  readonly #known = new Map<string, Value>()
  #cost = 0
  constructor(compiled: ReadonlyMap<string, Compiled>, sight: Sight) { super(); this.#compiled = compiled; this.#sight = { ...sight, variables: this } }

  override find(name: string): Value {
    if (this.#known.has(name)) return this.#known.get(name)
    const compiled = this.#compiled.get(name)
    const value = compiled && this.#evaluate(name, compiled)
    this.#known.set(name, value)
    return value
  }
  #evaluate(name: string, compiled: Compiled): Value {
    if ('fault' in compiled) return new Fault(`composited variable ${JSON.stringify(name)} fails to compile: ${compiled.fault}`)
    const { value, cost } = evaluateWithin(compiled.program, this.#sight, perCallLimit)
    this.#cost += cost
    return value instanceof Fault ? new Fault(`composited variable ${JSON.stringify(name)} fails to evaluate: ${value.message}`) : value
  }
  /** What variables have cost since it was last taken. */
  takeCost(): number {
    const cost = this.#cost
    this.#cost = 0
    return cost
  }
}

/** What an expression came to. */
export type Evaluation = { readonly is: 'value'; readonly value: Value } | { readonly is: 'error'; readonly message: string } | { readonly is: 'spent' }
export const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run'

/** Runs expressions of one policy for one request, as long as the budget lasts. */
export class Runner {
  readonly sight: Sight
  readonly #variables: Variables
  #left: number
  constructor(sight: Sight, variables: ReadonlyMap<string, Compiled>, budget: number) {
    this.#variables = new Variables(variables, sight)
    this.sight = { ...sight, variables: this.#variables }
    this.#left = budget
  }
  run(compiled: Compiled): Evaluation {
    if ('fault' in compiled) return { is: 'error', message: `compilation error: ${compiled.fault}` }
    const outcome = evaluate(compiled.program, this.sight, perCallLimit)
    this.#left -= outcome.cost + this.#variables.takeCost()
    if (this.#left < 0) return { is: 'spent' }
    return 'error' in outcome ? { is: 'error', message: `expression '${compiled.expression}' resulted in error: ${outcome.error}` } : { is: 'value', value: outcome.value }
  }
}

const noVariables: ReadonlyMap<string, Compiled> = new Map()

/** Whether all conditions hold: yes, no, or why it cannot be told. A condition that does not hold outweighs those that fail. */
export function conditionsHold(conditions: readonly Compiled[], sight: Sight): boolean | { readonly fault: string } {
  if (conditions.length === 0) return true
  const runner = new Runner(sight, noVariables, matchConditionsBudget)
  const faults: string[] = []
  for (const condition of conditions) {
    const evaluation = runner.run(condition)
    if (evaluation.is === 'spent') return { fault: outOfBudget }
    if (evaluation.is === 'error') faults.push(evaluation.message)
    else if (evaluation.value === false) return false
  }
  return faults.length === 0 ? true : { fault: faults.length === 1 ? faults.join('') : `[${faults.join(', ')}]` }
}
