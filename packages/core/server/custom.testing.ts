// Definitions for tests, and how they get established without controllers.
import type { Said, World } from './testing.ts'

type Json = Readonly<Record<string, unknown>>
export interface Shape {
  readonly schema?: Json
  readonly group?: string
  readonly plural?: string
  readonly kind?: string
  readonly scope?: 'Namespaced' | 'Cluster'
  readonly version?: Json
  readonly versions?: readonly Json[]
  readonly spec?: Json
}
export const openSchema: Json = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
export function aDefinition({ schema = openSchema, group = 'stable.example.com', plural = 'crontabs', kind = 'CronTab', scope = 'Namespaced', version = {}, versions, spec = {} }: Shape = {}): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}` },
    spec: {
      group, scope, names: { plural, kind, shortNames: ['ct'], categories: ['all'] },
      versions: versions ?? [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }], ...spec,
    },
  }
}
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** Creates a definition and says that it is established, as its controller does. */
export function establish(world: World, definition: Json): Said {
  const made = world.ask(`POST ${definitions}`, definition)
  if (made.status !== 201) return made
  return accept(world, (definition['metadata'] as { readonly name: string }).name)
}
export function accept(world: World, name: string): Said {
  const found = world.ask(`GET ${definitions}/${name}`).body as Json & { readonly status?: Json; readonly spec: Json }
  const condition = (type: string, reason: string): Json => ({ type, status: 'True', reason, message: 'as a test says' })
  return world.ask(`PUT ${definitions}/${name}/status`, {
    ...found, status: { ...found.status, acceptedNames: found.spec['names'], conditions: [condition('NamesAccepted', 'NoConflicts'), condition('Established', 'InitialNamesAccepted')] },
  })
}
