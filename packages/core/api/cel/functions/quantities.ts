// Quantities and versions.
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, quantityFault, subtractQuantities, type Quantity as Amount } from '../../../base/quantity.ts'
import type { Overload } from '../types.ts'
import { Fault, intOf, Opaque, toDouble, type Int } from '../values.ts'
import { bool, costs, declared, double, int, member, opaque, string, traverses } from './declare.ts'

const billion = 1_000_000_000n
class Quantity extends Opaque {
  readonly typeName = 'kubernetes.Quantity'
  readonly amount: Amount
  constructor(amount: Amount) { super(); this.amount = amount }
  override equals(other: Opaque): boolean { return other instanceof Quantity && other.amount.nanos === this.amount.nanos }
  override toString(): string { return formatQuantity(this.amount) }
}
const quantityType = opaque<Quantity>('kubernetes.Quantity')
const ofInt = (value: Int): Amount => ({ nanos: BigInt(value) * billion, format: 'DecimalSI' })
// Upstream holds more than 18 digits as a decimal, of which it makes no integer.
const wholeMax = 10n ** 18n
const wholeOf = ({ nanos }: Amount): Int | undefined => nanos % billion !== 0n || nanos / billion > wholeMax || nanos / billion < -wholeMax ? undefined : intOf(nanos / billion)
const nominal = costs(1)
/** A quantity or a version of an object's field as a value; a Fault where its text is none. */
export const quantityValue = (text: string): Quantity | Fault => { const amount = parseQuantity(text); return amount === undefined ? new Fault(quantityFault) : new Quantity(amount) }
export const versionValue = (text: string): Version | Fault => readVersion(text)

export const quantities: readonly Overload[] = [
  declared('isQuantity', [string], bool, (text) => parseQuantity(text) !== undefined, traverses()),
  declared('quantity', [string], quantityType, quantityValue, traverses()),
  // As upstream: a function, and no member as the others.
  declared('sign', [quantityType], int, ({ amount }) => amount.nanos > 0n ? 1 : amount.nanos < 0n ? -1 : 0, nominal),
  member('isInteger', [quantityType], bool, ({ amount }) => wholeOf(amount) !== undefined, nominal),
  member('asInteger', [quantityType], int, ({ amount }) => wholeOf(amount) ?? new Fault('cannot convert value to integer'), nominal),
  member('asApproximateFloat', [quantityType], double, ({ amount }) => toDouble(Number(amount.nanos) / 1e9), nominal),
  member('isGreaterThan', [quantityType, quantityType], bool, (left, right) => compareQuantities(left.amount, right.amount) > 0, nominal),
  member('isLessThan', [quantityType, quantityType], bool, (left, right) => compareQuantities(left.amount, right.amount) < 0, nominal),
  member('compareTo', [quantityType, quantityType], int, (left, right) => compareQuantities(left.amount, right.amount), nominal),
  member('add', [quantityType, quantityType], quantityType, (left, right) => new Quantity(addQuantities(left.amount, right.amount)), nominal),
  member('add', [quantityType, int], quantityType, (left, right) => new Quantity(addQuantities(left.amount, ofInt(right))), nominal),
  member('sub', [quantityType, quantityType], quantityType, (left, right) => new Quantity(subtractQuantities(left.amount, right.amount)), nominal),
  member('sub', [quantityType, int], quantityType, (left, right) => new Quantity(subtractQuantities(left.amount, ofInt(right))), nominal),
]

class Version extends Opaque {
  readonly typeName = 'kubernetes.Semver'
  readonly numbers: readonly bigint[]
  readonly before: readonly string[]
  readonly text: string
  constructor(text: string, numbers: readonly bigint[], before: readonly string[]) { super(); this.text = text; this.numbers = numbers; this.before = before }
  override equals(other: Opaque): boolean { return other instanceof Version && compareVersions(this, other) === 0 }
  override toString(): string { return this.text }
}
const semverType = opaque<Version>('kubernetes.Semver')

