// One version of a custom kind, as a kind of its own: all versions are stored under one name, but each has its own schema.
import type { CustomResourceDefinitionVersion } from '../generated/types.ts'
import type { Kind, Served, Subresource } from '../kind.ts'
import { sameMeaning } from '../kinds/equal.ts'
import { checkMetadata } from '../kinds/metadata.ts'
import type { Problem, Refusal } from '../refusal.ts'
import { apiVersionOf, type Draft, type Resource } from '../resource.ts'
import type { CustomResourceDefinition } from '../resources.ts'
import type { Definitions } from '../schema/types.ts'
import { changedOnly, checkEmbedded, checkRules, checkUniqueness, definitionName, fillDefaults, prune, type Schema, validateValue } from '../structural/index.ts'
import { columnsOf } from './columns.ts'
import { checkScale, scaleOf } from './scale.ts'

type Version = CustomResourceDefinitionVersion
type Json = Readonly<Record<string, unknown>>
export const schemaOf = (version: Version): Schema => (version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }) as Schema

/** How objects get from one version to another. */
export interface Converter {
  /** True where somebody outside is asked: not all that is shown is known at once. */
  readonly isOutside?: true
  /** The object in this version, with that version's apiVersion. `read`: how stored objects of the kind are read, when it is one. */
  convert(object: Json, apiVersion: string, read?: (object: Resource) => Json): Json
}
/** Versions that differ in name only. */
export const renaming: Converter = { convert: (object, apiVersion) => (object['apiVersion'] === apiVersion ? object : { ...object, apiVersion }) }

/** Stored objects as a version shows them: pruned and with the defaults of now, in that version. Kept while the object is. */
function showing(schemas: ReadonlyMap<string, Schema>, apiVersion: string, converter: Converter, builtIn: Definitions): (object: Resource) => Json {
  const kept = new WeakMap<Resource, Json>()
  const read = (object: Resource): Json => {
    const stored = schemas.get(object.apiVersion)
    const whole = object as unknown as Json
    return stored === undefined ? whole : fillDefaults(prune(whole, stored, builtIn).value, stored) as Json
  }
  return (object) => {
    const known = kept.get(object)
    if (known !== undefined) return known
    const filled = read(object)
    const converted = converter.convert(filled, apiVersion, read)
    const own = schemas.get(apiVersion)
    const made = converted === filled || own === undefined ? converted : prune(converted, own, builtIn).value
    kept.set(object, made)
    return made
  }
}

/** The kind that one version of a definition makes. `definition` is accepted: its names are those of its status. */
export function createVersion(definition: CustomResourceDefinition, version: Version, converter: Converter, builtIn: Definitions): Kind<Resource> {
  const { group, scope, versions } = definition.spec
  const names = definition.status?.acceptedNames ?? definition.spec.names
  const kind = definition.spec.names.kind
  const storage = versions.find((each) => each.storage)?.name ?? version.name
  const schema = schemaOf(version)
  const schemas = new Map(versions.map((each) => [`${group}/${each.name}`, schemaOf(each)]))
  const apiVersion = `${group}/${version.name}`
  const shown = showing(schemas, apiVersion, converter, builtIn)
  const scale = version.subresources?.scale
  const hasStatus = version.subresources?.status !== undefined && version.subresources.status !== null
  const isNamespaced = scope === 'Namespaced'
  const isTerminating = definition.metadata.deletionTimestamp !== undefined
  const checked = (next: Resource, before: Resource | undefined): readonly Problem[] => {
    // Which finalizers there are, nobody knows of kinds that are made at run time.
    const metadata = checkMetadata(next, before, { scope: isNamespaced ? 'Namespaced' : 'Cluster' }).filter(({ detail }) => !detail.startsWith('name is neither a standard finalizer'))
    const ofScale = scale === undefined ? [] : checkScale(next, scale)
    if (converter.isOutside === undefined) return [...metadata, ...checkContents(inVersion(next, apiVersion), before === undefined ? undefined : shown(before), schema, ofScale)]
    // Forms differ: the form that is stored is judged by its own schema, and the one that the request speaks besides (`check` of the version).
    const old = before === undefined ? undefined : before.apiVersion === next.apiVersion ? before as unknown as Json : converter.convert(before as unknown as Json, next.apiVersion)
    return [...metadata, ...checkContents(next as unknown as Json, old, schemas.get(next.apiVersion) ?? schema, ofScale)]
  }
  const checkOwn = (next: Resource, before: Resource | undefined): readonly Problem[] =>
    (next.apiVersion === apiVersion ? [] : checkContents(shown(next), before === undefined ? undefined : shown(before), schema, []))
  const served: Served<Resource> = {
    group, version: version.name, definition: definitionName({ group, version: version.name, kind }),
    fill: (draft) => fillDefaults(draft, schema) as Draft,
    convert: { toHub: (draft) => converter.convert(draft, `${group}/${storage}`) as Draft, fromHub: (hub) => shown(hub) as unknown as Draft },
    ...(converter.isOutside && { check: (next: Resource, before: Resource | undefined) => checkOwn(next, before) }),
    columns: columnsOf(version.additionalPrinterColumns, shown),
    fields: Object.fromEntries((version.selectableFields ?? []).map(({ jsonPath }) => [jsonPath.slice(1), (object: Resource) => textAt(shown(object), jsonPath.slice(1).split('.'))])),
    ...(version.deprecated === true && { deprecated: version.deprecationWarning ?? deprecation(apiVersion, kind, definition, version) }),
  }
  return {
    resource: `${group}/${definition.spec.names.plural}`, group, version: storage, plural: definition.spec.names.plural, kind, scope: isNamespaced ? 'Namespaced' : 'Cluster',
    singular: names.singular ?? kind.toLowerCase(), shortNames: names.shortNames ?? [], categories: names.categories ?? [], isCustom: true, ...(converter.isOutside && { isConvertedOutside: true as const }),
    revision: `${definition.metadata.uid}/${definition.metadata.generation ?? 1}/${isTerminating}`,
    served: [served], hasStatus,
    generation: (next, before) => !sameMeaning(contents(next, hasStatus), contents(before, hasStatus)),
    prepare: (next, before) => (isTerminating && before === undefined ? terminating : hasStatus ? withStatusOf(next, before) : next),
    check: checked,
    checkStatus: checked,
    subresources: subresourcesOf(version, hasStatus, shown),
  }
}

