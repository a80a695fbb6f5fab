// Rules in CEL (x-kubernetes-validations): compiled with their schema, tried on every write.
import { compile, type CelType, estimatedDefinitionLimit, estimatedRuleLimit, evaluate, isCompileFault, jsonOf, leastBytesOf, Optional, perCallLimit, perRequestBudget, type Program, typeOfSchema } from '../cel/index.ts'
import type { ValidationRule } from '../generated/types.ts'
import type { Problem } from '../refusal.ts'
import { correlated } from './ratchet.ts'
import { sameValue } from './same.ts'
import { isEmbedded, isObject, joined, type Schema, schemaOfField } from './schema.ts'

const reasons = ['FieldValueRequired', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueDuplicate'] as const
const messageMax = 5 * 1024
const dearestShown = 4
const requestBytesMax = 3 * 1024 * 1024
const advice = 'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared'

interface Compiled {
  readonly rule: ValidationRule
  readonly program: Program
  readonly message: Program | undefined
  /** Looks at what was there before. */
  readonly isTransition: boolean
}

const problem = (path: string, value: unknown, detail: string): Problem => ({ path, reason: 'FieldValueInvalid', value, detail })
const missing = (path: string, detail: string): Problem => ({ path, reason: 'FieldValueRequired', detail })

/** Where the walk over a schema is. */
interface Place {
  readonly path: string
  readonly isRoot: boolean
  /** How many values there may be here at most, by the bounds of the lists and maps around; undefined: one of them has none. */
  readonly most: number | undefined
  /** The list below which items cannot be told from each other over time. */
  readonly uncorrelated: string | undefined
}

/** What is wrong with the rules of a schema whose structure is right. */
export function checkExpressions(schema: Schema, path: string): readonly Problem[] {
  if (!hasRules(schema)) return []
  const walk = new SchemaWalk()
  walk.schema(schema, { path, isRoot: true, most: 1, uncorrelated: undefined })
  if (walk.total > estimatedDefinitionLimit) {
    const dearest = walk.costly.toSorted((a, b) => b.cost - a.cost).slice(0, dearestShown)
    walk.problems.push(...dearest.map((each): Problem => ({ path: each.path, reason: 'FieldValueForbidden', detail: 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema' })), { path, reason: 'FieldValueForbidden', detail: `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of ${factor(walk.total, estimatedDefinitionLimit)} (${advice})` })
  }
  return walk.problems
}

function factor(cost: number, limit: number): string {
  const times = cost / limit
  return times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`
}

/** As upstream prints its own form of a rule. */
const shownRule = ({ rule, message = '', messageExpression = '', reason, fieldPath = '', optionalOldSelf }: ValidationRule): object =>
  ({ Rule: rule, Message: message, MessageExpression: messageExpression, Reason: reason ?? null, FieldPath: fieldPath, OptionalOldSelf: optionalOldSelf ?? null })

/** Whether a path of fields ('.a['b']') leads to something in the schema; lists have no such paths. */
function leadsTo(path: string, schema: Schema): boolean {
  let rest = path
  let at: Schema | undefined = schema
  while (rest !== '' && at !== undefined) {
    const step: RegExpExecArray | null = /^\.([A-Za-z_][A-Za-z0-9_]*)|^\['((?:[^'\\]|\\.)*)'\]/.exec(rest)
    if (step === null) return false
    const name: string = step[1] ?? (step[2] ?? '').replace(/\\(.)/g, '$1')
    at = at.properties !== undefined && Object.hasOwn(at.properties, name) ? at.properties[name] : step[2] !== undefined && typeof at.additionalProperties === 'object' ? at.additionalProperties : undefined
    rest = rest.slice(step[0].length)
  }
  return at !== undefined
}

class SchemaWalk {
  readonly problems: Problem[] = []
  readonly costly: { readonly path: string; readonly cost: number }[] = []
  total = 0

  schema(schema: Schema, place: Place): void {
    const rules = schema['x-kubernetes-validations'] ?? []
    if (rules.length > 0) {
      const type = typeOfSchema(schema, place.isRoot || isEmbedded(schema))
      rules.forEach((rule, index) => {
        const most = place.most ?? Math.floor(requestBytesMax / ((leastBytesOf(schema, place.isRoot || isEmbedded(schema)) ?? 0) + 1))
        this.#rule(rule, schema, type, most, { ...place, path: `${place.path}.x-kubernetes-validations[${index}]` })
      })
    }
    if (schema.items !== undefined) {
      const keeps = schema['x-kubernetes-list-type'] === 'map'
      this.schema(schema.items, { path: `${place.path}.items`, isRoot: false, most: times(place.most, schema.maxItems), uncorrelated: place.uncorrelated ?? (keeps ? undefined : place.path) })
    }
    for (const [name, field] of Object.entries(schema.properties ?? {})) this.schema(field, { ...place, path: `${place.path}.properties[${name}]`, isRoot: false })
    if (typeof schema.additionalProperties === 'object') {
      this.schema(schema.additionalProperties, { ...place, path: `${place.path}.additionalProperties`, isRoot: false, most: times(place.most, schema.maxProperties) })
    }
  }

  #rule(rule: ValidationRule, schema: Schema, type: CelType | undefined, most: number, { path, uncorrelated }: Place): void {
    const before = this.problems.length
    this.#texts(rule, path)
    if (rule.fieldPath && !leadsTo(rule.fieldPath, schema)) this.problems.push(problem(`${path}.fieldPath`, rule.fieldPath, 'must be a valid path'))
    if (this.problems.length > before) return
    const made = compileRule(rule, type)
    const uses = typeof made !== 'string' && !('inMessage' in made) && made.isTransition
    const unused = rule.optionalOldSelf !== undefined && !uses ? [problem(`${path}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule')] : []
    if (typeof made === 'string') { this.problems.push(problem(`${path}.rule`, shownRule(rule), made), ...unused); return }
    if ('inMessage' in made) { this.problems.push(problem(`${path}.messageExpression`, shownRule(rule), made.inMessage), ...unused); return }
    this.problems.push(...unused)
    this.#cost('rule', made.program, most, `${path}.rule`)
    if (made.message !== undefined) this.#cost('messageExpression', made.message, most, `${path}.messageExpression`)
    if (made.isTransition && uncorrelated !== undefined) {
      this.problems.push(problem(`${path}.rule`, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`))
    }
  }

  #cost(what: 'rule' | 'messageExpression', program: Program, most: number, path: string): void {
    const cost = program.cost.max * most
    this.total += cost
    const at: Problem = { path, reason: 'FieldValueForbidden', detail: `estimated ${what} cost exceeds budget by factor of ${factor(cost, estimatedRuleLimit)} (${advice})` }
    if (cost > estimatedRuleLimit) this.problems.push(at)
    if (cost > estimatedRuleLimit / 100) this.costly.push({ path, cost })
  }

  #texts({ rule, message, messageExpression, reason, fieldPath }: ValidationRule, path: string): void {
    const push = (each: Problem): void => { this.problems.push(each) }
    const isBlank = (text: string): boolean => text.trim() === ''
    if (isBlank(rule ?? '')) push(missing(`${path}.rule`, 'rule is not specified'))
    if (message !== undefined && message !== '' && isBlank(message)) push(problem(`${path}.message`, message, 'must be non-empty if specified'))
    else if (message?.trim().includes('\n')) push(problem(`${path}.message`, message, 'must not contain line breaks'))
    else if (rule?.trim().includes('\n') && !message) push(missing(`${path}.message`, 'message must be specified if rule contains line breaks'))
    if (messageExpression !== undefined && messageExpression !== '' && isBlank(messageExpression)) push(missing(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'))
    if (reason !== undefined && !reasons.some((each) => each === reason)) {
      push({ path: `${path}.reason`, reason: 'FieldValueNotSupported', value: reason, detail: `supported values: ${reasons.toSorted().map((each) => JSON.stringify(each)).join(', ')}` })
    }
    if (fieldPath !== undefined && fieldPath !== '' && isBlank(fieldPath)) push(problem(`${path}.fieldPath`, fieldPath, 'must be non-empty if specified'))
    else if (fieldPath?.includes('\n')) push(problem(`${path}.fieldPath`, fieldPath, 'must not contain line breaks'))
  }
}

const times = (most: number | undefined, size: number | undefined): number | undefined => (most === undefined || size === undefined ? undefined : most * size)

function compileRule(rule: ValidationRule, type: CelType | undefined): Compiled | string | { readonly inMessage: string } {
  if (type === undefined) return 'compilation failed: rules need a type'
  const variables: Record<string, CelType> = { self: type, oldSelf: rule.optionalOldSelf === true ? { is: 'optional', of: type } : type }
  const program = compile(rule.rule, { variables })
  if (isCompileFault(program)) return program.fault
  if (program.type.is !== 'bool') return 'cel expression must evaluate to a bool'
  const isTransition = program.uses.has('oldSelf')
  if (!rule.messageExpression) return { rule, program, message: undefined, isTransition }
  const message = compile(rule.messageExpression, { variables })
  if (isCompileFault(message)) return { inMessage: `messageExpression ${message.fault}` }
  if (message.type.is !== 'string') return { inMessage: 'messageExpression must evaluate to a string' }
  return { rule, program, message, isTransition }
}

const withRules = new WeakMap<Schema, boolean>()
/** Whether there is any rule in a schema or below. */
function hasRules(schema: Schema): boolean {
  const known = withRules.get(schema)
  if (known !== undefined) return known
  const found = (schema['x-kubernetes-validations']?.length ?? 0) > 0 || (schema.items !== undefined && hasRules(schema.items))
    || (typeof schema.additionalProperties === 'object' && hasRules(schema.additionalProperties)) || Object.values(schema.properties ?? {}).some(hasRules)
  withRules.set(schema, found)
  return found
}

const compiled = new WeakMap<Schema, readonly Compiled[]>()
function rulesOf(schema: Schema, isRoot: boolean): readonly Compiled[] {
  let rules = compiled.get(schema)
  if (rules === undefined) {
    const type = typeOfSchema(schema, isRoot || isEmbedded(schema))
    // What does not compile was let in by a definition that was there before: upstream passes over it too.
    rules = (schema['x-kubernetes-validations'] ?? []).map((rule) => compileRule(rule, type)).filter((made): made is Compiled => typeof made !== 'string' && !('inMessage' in made))
    compiled.set(schema, rules)
  }
  return rules
}

/** Problems because of which rules are not tried: they might look at what is not what they take it for. */
const blocking: readonly Problem['reason'][] = ['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid']
const notTried: Problem = { path: '<nil>', reason: 'FieldValueInvalid', value: null, detail: 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation' }

/** What the rules refuse of an object; `before` is what it replaces, `found` what is wrong with it already. */
export function checkRules(value: unknown, before: unknown, schema: Schema, found: readonly Problem[]): readonly Problem[] {
  if (!hasRules(schema)) return []
  if (found.some(({ reason }) => blocking.includes(reason))) return [notTried]
  const trial = new Trial()
  trial.value(value, before, schema, '', true)
  return trial.problems
}

class Trial {
  readonly problems: Problem[] = []
  #left = perRequestBudget
  #isOver = false

  value(value: unknown, before: unknown, schema: Schema, path: string, isRoot: boolean): void {
    if (this.#isOver || value === null || value === undefined || !hasRules(schema)) return
    const rules = rulesOf(schema, isRoot)
    const isSame = rules.length > 0 && before !== undefined && sameValue(value, before)
    for (const each of rules) {
      if (this.#isOver) return
      // What did not change was judged before; a rule about changes looks always.
      if (isSame && !each.isTransition) continue
      if (each.isTransition && before === undefined && each.rule.optionalOldSelf !== true) continue
      this.#try(each, value, before, schema, path)
    }
    if (Array.isArray(value)) this.#items(value, before, schema, path)
    else if (isObject(value)) {
      for (const [name, item] of Object.entries(value)) {
        const field = typeof item === 'object' || schema.properties !== undefined || schema.additionalProperties !== undefined ? schemaOfField(schema, name) : undefined
        if (field === undefined) continue
        const old = isObject(before) && Object.hasOwn(before, name) ? before[name] : undefined
        this.value(item, old, field, schema.properties?.[name] === undefined ? `${path}[${name}]` : joined(path, name), false)
      }
    }
  }

  #items(value: readonly unknown[], before: unknown, schema: Schema, path: string): void {
    const { items } = schema
    if (items === undefined || !hasRules(items)) return
    const old = Array.isArray(before) ? before : []
    // Rules about changes are not allowed where items cannot be told apart; whole lists that did not change are known.
    const isSame = old.length > 0 && (value === before || sameValue(value, before))
    value.forEach((item, index) => { this.value(item, isSame ? old[index] : correlated(item, old, schema), items, `${path}[${index}]`, false) })
  }

  #try({ rule, program, message }: Compiled, value: unknown, before: unknown, schema: Schema, path: string): void {
    const old = rule.optionalOldSelf === true ? (before === undefined ? Optional.none : new Optional(before)) : before
    const variables = { self: value, oldSelf: old }
    const outcome = evaluate(program, variables, Math.min(this.#left, perCallLimit))
    this.#left -= outcome.cost
    if ('error' in outcome) {
      const isSpent = outcome.exceeded && this.#left <= 0
      if (isSpent) this.#isOver = true
      this.#say(path, 'FieldValueInvalid', isSpent ? 'validation failed due to running out of cost budget, no further validation rules will be run'
        : outcome.exceeded ? `no further validation rules will be run due to call cost exceeds limit for rule: ${rule.rule}` : `${outcome.error} evaluating rule: ${messageOf(rule, false)}`, schema.type ?? '')
      return
    }
    if (outcome.value === true) return
    const said = message === undefined ? undefined : this.#message(message, variables)
    const at = rule.fieldPath ? `${path}${rule.fieldPath}`.replace(/^\./, '') : path
    this.#say(at, rule.reason ?? 'FieldValueInvalid', said ?? messageOf(rule), value)
  }

  #message(program: Program, variables: Readonly<Record<string, unknown>>): string | undefined {
    const outcome = evaluate(program, variables, Math.min(this.#left, perCallLimit))
    this.#left -= outcome.cost
    const text = 'error' in outcome ? undefined : jsonOf(outcome.value)
    return typeof text !== 'string' || text.trim() === '' || text.includes('\n') || text.length > messageMax ? undefined : text.trim()
  }

  #say(path: string, reason: string, detail: string, value: unknown): void {
    const known = reasons.find((each) => each === reason) ?? 'FieldValueInvalid'
    this.problems.push({ path: path === '' ? '<nil>' : path, reason: known, ...((known === 'FieldValueInvalid' || known === 'FieldValueDuplicate') && path !== '' ? { value } : {}), detail })
  }
}

const messageOf = ({ rule, message }: ValidationRule, hasFailed = true): string => (message?.trim() ? message.trim() : `${hasFailed ? 'failed rule: ' : ''}${rule.trim()}`)
