// What a CustomResourceDefinition may say, in upstream's words (apiextensions/validation).
import type { CustomResourceConversion, CustomResourceDefinitionNames, CustomResourceDefinitionVersion } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { CustomResourceDefinition } from '../../../resources.ts'
import { checkLabel1035, checkSubdomain, type TextRule } from '../../../selectors/syntax.ts'
import { sameMeaning } from '../../equal.ts'
import { checkMetadata } from '../../metadata.ts'
import { forbidden, immutable, invalid, required, unsupported } from '../../problems.ts'
import { checkVersion, type Places } from './version.ts'

type Spec = CustomResourceDefinition['spec']
/** Groups of the project itself: their definitions are reviewed. */
const isProtected = (group: string): boolean => group === 'k8s.io' || group.endsWith('.k8s.io') || group === 'kubernetes.io' || group.endsWith('.kubernetes.io')
export const approvalAnnotation = 'api-approved.kubernetes.io'

export function check(next: CustomResourceDefinition, before: CustomResourceDefinition | undefined): readonly Problem[] {
  const { spec, status } = next
  const name: TextRule = (text) => [...checkSubdomain(text), ...(text === `${spec.names?.plural ?? ''}.${spec.group ?? ''}` ? [] : ['must be spec.names.plural+"."+spec.group'])]
  return [
    // Any qualified name may be a finalizer here: only core kinds know which ones there are.
    ...checkMetadata(next, before, { scope: 'Cluster', name }).filter(({ detail }) => !detail.startsWith('name is neither a standard finalizer')),
    ...checkSpec(spec, before?.spec),
    ...(before === undefined ? [] : checkUpdate(spec, before)),
    ...checkApproval(next, before),
    ...checkNames(status?.acceptedNames, 'status.acceptedNames'),
    ...checkStored(next, before),
  ]
}

export const checkStatus = (next: CustomResourceDefinition, before: CustomResourceDefinition): readonly Problem[] => [
  ...checkMetadata(next, before, { scope: 'Cluster' }),
  ...checkNames(next.status?.acceptedNames, 'status.acceptedNames'),
]

