// JWT authenticators: apiserver.config.k8s.io AuthenticationConfiguration, read from its file. Whose tokens are taken, and what their claims mean.
import { readYaml } from '../../api/text/index.ts'
import { faultOf } from './claim-expressions.ts'

type Fields = Readonly<Record<string, unknown>>

/** How a text is made of claims: one claim with a prefix, or a CEL expression over `claims`. */
export type Mapping = { readonly claim: string; readonly prefix: string } | { readonly expression: string }
export interface JwtAuthenticator {
  readonly issuer: { readonly url: string; readonly discoveryURL?: string; readonly certificateAuthority?: string; readonly audiences: readonly string[] }
  readonly username: Mapping
  readonly groups?: Mapping
  readonly uid?: Mapping
  readonly extra: readonly { readonly key: string; readonly valueExpression: string }[]
  readonly claimValidationRules: readonly ({ readonly claim: string; readonly requiredValue: string } | { readonly expression: string; readonly message: string })[]
  readonly userValidationRules: readonly { readonly expression: string; readonly message: string }[]
}
export interface Authenticators { readonly jwt: readonly JwtAuthenticator[]; readonly anonymous?: { readonly enabled: boolean; readonly paths: readonly string[] } }
export interface ConfigurationFault { readonly fault: string }

const versions = ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1', 'apiserver.config.k8s.io/v1alpha1']

/** Reads an AuthenticationConfiguration as YAML or JSON; every fault is told with its path. */
export function readAuthenticators(text: string): Authenticators | ConfigurationFault {
  const reading = readYaml(text)
  if (!reading.ok) return { fault: reading.message }
  const document = fieldsOf(reading.value)
  if (document === undefined || document['kind'] !== 'AuthenticationConfiguration' || !versions.includes(String(document['apiVersion']))) {
    return { fault: `expected kind AuthenticationConfiguration of ${versions[0]}, found ${JSON.stringify(document?.['kind'])} of ${JSON.stringify(document?.['apiVersion'])}` }
  }
  const faults: string[] = []
  const reader = new Reader(faults)
  const jwt = reader.list(document['jwt'], 'jwt').map((each, at) => authenticatorOf(reader, each, `jwt[${at}]`))
  const seen = new Set<string>()
  for (const [at, { issuer }] of jwt.entries()) {
    if (seen.has(issuer.url)) faults.push(`jwt[${at}].issuer.url: duplicate value ${JSON.stringify(issuer.url)}`)
    seen.add(issuer.url)
  }
  const anonymous = fieldsOf(document['anonymous'])
  if (faults.length > 0) return { fault: faults.join('; ') }
  return {
    jwt,
    ...(anonymous !== undefined && { anonymous: { enabled: anonymous['enabled'] === true, paths: reader.list(anonymous['conditions'], 'anonymous.conditions').map((each) => String(each['path'] ?? '')) } }),
  }
}

class Reader {
  readonly #faults: string[]
  constructor(faults: string[]) { this.#faults = faults }
  say(path: string, what: string): void { this.#faults.push(`${path}: ${what}`) }
  list(value: unknown, path: string): readonly Fields[] {
    if (value === undefined || value === null) return []
    if (Array.isArray(value) && value.every((each) => fieldsOf(each) !== undefined)) return value as readonly Fields[]
    this.say(path, 'expected a list of objects')
    return []
  }
  text(value: unknown, path: string): string {
    if (typeof value === 'string' && value !== '') return value
    this.say(path, `expected a text, found ${JSON.stringify(value) ?? 'nothing'}`)
    return ''
  }
  expression(value: unknown, path: string): string {
    const expression = this.text(value, path)
    const fault = expression === '' ? undefined : faultOf(expression)
    if (fault !== undefined) this.say(path, fault)
    return expression
  }
  mapping(value: unknown, path: string, needsPrefix: boolean): Mapping | undefined {
    const given = fieldsOf(value)
    if (given === undefined || (given['claim'] === undefined && given['expression'] === undefined)) return undefined
    if (given['claim'] !== undefined && given['expression'] !== undefined) this.say(path, 'claim and expression can\'t both be set')
    if (given['expression'] !== undefined) return { expression: this.expression(given['expression'], `${path}.expression`) }
    if (needsPrefix && typeof given['prefix'] !== 'string') this.say(`${path}.prefix`, 'prefix is required when claim is set. It can be set to an empty string to disable prefixing')
    return { claim: this.text(given['claim'], `${path}.claim`), prefix: typeof given['prefix'] === 'string' ? given['prefix'] : '' }
  }
}

function authenticatorOf(reader: Reader, given: Fields, path: string): JwtAuthenticator {
  const issuer = fieldsOf(given['issuer']) ?? {}
  const url = reader.text(issuer['url'], `${path}.issuer.url`)
  if (url !== '' && !url.startsWith('https://')) reader.say(`${path}.issuer.url`, 'URL scheme must be https')
  const discoveryURL = issuer['discoveryURL']
  if (typeof discoveryURL === 'string' && !discoveryURL.startsWith('https://')) reader.say(`${path}.issuer.discoveryURL`, 'URL scheme must be https')
  const audiences = Array.isArray(issuer['audiences']) ? issuer['audiences'].map(String) : []
  if (audiences.length === 0) reader.say(`${path}.issuer.audiences`, 'at least one audience is required')
  if (audiences.length > 1 && issuer['audienceMatchPolicy'] !== 'MatchAny') reader.say(`${path}.issuer.audienceMatchPolicy`, 'audienceMatchPolicy must be MatchAny for multiple audiences')
  const mappings = fieldsOf(given['claimMappings']) ?? {}
  const username = reader.mapping(mappings['username'], `${path}.claimMappings.username`, true)
  if (username === undefined) reader.say(`${path}.claimMappings.username`, 'claim or expression is required')
  const groups = reader.mapping(mappings['groups'], `${path}.claimMappings.groups`, true)
  const uid = reader.mapping(mappings['uid'], `${path}.claimMappings.uid`, false)
  return {
    issuer: {
      url, audiences, ...(typeof discoveryURL === 'string' && { discoveryURL }),
      ...(typeof issuer['certificateAuthority'] === 'string' && issuer['certificateAuthority'] !== '' && { certificateAuthority: issuer['certificateAuthority'] }),
    },
    username: username ?? { claim: '', prefix: '' }, ...(groups !== undefined && { groups }), ...(uid !== undefined && { uid }),
    extra: reader.list(mappings['extra'], `${path}.claimMappings.extra`).map((each, at) => ({
      key: reader.text(each['key'], `${path}.claimMappings.extra[${at}].key`), valueExpression: reader.expression(each['valueExpression'], `${path}.claimMappings.extra[${at}].valueExpression`),
    })),
    claimValidationRules: reader.list(given['claimValidationRules'], `${path}.claimValidationRules`).map((each, at) => (each['expression'] === undefined
      ? { claim: reader.text(each['claim'], `${path}.claimValidationRules[${at}].claim`), requiredValue: String(each['requiredValue'] ?? '') }
      : { expression: reader.expression(each['expression'], `${path}.claimValidationRules[${at}].expression`), message: String(each['message'] ?? '') })),
    userValidationRules: reader.list(given['userValidationRules'], `${path}.userValidationRules`).map((each, at) => ({
      expression: reader.expression(each['expression'], `${path}.userValidationRules[${at}].expression`), message: String(each['message'] ?? ''),
    })),
  }
}

const fieldsOf = (value: unknown): Fields | undefined => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Fields : undefined)
