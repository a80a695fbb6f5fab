// Named formats: format.named('dns1123Label').value().validate(text).
import { checkLabel1035, checkLabelKey, checkLabelName, checkLabelValue, checkSubdomain } from '../../selectors/syntax.ts'
import { scaled, times } from '../static-types.ts'
import { timestampFrom } from '../times.ts'
import type { Overload } from '../types.ts'
import { Fault, Opaque, Optional, sizeOf } from '../values.ts'
import { type Costs, declared, list, member, opaque, optional, string, traversal } from './declare.ts'
import { urls } from './urls.ts'

type Check = (text: string) => readonly string[]
class Format extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat'
  readonly name: string
  readonly check: Check
  constructor(name: string, check: Check) { super(); this.name = name; this.check = check }
  override toString(): string { return this.name }
}
const formatType = opaque<Format>('kubernetes.NamedFormat')

/** Of a name's beginning, the end may be a dash that will not be last. */
const prefix = (check: Check): Check => (text) => check(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -1)}a` : text)
const only = (fits: (text: string) => boolean, fault: string): Check => (text) => fits(text) ? [] : [fault]
const asUrl: Check = (text) => {
  const read = urls.find(({ name }) => name === 'url')?.call(text)
  return read instanceof Fault ? [read.message.replace('URL parse error during conversion from string: ', '')] : []
}
/** Upstream has renamed what its older checks call a qualified name. */
const asLabelKey: Check = (text) => checkLabelKey(text).map((fault) => fault.replace('a qualified name must', 'a valid label key must'))
const checks: Readonly<Record<string, Check>> = {
  dns1123Label: checkLabelName, dns1123Subdomain: checkSubdomain, dns1035Label: checkLabel1035, qualifiedName: asLabelKey,
  dns1123LabelPrefix: prefix(checkLabelName), dns1123SubdomainPrefix: prefix(checkSubdomain), dns1035LabelPrefix: prefix(checkLabel1035), labelValue: checkLabelValue,
  uri: asUrl,
  uuid: only((text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text), 'does not match the UUID format'),
  byte: only((text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text), 'invalid base64'),
  date: only((text) => /^\d{4}-\d\d-\d\d$/.test(text) && !(timestampFrom(`${text}T00:00:00Z`) instanceof Fault), 'invalid date'),
  datetime: only((text) => !(timestampFrom(text) instanceof Fault), 'invalid datetime'),
}
const formats = new Map(Object.entries(checks).map(([name, check]) => [name, new Format(name, check)] as const))

/** As a match of the longest pattern among the formats. */
const patternCharacters = 60
const perPattern = Math.ceil(patternCharacters * 0.25)
const matching: Costs = {
  cost: ([, text]) => Math.ceil((1 + sizeOf(text)) * traversal) * perPattern,
  estimate: ([, { min, max } = { min: 0, max: Infinity }]) => ({ cost: times(scaled({ min: min + 1, max: max + 1 }, traversal), { min: perPattern, max: perPattern }) }),
}
export const namedFormats: readonly Overload[] = [
  declared('format.named', [string], optional(formatType), (name) => { const found = formats.get(name); return found === undefined ? Optional.none : new Optional(found) }),
  ...[...formats].map(([name, format]) => declared(`format.${name}`, [], formatType, () => format)),
  member('validate', [formatType, string], optional(list(string)), ({ check }, text) => { const faults = check(text); return faults.length === 0 ? Optional.none : new Optional(faults) }, matching),
]