const terminating: Refusal = { refused: true, code: 405, reason: 'MethodNotAllowed', message: 'create not allowed while custom resource definition is terminating', details: {} }

/** Objects may be checked in the form in which they are stored, where versions differ in name only. */
const inVersion = (object: Resource, apiVersion: string): Json => (object.apiVersion === apiVersion ? object : { ...object, apiVersion }) as unknown as Json

/** Without what has no generation. */
function contents(object: Resource, hasStatus: boolean): Json {
  const { metadata: _metadata, apiVersion: _version, kind: _kind, ...rest } = object as Resource & Json
  if (!hasStatus) return rest
  const { status: _status, ...spec } = rest as Json & { readonly status?: unknown }
  return spec
}
function withStatusOf(next: Resource, before: Resource | undefined): Resource {
  const { status: _, ...rest } = next as Resource & { readonly status?: unknown }
  const { status } = (before ?? {}) as { readonly status?: unknown }
  return status === undefined ? rest : { ...rest, status } as Resource
}

function checkContents(next: Json, before: Json | undefined, schema: Schema, ofScale: readonly Problem[]): readonly Problem[] {
  const filled = fillDefaults(next, schema) as Json
  const { metadata, ...rest } = filled
  const value: Json = { ...rest, metadata: namesOf(metadata) }
  const structure = [...validateValue(value, schema), ...checkUniqueness(value, schema), ...checkEmbedded(value, schema)]
  const problems = [...(before === undefined || structure.length === 0 ? structure : changedOnly(structure, value, before, schema)), ...ofScale]
  return [...problems, ...checkRules(filled, before, schema, problems)]
}
/** A schema may say of metadata only what names there are. */
const namesOf = (metadata: unknown): Json => {
  const { name, generateName } = (metadata ?? {}) as { readonly name?: unknown; readonly generateName?: unknown }
  return { ...(name !== undefined && { name }), ...(generateName !== undefined && { generateName }) }
}

function subresourcesOf(version: Version, hasStatus: boolean, shown: (object: Resource) => Json): readonly Subresource<Resource>[] {
  const { scale } = version.subresources ?? {}
  return [...(hasStatus ? [{ name: 'status', is: 'status' } as const] : []), ...(scale === undefined ? [] : [scaleOf(scale, shown)])]
}

function textAt(object: unknown, names: readonly string[]): string {
  const value = names.reduce<unknown>((each, name) => (typeof each === 'object' && each !== null && Object.hasOwn(each, name) ? (each as Json)[name] : undefined), object)
  return value === undefined || value === null ? '' : String(value)
}

/** What upstream warns of when the definition says no more: the newest version that is not deprecated is named. */
function deprecation(apiVersion: string, kind: string, { spec }: CustomResourceDefinition, version: Version): string {
  const better = spec.versions.find(({ name, served, deprecated }) => served && deprecated !== true && /^v\d+$/.test(name) && name !== version.name)
  return `${apiVersion} ${kind} is deprecated${better === undefined ? '' : `; use ${apiVersionOf({ group: spec.group, version: better.name })} ${kind}`}`
}
