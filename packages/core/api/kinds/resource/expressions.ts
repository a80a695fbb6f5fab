// The expressions that choose devices.
import { compile, isCompileFault, typeText } from '../../cel/index.ts'
import type { CelType, Environment, ObjectField } from '../../cel/index.ts'
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
const environment: Environment = { variables: { device: { is: 'object', name: 'kubernetes.DRADevice', field: fieldNamed } } }

/** An expression over a device, as upstream's compiler takes it: not too long, not too costly, and true or false. */
export function checkDeviceExpression(expression: string, path: string): readonly Problem[] {
  if (expression.length > lengthMax) return [tooLong(path, lengthMax)]
  // Only these expressions may bind names, which our compiler does not know: such a one is taken as it is.
  if (/\bcel\.bind\(/.test(expression)) return []
  const program = compile(expression, environment)
  if (isCompileFault(program)) return [invalid(path, expression, program.fault)]
  if (program.type.is !== 'bool' && program.type.is !== 'dyn') return [invalid(path, expression, `must evaluate to bool or the unknown type, not ${typeText(program.type)}`)]
  return program.cost.max > costMax ? [forbidden(path, 'too complex, exceeds cost limit')] : []
}
