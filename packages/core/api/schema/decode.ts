// A request's body, decoded: bytes in one of the accepted forms become an object of the expected definition, or a refusal.
import { readProtobuf } from '../protobuf/index.ts'
import type { Refusal } from '../refusal.ts'
import { apiVersionOf, splitVersion, type Draft } from '../resource.ts'
import { readJson, type Reading } from '../text/json.ts'
import { readYaml } from '../text/yaml.ts'
import { conform } from './conform.ts'
import { describeKind, goValue } from './go.ts'
import type { Definition, Definitions } from './types.ts'

/** What happens to unknown and repeated fields: refused, told in a warning, or nothing. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'
export interface GroupVersionKind { readonly group: string; readonly version: string; readonly kind: string }
export interface Expected {
  readonly definitions: Definitions
  readonly definition: Definition
  readonly mode: FieldValidation
  /** What a body without apiVersion and kind is, and what others must be; by default the definition's first kind. */
  readonly kind?: GroupVersionKind
  /** The stored object that was patched: what it shares with the value needs no reading. */
  readonly patched?: object
  /** Kinds that are read as if they were the expected one: an Eviction of an older version. */
  readonly also?: readonly GroupVersionKind[]
}
export interface Decoded { readonly value: Draft; readonly warnings: readonly string[] }

const badRequest = (message: string): Refusal => ({ refused: true, code: 400, reason: 'BadRequest', message })

/** The media types of bodies that `decode` reads. */
export const bodyTypes: readonly string[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** Decodes a body. An unknown content type is read as JSON: refuse it before. */
export function decode(bytes: Uint8Array, contentType: string, expected: Expected): Decoded | Refusal {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase()
  if (type === 'application/apply-patch+yaml') return decodeApplied(applyReading(text(bytes)), expected)
  const reading = type === 'application/vnd.kubernetes.protobuf' ? readProtobuf(bytes, expected.definitions, expected.definition)
    : type === 'application/yaml' ? yamlReading(text(bytes)) : inJson(readJson(text(bytes)))
  return decodeReading(reading, expected, () => summary(bytes))
}

/** Checks a value that was read already, as `decode` does; repeated fields are known from the reading. */
export function decodeReading(reading: Reading, expected: Expected, shown: () => string = () => '{...}'): Decoded | Refusal {
  const kind = expected.kind ?? expected.definition.kinds[0] ?? { group: '', version: '', kind: expected.definition.name.split('.').pop() ?? '' }
  const unrecognized = (why: string): Refusal => badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${why} (${shown()})`)
  if (!reading.ok) return unrecognized(reading.message)
  const { value } = reading
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`)
  }
  const said = value as { readonly apiVersion?: unknown; readonly kind?: unknown }
  for (const field of ['apiVersion', 'kind'] as const) {
    if (said[field] !== undefined && said[field] !== null && typeof said[field] !== 'string') {
      return unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(said[field]) ? 'array' : typeof said[field]} into Go struct field .${field} of type string`)
    }
  }
  // Upstream reads custom resources as they come: nothing says what they are but they themselves.
  if (expected.definition.custom !== undefined && !said.kind) return unrecognized(`Object 'Kind' is missing in '${JSON.stringify(value)}'`)
  if (expected.definition.custom !== undefined && !said.apiVersion) return badRequest(`the API version in the data () does not match the expected API version (${apiVersionOf(kind)})`)
  const apiVersion = String(said.apiVersion ?? '') || apiVersionOf(kind)
  const kindName = String(said.kind ?? '') || kind.kind
  const accepted = [kind, ...expected.definition.kinds, ...(expected.also ?? [])]
  const cannot = (why: string): Refusal => badRequest(`${kindName} in version ${JSON.stringify(apiVersion.split('/').pop())} cannot be handled as a ${kind.kind}: ${why}`)
  if (!accepted.some((each) => each.kind === kindName && apiVersionOf(each) === apiVersion)) {
    if (expected.definition.custom !== undefined && apiVersion === apiVersionOf(kind)) return otherKind(kind, kindName, said, 'kind', kindName, kind.kind)
    if (expected.definition.custom !== undefined && expected.patched !== undefined) return otherKind({ ...kind, group: splitVersion(apiVersion)[0] }, kindName, said, 'apiVersion', apiVersion, apiVersionOf(kind))
    const known = expected.definitions.forKind(...splitVersion(apiVersion), kindName)
    if ((kindName === kind.kind && known !== undefined) || expected.definition.custom !== undefined) return badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(kind)})`)
    // The types and files of upstream's program are part of its words.
    return known
      ? cannot(`converting (${apiVersion.split('/').pop()}.${kindName}) to (${kind.group.split('.')[0] || 'core'}.${kind.kind}): unknown conversion`)
      : cannot(`no kind ${JSON.stringify(kindName)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`)
  }
  const conformed = conform(value, expected.definition, expected.definitions, 'parse', expected.patched)
  if (conformed.fault !== undefined) return cannot(conformed.fault)
  const strict = strictFaults(reading.repeated === undefined ? reading.duplicates : [], conformed.unknown)
  const repeated = reading.repeated === undefined ? [] : [reading.repeated]
  const metadata = (conformed.value['metadata'] ?? {}) as Draft['metadata']
  if (strict.length + repeated.length > 0 && expected.mode === 'Strict') return cannot(`strict decoding error: ${[...repeated, ...strict].join(', ')}`)
  return {
    value: { apiVersion, kind: kindName, ...conformed.value, ...(expected.definition.fields['metadata'] ? { metadata } : {}) } as Draft,
    warnings: expected.mode === 'Warn' ? [...repeated, ...strict] : [],
  }
}

