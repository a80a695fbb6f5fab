// The expressions that choose devices.
import { Lately } from '../../../base/lately.ts'
import { compile, evaluate, isCompileFault, quantityValue, typeText, versionValue } from '../../cel/index.ts'
import type { CelType, Environment, ObjectField, Program, Value } from '../../cel/index.ts'
import type { Device, DeviceAttribute } from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import { forbidden, invalid, tooLong } from '../problems.ts'

const lengthMax = 10 * 1024
const costMax = 1_000_000
const namesMax = 32
const domain: CelType = { is: 'string', maxSize: 63 }
const id: CelType = { is: 'string', maxSize: 32 }
const byName = (values: CelType): CelType => ({ is: 'map', keys: domain, maxSize: namesMax, values: { is: 'map', keys: id, maxSize: namesMax, values } })

const fields: Readonly<Record<string, CelType>> = {
  driver: { is: 'string', maxSize: 63 },
  attributes: byName({ is: 'dyn', maxSize: 64 }),
  capacity: byName({ is: 'opaque', name: 'kubernetes.Quantity' }),
  allowMultipleAllocations: { is: 'bool' },
}
const fieldNamed = (name: string): ObjectField | undefined => {
  const type = fields[name]
  return type === undefined ? undefined : { property: name, type }
}
const environment: Environment = { variables: { device: { is: 'object', name: 'kubernetes.DRADevice', field: fieldNamed } }, binds: true }

/** An expression over a device, as upstream's compiler takes it: not too long, not too costly, and true or false. */
export function checkDeviceExpression(expression: string, path: string): readonly Problem[] {
  if (expression.length > lengthMax) return [tooLong(path, lengthMax)]
  const program = compile(expression, environment)
  if (isCompileFault(program)) return [invalid(path, expression, program.fault)]
  if (program.type.is !== 'bool' && program.type.is !== 'dyn') return [invalid(path, expression, `must evaluate to bool or the unknown type, not ${typeText(program.type)}`)]
  return program.cost.max > costMax ? [forbidden(path, 'too complex, exceeds cost limit')] : []
}

// ---- running them ------------------------------------------------------------------------------------------------------

/** Why it cannot be said whether a device satisfies an expression. */
export interface ExpressionFault { readonly fault: string }

const programsMax = 1000
// At most twice what it is given.
const programs = Lately.of<string, Program | ExpressionFault>(programsMax / 2)
/** An expression is compiled once. */
const programOf = (expression: string): Program | ExpressionFault => programs.given(expression, () => {
  const made = compile(expression, environment)
  return isCompileFault(made) ? { fault: `CEL compile error: ${made.fault}` } : made
})

/** A device never changes (its slice gets another one): what was found out of it is kept as long as it lives. */
const verdicts = new WeakMap<Device, Map<string, boolean | ExpressionFault>>()
const described = new WeakMap<Device, Value>()

/** Does a driver's device satisfy the expression? Costs nothing for a device and an expression that met before. */
export function deviceSatisfies(expression: string, driver: string, device: Device): boolean | ExpressionFault {
  const known = verdicts.get(device) ?? new Map<string, boolean | ExpressionFault>()
  const before = known.get(expression)
  if (before !== undefined) return before
  const verdict = judge(expression, driver, device)
  verdicts.set(device, known.set(expression, verdict))
  return verdict
}

function judge(expression: string, driver: string, device: Device): boolean | ExpressionFault {
  const program = programOf(expression)
  if ('fault' in program) return program
  const value = described.get(device) ?? describe(driver, device)
  described.set(device, value)
  const outcome = evaluate(program, { device: value }, costMax)
  if ('error' in outcome) return { fault: `CEL runtime error: ${outcome.error}` }
  return typeof outcome.value === 'boolean' ? outcome.value : { fault: `CEL runtime error: CEL result of type ${typeText(program.type)} could not be converted to bool` }
}

/** As upstream: a domain that a device has nothing of is an empty map, so that a condition on its parts can be false instead of a fault. */
class Domains extends Map<Value, Value> {
  override get(key: Value): Value { return super.get(key) ?? (typeof key === 'string' ? nothing : undefined) }
}
const nothing: ReadonlyMap<Value, Value> = new Map()

const describe = (driver: string, { attributes = {}, capacity = {}, allowMultipleAllocations }: Device): Value => ({
  driver, attributes: byDomain(driver, attributes, valueOf), capacity: byDomain(driver, capacity, ({ value }) => quantityValue(value)), allowMultipleAllocations: allowMultipleAllocations ?? false,
})

/** Names without a domain are in the driver's. */
function byDomain<Item>(driver: string, items: Readonly<Record<string, Item>>, value: (item: Item) => Value): Domains {
  const domains = new Map<string, Map<Value, Value>>()
  for (const name in items) {
    const item = items[name]
    if (item === undefined) continue
    const slash = name.indexOf('/')
    const domain = slash < 0 ? driver : name.slice(0, slash)
    const within = domains.get(domain) ?? new Map<Value, Value>()
    domains.set(domain, within.set(slash < 0 ? name : name.slice(slash + 1), value(item)))
  }
  return new Domains(domains)
}

function valueOf({ int, bool, string, version, ints, bools, strings, versions }: DeviceAttribute): Value {
  return int ?? bool ?? string ?? (version === undefined ? undefined : versionValue(version)) ?? ints ?? bools ?? strings ?? versions?.map(versionValue)
}