function checkSpec(spec: Spec, before: Spec | undefined): readonly Problem[] {
  const { group, scope, versions = [], names, conversion } = spec
  const problems: Problem[] = []
  if (!group) problems.push(required('spec.group'))
  else if (checkSubdomain(group).length > 0) problems.push(invalid('spec.group', group, checkSubdomain(group).join(',')))
  else if (!group.includes('.')) problems.push(invalid('spec.group', group, 'should be a domain with at least one dot'))
  if (!scope) problems.push(required('spec.scope'))
  else if (scope !== 'Cluster' && scope !== 'Namespaced') problems.push(unsupported('spec.scope', scope, ['Cluster', 'Namespaced']))
  if (spec.preserveUnknownFields === true && before?.preserveUnknownFields !== true) {
    problems.push(invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'))
  }
  for (const [index, version] of versions.entries()) {
    const broken = checkLabel1035(version.name ?? '')
    if (broken.length > 0) problems.push(invalid(`spec.versions[${index}].name`, version.name ?? '', broken.join(',')))
    problems.push(...checkVersion(version, before?.versions?.find(({ name }) => name === version.name), placesOf(versions, index)))
  }
  const first = versions[0]?.name
  // What has one version only, or its first one, upstream also names by itself.
  if (first && checkLabel1035(first).length > 0) problems.push(invalid('spec.version', first, checkLabel1035(first).join(',')))
  if (new Set(versions.map(({ name }) => name)).size !== versions.length) problems.push(invalid('spec.versions', shown(spec.versions), 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1) problems.push(invalid('spec.versions', shown(spec.versions), 'must have exactly one version marked as storage version'))
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) if (!names?.[field]) problems.push(required(`spec.names.${field}`))
  return [...problems, ...checkNames(names, 'spec.names'), ...checkConversion(conversion, before?.conversion)]
}
/** What all versions have in common is, to upstream, of the definition: named there, and judged once. */
function placesOf(versions: readonly CustomResourceDefinitionVersion[], index: number): Places {
  const place = (field: 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields', common: string): string | undefined =>
    (versions.every((each) => sameMeaning(each[field], versions[0]?.[field])) ? index === 0 ? `spec.${common}` : undefined : `spec.versions[${index}].${field}`)
  return {
    version: `spec.versions[${index}]`, schema: place('schema', 'validation'), subresources: place('subresources', 'subresources'),
    columns: place('additionalPrinterColumns', 'additionalPrinterColumns'), selectableFields: place('selectableFields', 'selectableFields'),
  }
}
/** As upstream prints its own form of them. */
const shown = (versions: readonly CustomResourceDefinitionVersion[] | undefined): readonly unknown[] | null => versions === undefined ? null : versions.map(({ name, served, storage, deprecated = false, deprecationWarning = null }) => ({
  Name: name ?? '', Served: served, Storage: storage, Deprecated: deprecated, DeprecationWarning: deprecationWarning, Schema: null, Subresources: null, AdditionalPrinterColumns: null, SelectableFields: null,
}))

function checkUpdate(spec: Spec, before: CustomResourceDefinition): readonly Problem[] {
  const old = before.spec
  const established = before.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true
  const same = (path: string, next: unknown, was: unknown): readonly Problem[] => (sameMeaning(next, was) ? [] : [immutable(path, next)])
  return [
    ...(established ? [...same('spec.scope', spec.scope, old.scope), ...same('spec.names.kind', spec.names?.kind, old.names.kind)] : []),
    ...same('spec.group', spec.group, old.group), ...same('spec.names.plural', spec.names?.plural, old.names.plural),
  ]
}

function checkApproval(next: CustomResourceDefinition, before: CustomResourceDefinition | undefined): readonly Problem[] {
  if (!isProtected(next.spec.group ?? '')) return []
  const path = `metadata.annotations[${approvalAnnotation}]`
  const value = next.metadata.annotations?.[approvalAnnotation]
  const was = before?.metadata.annotations?.[approvalAnnotation]
  if (before !== undefined && value === was) return []
  if (value === undefined || value === '') return [required(path, 'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111')]
  return value.startsWith('unapproved') || /^https?:\/\/\S+$/.test(value) ? []
    : [invalid(path, value, 'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111')]
}

function checkNames(names: CustomResourceDefinitionNames | undefined, path: string): readonly Problem[] {
  if (names === undefined) return []
  const problems: Problem[] = []
  const label = (at: string, value: string | undefined): void => {
    const broken = value ? checkLabel1035(value) : []
    if (broken.length > 0) problems.push(invalid(at, value, broken.join(',')))
  }
  const listed = (at: string, value: string): void => {
    const broken = checkLabel1035(value)
    if (broken.length > 0) problems.push(invalid(at, value, broken.join(',')))
  }
  label(`${path}.plural`, names.plural)
  label(`${path}.singular`, names.singular)
  for (const field of ['kind', 'listKind'] as const) {
    const value = names[field]
    const broken = value ? checkLabel1035(value.toLowerCase()) : []
    if (broken.length > 0) problems.push(invalid(`${path}.${field}`, value, `may have mixed case, but should otherwise match: ${broken.join(',')}`))
  }
  names.shortNames?.forEach((each, index) => { listed(`${path}.shortNames[${index}]`, each) })
  if (names.kind && names.kind === names.listKind) problems.push(invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same'))
  names.categories?.forEach((each, index) => { listed(`${path}.categories[${index}]`, each) })
  return problems
}

function checkStored({ spec, status }: CustomResourceDefinition, before: CustomResourceDefinition | undefined): readonly Problem[] {
  const path = 'status.storedVersions'
  const stored = status?.storedVersions ?? []
  const versions = spec.versions ?? []
  const storage = versions.findLast((version) => version.storage)?.name
  const problems: Problem[] = stored.flatMap((name, index) => (versions.some((version) => version.name === name) ? [] : [invalid(`${path}[${index}]`, name, before === undefined ? 'must appear in spec.versions'
    : `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`)]))
  if (stored.length === 0) return [...problems, invalid(path, null, 'must have at least one stored version')]
  return storage === undefined || stored.includes(storage) ? problems : [...problems, invalid(path, stored, `must have the storage version ${storage}`)]
}

const reviewVersions = ['v1', 'v1beta1']
function checkConversion(conversion: CustomResourceConversion | undefined, before: CustomResourceConversion | undefined): readonly Problem[] {
  if (conversion === undefined) return []
  const path = 'spec.conversion'
  const { strategy, webhook } = conversion
  if (!strategy) return [required(`${path}.strategy`)]
  if (strategy !== 'None' && strategy !== 'Webhook') return [unsupported(`${path}.strategy`, strategy, ['None', 'Webhook'])]
  if (strategy === 'None') {
    return [
      ...(webhook?.clientConfig === undefined ? [] : [forbidden(`${path}.webhookClientConfig`, 'should not be set when strategy is not set to Webhook')]),
      ...(webhook?.conversionReviewVersions === undefined ? [] : [forbidden(`${path}.conversionReviewVersions`, 'should not be set when strategy is not set to Webhook')]),
    ]
  }
  return [...checkClient(webhook?.clientConfig, `${path}.webhookClientConfig`), ...checkReviewVersions(webhook?.conversionReviewVersions ?? [], before?.webhook?.conversionReviewVersions ?? [], `${path}.conversionReviewVersions`)]
}

type Client = NonNullable<NonNullable<CustomResourceConversion['webhook']>['clientConfig']>
function checkClient(client: Client | undefined, path: string): readonly Problem[] {
  if (client === undefined) return [required(path, 'required when strategy is set to Webhook')]
  const { url, service } = client
  if ((url === undefined) === (service === undefined)) return [required(path, 'exactly one of url or service is required')]
  const problems: Problem[] = []
  if (url !== undefined) problems.push(...checkUrl(url, `${path}.url`))
  if (service !== undefined) {
    const { name, namespace, path: at, port = 443 } = service
    if (!name) problems.push(required(`${path}.service.name`))
    if (!namespace) problems.push(required(`${path}.service.namespace`))
    if (port < 1 || port > 65535) problems.push(invalid(`${path}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'))
    problems.push(...checkServicePath(at ?? '', `${path}.service.path`))
  }
  return problems
}
function checkServicePath(value: string, path: string): readonly Problem[] {
  if (value === '' || value === '/') return []
  if (value === '//') return [invalid(path, value, 'segment[0] may not be empty')]
  const problems: Problem[] = value.startsWith('/') ? [] : [invalid(path, value, "must start with a '/'")]
  const inner = value.slice(1, value.endsWith('/') ? -1 : undefined)
  for (const [index, segment] of inner.split('/').entries()) {
    if (segment === '') problems.push(invalid(path, value, `segment[${index}] may not be empty`))
    else for (const detail of checkSubdomain(segment)) problems.push(invalid(path, value, `segment[${index}]: ${detail}`))
  }
  return problems
}
function checkUrl(url: string, path: string): readonly Problem[] {
  const form = 'desired format: https://host[/path]'
  const parts = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(url)
  const [, scheme = '', authority = '', , query = '', fragment = ''] = parts ?? []
  const problems: Problem[] = []
  if (scheme !== 'https') problems.push(invalid(path, scheme, `'https' is the only allowed URL scheme; ${form}`))
  if (authority === '') problems.push(invalid(path, authority, `host must be specified; ${form}`))
  if (authority.includes('@')) problems.push(invalid(path, authority.slice(0, authority.indexOf('@')), 'user information is not permitted in the URL'))
  if (fragment !== '') problems.push(invalid(path, fragment.slice(1), 'fragments are not permitted in the URL'))
  if (query !== '') problems.push(invalid(path, query.slice(1), 'query parameters are not permitted in the URL'))
  return problems
}
function checkReviewVersions(versions: readonly string[], before: readonly string[], path: string): readonly Problem[] {
  if (versions.length === 0) return [required(path)]
  const problems: Problem[] = []
  versions.forEach((version, index) => {
    if (versions.indexOf(version) < index) problems.push(invalid(`${path}[${index}]`, version, 'duplicate version'))
    for (const detail of checkLabel1035(version)) problems.push(invalid(`${path}[${index}]`, version, detail))
  })
  const isKnown = (list: readonly string[]): boolean => list.some((version) => reviewVersions.includes(version))
  return isKnown(versions) || (before.length > 0 && !isKnown(before)) ? problems : [...problems, invalid(path, versions, `must include at least one of ${reviewVersions.join(', ')}`)]
}