/**
 * An applied configuration is taken as it was sent: whoever says a zero or a null owns it, and what it is said to be is
 * compared as text. What its types are, and whether its fields are declared, is found when it is merged.
 */
function decodeApplied(reading: Reading, { definition, kind = definition.kinds[0], mode }: Expected): Decoded | Refusal {
  if (!reading.ok) return badRequest(`error decoding YAML: ${reading.message}`)
  const value = reading.value ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    return badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${describeKind(value)} into Go value of type map[string]interface {}`)
  }
  const said = value as Readonly<Record<string, unknown>>
  const [apiVersion, kindName] = [said['apiVersion'] ?? '', said['kind'] ?? ''].map(String)
  if (kind === undefined || apiVersion !== apiVersionOf(kind) || kindName !== kind.kind) return badRequest(`invalid object type: ${groupVersion(apiVersion ?? '')}, Kind=${kindName}`)
  const repeated = reading.repeated === undefined ? [] : [`error converting YAML to JSON: ${reading.repeated}`]
  const strict = strictFaults(reading.repeated === undefined ? reading.duplicates : [], [])
  if (repeated.length > 0 && mode === 'Strict') return badRequest(`error strict decoding YAML: ${repeated.join('')}`)
  if (strict.length > 0 && mode === 'Strict') return badRequest(`error strict decoding YAML: ${strict.join(', ')}`)
  const metadata = (said['metadata'] ?? {}) as Draft['metadata']
  if (typeof metadata !== 'object' || Array.isArray(metadata)) return untyped({ apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: {} }, [`.metadata: expected map, got &{${goValue(metadata)}}`])
  return { value: { ...said, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata } as Draft, warnings: mode === 'Warn' ? [...repeated, ...strict] : [] }
}
/** '/v1', 'apps/v1': as upstream prints a group and version with a kind. */
const groupVersion = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion : `/${apiVersion}`)

/** Upstream reads custom resources as they come, and finds later that one is of another kind. */
function otherKind({ group }: GroupVersionKind, kind: string, object: object, field: 'kind' | 'apiVersion', found: string, wanted: string): Refusal {
  const { name = '' } = ((object as { readonly metadata?: unknown }).metadata ?? {}) as { readonly name?: string }
  const message = `Invalid value: ${JSON.stringify(found)}: must be ${wanted}`
  return {
    refused: true, code: 422, reason: 'Invalid', message: `${group === '' ? kind : `${kind}.${group}`} ${JSON.stringify(name)} is invalid: ${field}: ${message}`,
    details: { name, ...(group !== '' && { group }), kind, causes: [{ reason: 'FieldValueInvalid', message, field }] },
  }
}

/** Upstream answers 500 to a configuration that has no paths, or ambiguous ones: nobody could own what it says. */
export function untyped({ apiVersion, kind, metadata }: Pick<Draft, 'apiVersion' | 'kind' | 'metadata'>, faults: readonly string[]): Refusal {
  const what = faults.length === 1 ? faults.join('') : `errors:\n${faults.map((fault) => `  ${fault}`).join('\n')}`
  return { refused: true, code: 500, reason: '', message: `failed to create typed patch object (${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${groupVersion(apiVersion)}, Kind=${kind}): ${what}` }
}

/** The same of one whose outcome is no object of its kind. */
export function unconverted({ apiVersion, kind, metadata }: Pick<Draft, 'apiVersion' | 'kind' | 'metadata'>, fault: string): Refusal {
  const type = `${groupVersion(apiVersion)}, Kind=${kind}`
  return { refused: true, code: 500, reason: '', message: `failed to convert new object (${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${type}) to proper version: unable to convert unstructured object to ${type}: ${fault}` }
}

/** The faults that only strict reading minds, in upstream's words. */
export const strictFaults = (duplicates: readonly string[], unknown: readonly string[]): readonly string[] =>
  [...duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`), ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`)]

const inJson = (reading: Reading): Reading => (reading.ok ? reading : { ok: false, message: `couldn't get version/kind; json parse error: ${reading.message}` })
const decoder = new TextDecoder()
const text = (bytes: Uint8Array): string => decoder.decode(bytes)
const isJson = (source: string): boolean => source.trimStart().startsWith('{')
const yamlReading = (source: string): Reading => (isJson(source) ? inJson(readJson(source)) : readYaml(source))
function applyReading(source: string): Reading {
  const reading = isJson(source) ? readJson(source) : readYaml(source)
  return reading.ok || !reading.message.startsWith('yaml:') ? reading : { ok: false, message: `error converting YAML to JSON: ${reading.message}` }
}

/** The first bytes of a body, as upstream shows what it could not recognise. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>'
  const head = bytes.subarray(0, 30)
  const shown = bytes[0] === 123 ? text(head) : [...head].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return bytes.length > 30 ? `${shown} ...` : shown
}