const versionForm = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/
function readVersion(text: string): Version | Fault {
  if (text === '') return new Fault('Version string empty')
  const found = versionForm.exec(text)
  if (/^\d+\.\d+\.\d+-(\+|$)/.test(text)) return new Fault('Prerelease is empty')
  if (found === null) return new Fault(text.split('.').length < 3 ? 'No Major.Minor.Patch elements found' : `Invalid character(s) found in version ${JSON.stringify(text)}`)
  const [, major = '', minor = '', patch = '', before = '', build = ''] = found
  for (const [name, part] of [['Major', major], ['Minor', minor], ['Patch', patch]] as const) if (/^0\d/.test(part)) return new Fault(`${name} number must not contain leading zeroes ${JSON.stringify(part)}`)
  const identifiers = before === '' ? [] : before.split('.')
  if (identifiers.some((part) => /^0\d+$/.test(part))) return new Fault(`Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(identifiers.find((part) => /^0\d+$/.test(part)))}`)
  if (identifiers.includes('') || (build !== '' && build.split('.').includes(''))) return new Fault('Prerelease is empty')
  const numbers = [major, minor, patch].map(BigInt)
  return numbers.some((part) => part > 2n ** 64n - 1n) ? new Fault(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`) : new Version(text, numbers, identifiers)
}
function normalized(text: string): Version | Fault {
  const parts = cut(text.replace(/^v/, ''), 3).map((part) => part.length > 1 ? part.replace(/^0+/, '').replace(/^(?!\d)/, '0') : part)
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? '')) return new Fault('short version cannot contain PreRelease/Build meta data')
  return readVersion([...parts, '0', '0'].slice(0, 3).join('.'))
}
/** At most so many parts between dots; the last has the rest. */
function cut(text: string, most: number): readonly string[] {
  const parts = text.split('.')
  return parts.length <= most ? parts : [...parts.slice(0, most - 1), parts.slice(most - 1).join('.')]
}

function compareVersions(left: Version, right: Version): number {
  for (let index = 0; index < 3; index++) {
    const a = left.numbers[index] ?? 0n, b = right.numbers[index] ?? 0n
    if (a !== b) return a < b ? -1 : 1
  }
  // A version before a release comes before it.
  if (left.before.length === 0 || right.before.length === 0) return Math.sign(right.before.length === left.before.length ? 0 : left.before.length === 0 ? 1 : -1)
  for (let index = 0; index < Math.max(left.before.length, right.before.length); index++) {
    const a = left.before[index], b = right.before[index]
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1
    const order = compareIdentifiers(a, b)
    if (order !== 0) return order
  }
  return 0
}
function compareIdentifiers(left: string, right: string): number {
  if (left === right) return 0
  const a = /^\d+$/.test(left), b = /^\d+$/.test(right)
  if (a && b) return BigInt(left) < BigInt(right) ? -1 : 1
  return a ? -1 : b ? 1 : left < right ? -1 : 1
}

export const versions: readonly Overload[] = [
  declared('semver', [string], semverType, readVersion, traverses()),
  declared('semver', [string, bool], semverType, (text, normalize) => normalize ? normalized(text) : readVersion(text), traverses()),
  declared('isSemver', [string], bool, (text) => !(readVersion(text) instanceof Fault), traverses()),
  declared('isSemver', [string, bool], bool, (text, normalize) => !((normalize ? normalized(text) : readVersion(text)) instanceof Fault), traverses()),
  member('major', [semverType], int, ({ numbers }) => intOf(numbers[0] ?? 0n) ?? 0, nominal),
  member('minor', [semverType], int, ({ numbers }) => intOf(numbers[1] ?? 0n) ?? 0, nominal),
  member('patch', [semverType], int, ({ numbers }) => intOf(numbers[2] ?? 0n) ?? 0, nominal),
  member('isGreaterThan', [semverType, semverType], bool, (left, right) => compareVersions(left, right) > 0, nominal),
  member('isLessThan', [semverType, semverType], bool, (left, right) => compareVersions(left, right) < 0, nominal),
  member('compareTo', [semverType, semverType], int, compareVersions, nominal),
]
