// The names of dynamic resource allocation, and lists and maps with bounds, as upstream's pkg/apis/resource/validation.
import type { Problem } from '../../refusal.ts'
import { checkLabelName, checkSubdomain, type TextRule } from '../../selectors/syntax.ts'
import { checkDriverName } from '../drivernames.ts'
import { checkText, duplicate, invalid, required, tooLong, tooMany } from '../problems.ts'

export const group = 'resource.k8s.io'
const identifierMax = 32
const subdomainMax = 253
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/
const identifierForm = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"

/** One or several subdomains, with slashes between them. */
export function checkPool(name: string | undefined, path: string): readonly Problem[] {
  if (!name) return [required(path)]
  return [...(name.length > subdomainMax ? [tooLong(path, subdomainMax)] : []), ...name.split('/').flatMap((part) => checkText(path, part, checkSubdomain))]
}

export const checkDevice = (name: string | undefined, path: string): readonly Problem[] => checkText(path, name ?? '', checkLabelName)
export const checkRequestName = checkDevice

/** The name of an attribute or capacity: an identifier, in a domain or in the driver's own. */
export function checkQualifiedName(name: string, path: string): readonly Problem[] {
  const [first = '', second, ...more] = name.split('/')
  if (more.length > 0) return [invalid(path, name, 'must not contain more than one slash')]
  if (second === undefined) return checkIdentifier(first, path)
  return [
    ...(first === '' ? [invalid(path, '', 'the domain must not be empty')] : checkDriverName(first, path)),
    ...(second === '' ? [invalid(path, '', 'the name must not be empty')] : checkIdentifier(second, path)),
  ]
}

export const checkFullyQualifiedName = (name: string, path: string): readonly Problem[] =>
  [...checkQualifiedName(name, path), ...(name.includes('/') ? [] : [invalid(path, name, 'a fully qualified name must be a domain and a name separated by a slash')])]

const checkIdentifier = (text: string, path: string): readonly Problem[] =>
  [...(text.length > identifierMax ? [tooLong(path, identifierMax)] : []), ...(identifier.test(text) ? [] : [invalid(path, text, identifierForm)])]

/** A list that is not too long. What is too long is not looked into. */
export function checkEach<Item>(items: readonly Item[] | undefined, max: number, path: string, rule: (item: Item, path: string) => readonly Problem[]): readonly Problem[] {
  if (items === undefined) return []
  return items.length > max ? [tooMany(path, items.length, max)] : items.flatMap((item, index) => rule(item, `${path}[${index}]`))
}

/** The same for a list whose items have keys of their own. */
export function checkEachOnce<Item>(items: readonly Item[] | undefined, max: number, path: string, keyOf: (item: Item) => unknown, rule: (item: Item, path: string) => readonly Problem[]): readonly Problem[] {
  const keys = new Set<string>()
  const again = (items ?? []).flatMap((item, index) => {
    const key = JSON.stringify(keyOf(item)) ?? ''
    if (keys.has(key)) return [duplicate(`${path}[${index}]`, keyOf(item))]
    keys.add(key)
    return []
  })
  return items !== undefined && items.length > max ? [tooMany(path, items.length, max)] : [...checkEach(items, max, path, rule), ...again]
}

/** A map: its keys are told at the map, its values under their key. */
export function checkMap<Value>(map: Readonly<Record<string, Value>> | undefined, max: number, path: string, keyRule: (key: string, path: string) => readonly Problem[], rule: (value: Value, path: string) => readonly Problem[]): readonly Problem[] {
  const entries = Object.entries(map ?? {})
  return entries.length > max ? [tooMany(path, entries.length, max)] : entries.flatMap(([key, value]) => [...keyRule(key, path), ...rule(value, `${path}[${key}]`)])
}

/** A rule for a text as a rule with a path. */
export const asText = (rule: TextRule) => (text: string, path: string): readonly Problem[] => checkText(path, text, rule)
