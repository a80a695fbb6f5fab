// Hostile values: JSON that is nearly right, and texts that break parsers.
import type { Random } from '../../packages/core/base/index.ts'

type Json = unknown
export const pick = <Value>(random: Random, items: readonly Value[]): Value => items[random.below(items.length)] as Value

const names = ['', 'a', 'web', 'default', 'kube-system', '..', '.', '%2e', 'A', 'a/b', 'x'.repeat(254), 'ä', '\u0000', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', '-', 'a--b', 'null', '$patch', '*', '{}', '\ud800']
const texts = [...names, '\n', '"', "'", '\\', '10Gi', '-1', '1e400', '9223372036854775808', '2026-01-01T00:00:00Z', '0000-00-00T00:00:00Z', '99999-01-01T00:00:00Z', '1h', '*/0 * * * *', '@every 1s', 'Europe/Nowhere', '10.0.0.1', '::1', '1.2.3.4/33', 'http://[', 'IfNotPresent', 'a=b', 'a in (', '<script>', 'AAAA====', '(a+)+$', '[', '\u{1f680}', 'x'.repeat(70_000)]
const numbers = [0, -0, 1, -1, 0.5, 1e21, 1e308, 2147483648, -2147483649, 9007199254740993, Number.MAX_SAFE_INTEGER, 4294967296]

/** Any JSON, not deep and not long, most of the time. */
export function anyJson(random: Random, depth = 0): Json {
  switch (random.below(depth > 4 ? 4 : 7)) {
    case 0: return null
    case 1: return random.chance(0.5)
    case 2: return pick(random, numbers)
    case 3: return pick(random, texts)
    case 4: return Array.from({ length: random.below(4) }, () => anyJson(random, depth + 1))
    default: return Object.fromEntries(Array.from({ length: random.below(4) }, () => [random.chance(0.5) ? pick(random, fieldNames) : pick(random, texts), anyJson(random, depth + 1)]))
  }
}
const fieldNames = ['metadata', 'spec', 'status', 'name', 'namespace', 'labels', 'annotations', 'finalizers', 'ownerReferences', 'managedFields', 'selector', 'template', 'containers', 'kind', 'apiVersion', 'data', 'rules', 'items', 'type', 'properties', 'openAPIV3Schema', 'versions']

/** The value with one or a few of its parts replaced, removed, repeated or moved. */
export function mutated(random: Random, value: Json): Json {
  let made = value
  for (let times = 1 + random.below(3); times > 0; times--) made = mutatedOnce(random, made)
  return made
}
function mutatedOnce(random: Random, value: Json): Json {
  if (typeof value !== 'object' || value === null || random.chance(0.06)) return random.chance(0.3) ? anyJson(random) : typeof value === 'string' ? pick(random, texts) : typeof value === 'number' ? pick(random, numbers) : anyJson(random)
  if (Array.isArray(value)) {
    if (value.length === 0) return [anyJson(random)]
    const at = random.below(value.length)
    switch (random.below(5)) {
      case 0: return value.toSpliced(at, 1)
      case 1: return [...value, value[at]]
      case 2: return [...value, anyJson(random)]
      default: return value.with(at, mutatedOnce(random, value[at]))
    }
  }
  const keys = Object.keys(value)
  const record = value as Readonly<Record<string, Json>>
  const key = keys.length === 0 ? 'x' : pick(random, keys)
  switch (random.below(8)) {
    case 0: { const { [key]: _, ...rest } = record; return rest }
    case 1: return { ...record, [pick(random, fieldNames)]: anyJson(random) }
    case 2: return { ...record, [pick(random, texts)]: record[key] }
    case 3: return { ...record, [key]: null }
    default: return { ...record, [key]: mutatedOnce(random, record[key]) }
  }
}

/** The text cut, doubled or with a stray character. */
export function brokenText(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  switch (random.below(6)) {
    case 0: return text.slice(0, at)
    case 1: return text + text
    case 2: return text.slice(0, at) + pick(random, texts) + text.slice(at)
    case 3: return `${'['.repeat(20_000)}`
    case 4: return `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_001)}`
    default: return text.slice(0, at) + String.fromCharCode(random.below(65536)) + text.slice(at + 1)
  }
}

/** YAML that grows when it is read, or loops. */
export const hostileYaml: readonly string[] = [
  `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n`,
  'a: &a\n  b: *a\n', '? [a, b]\n: c\n', '!!js/function "x"', '--- a\n--- b\n', 'a: !!binary "@@@"\n', `${'- '.repeat(5_000)}x`, 'key: "\\uD800"', '<<: *nothing', '%YAML 9.9\n---\na: b\n',
]
