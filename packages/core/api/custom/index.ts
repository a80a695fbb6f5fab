// Kinds that are made at run time from CustomResourceDefinitions.
import type { Kind } from '../kind.ts'
import type { Resource, ResourceType } from '../resource.ts'
import type { CustomResourceDefinition } from '../resources.ts'
import type { Definition, Definitions } from '../schema/types.ts'
import { definitionsOf } from '../structural/index.ts'
import { type Converter, createVersion, renaming, schemaOf } from './version.ts'

export type { Converter } from './version.ts'

export interface CustomKind {
  /** The version that objects are stored in, whether it is served or not. */
  readonly hub: Kind<Resource>
  /** A kind for each served version. */
  readonly served: readonly Kind<Resource>[]
  /** What its objects may be stored as: they keep the version in which they were written last. */
  readonly types: readonly ResourceType<Resource>[]
  /** The schemas of all versions. */
  readonly definitions: readonly Definition[]
}

/** The kinds of an established definition. */
export function createCustomKind(definition: CustomResourceDefinition, builtIn: Definitions, converter: Converter = renaming): CustomKind | undefined {
  const { group, versions, names } = definition.spec
  const made = versions.map((version) => ({ version, kind: createVersion(definition, version, converter, builtIn) }))
  const hub = made.find(({ version }) => version.storage)?.kind
  if (hub === undefined) return undefined
  const listKind = names.listKind ?? `${names.kind}List`
  return {
    hub, types: versions.map(({ name }) => ({ resource: hub.resource, group, version: name, plural: hub.plural, kind: hub.kind, scope: hub.scope })),
    served: made.filter(({ version }) => version.served).map(({ kind }) => kind),
    definitions: versions.flatMap((version) => definitionsOf({ group, version: version.name, plural: names.plural, kind: names.kind, listKind }, schemaOf(version), builtIn)),
  }
}

/** Whether a definition's kinds are served: its names were accepted. */
export const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True') === true
