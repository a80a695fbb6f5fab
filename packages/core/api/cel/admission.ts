// What expressions of webhooks and policies may speak of: the request, its objects, parameters, the authorizer, variables of their own.
import { compile, isCompileFault } from './compile.ts'
import { authorizerType, resourceCheckType } from './functions/authorizer.ts'
import { declared, string } from './functions/declare.ts'
import { typeText } from './static-types.ts'
import type { CelType, Environment, ObjectType, Overload, Program } from './types.ts'

const dyn: CelType = { is: 'dyn' }, text: CelType = { is: 'string' }, time: CelType = { is: 'timestamp' }, whole: CelType = { is: 'int' }
const listOf = (items: CelType): CelType => ({ is: 'list', items })
const mapOf = (values: CelType): CelType => ({ is: 'map', keys: text, values })
function objectOf(name: string, types: Readonly<Record<string, CelType>>): ObjectType {
  return { is: 'object', name, field: (field) => { const type = Object.hasOwn(types, field) ? types[field] : undefined; return type && { property: field, type } } }
}

const kindType = objectOf('kubernetes.GroupVersionKind', { group: text, version: text, kind: text })
const resourceType = objectOf('kubernetes.GroupVersionResource', { group: text, version: text, resource: text })
const userType = objectOf('kubernetes.UserInfo', { username: text, uid: text, groups: listOf(text), extra: mapOf(listOf(text)) })
const requestType = objectOf('kubernetes.AdmissionRequest', {
  kind: kindType, resource: resourceType, subResource: text, requestKind: kindType, requestResource: resourceType, requestSubResource: text,
  name: text, namespace: text, operation: text, userInfo: userType, dryRun: { is: 'bool' }, options: dyn,
})
const namespaceType = objectOf('kubernetes.Namespace', {
  metadata: objectOf('kubernetes.NamespaceMetadata', {
    name: text, generateName: text, namespace: text, labels: mapOf(text), annotations: mapOf(text), UID: text, creationTimestamp: time, deletionGracePeriodSeconds: whole,
    deletionTimestamp: time, generation: whole, resourceVersion: text, finalizers: listOf(text),
  }),
  spec: objectOf('kubernetes.NamespaceSpec', { finalizers: listOf(text) }),
  status: objectOf('kubernetes.NamespaceStatus', {
    phase: text, conditions: listOf(objectOf('kubernetes.NamespaceCondition', { status: text, type: text, lastTransitionTime: time, message: text, reason: text })),
  }),
})

/** Any field of an object that is to be applied; what is in it is judged when it is applied. */
const appliedType = (name: string): ObjectType => ({ is: 'object', name, field: (field) => ({ property: field, type: dyn }) })
const patchType = objectOf('JSONPatch', { op: text, path: text, from: text, value: dyn })
const patchTypes = (name: string): ObjectType | undefined => name === 'JSONPatch' ? patchType : name === 'Object' || name.startsWith('Object.') ? appliedType(name) : undefined
const patchFunctions: readonly Overload[] = [declared('jsonpatch.escapeKey', [string], string, (key) => key.replaceAll('~', '~0').replaceAll('/', '~1'))]

/** Which variables there are besides object, oldObject, request and namespaceObject; and the types of objects where they are known. */
export interface AdmissionScope {
  readonly hasParams: boolean
  readonly hasAuthorizer: boolean
  /** Of a mutation: Object{} and JSONPatch{} may be constructed. */
  readonly patches?: boolean
  readonly object?: CelType
  readonly params?: CelType
}

const kept = new Map<string, Environment>()
/** The environment of an expression of admission. */
export function admissionEnvironment(scope: AdmissionScope): Environment {
  if (scope.object !== undefined || scope.params !== undefined) return make(scope)
  const key = JSON.stringify([scope.hasParams, scope.hasAuthorizer, scope.patches === true])
  const made = kept.get(key) ?? make(scope)
  kept.set(key, made)
  return made
}
const make = ({ hasParams, hasAuthorizer, patches, object = dyn, params = dyn }: AdmissionScope): Environment => ({
  variables: {
    object, oldObject: object, request: requestType, namespaceObject: namespaceType, ...(hasParams && { params }),
    ...(hasAuthorizer && { authorizer: authorizerType, 'authorizer.requestResource': resourceCheckType }),
  },
  ...(patches === true && { typeNamed: patchTypes, functions: patchFunctions }),
})

/** An expression ready to run, or why it is not: in the words that its field's error has. */
export type Compiled = { readonly expression: string } & ({ readonly program: Program } | { readonly fault: string })

/** What an expression has to result in. */
export type Result = 'bool' | 'string' | 'text-or-null' | 'object' | 'patches' | 'any'
const wanted: Readonly<Record<Result, { readonly text: string; fits(type: CelType): boolean }>> = {
  bool: { text: 'must evaluate to bool', fits: ({ is }) => is === 'bool' },
  string: { text: 'must evaluate to string', fits: ({ is }) => is === 'string' },
  'text-or-null': { text: 'must evaluate to one of [string null_type]', fits: ({ is }) => is === 'string' || is === 'null' },
  object: { text: 'must evaluate to Object', fits: (type) => type.is === 'object' && type.name === 'Object' },
  patches: { text: 'must evaluate to list(JSONPatch)', fits: (type) => type.is === 'list' && type.items.is === 'object' && type.items.name === 'JSONPatch' },
  any: { text: '', fits: () => true },
}

/** Types that upstream calls otherwise here than in its compiler's messages. */
const runtimeNames: Readonly<Record<string, string>> = { null: 'null_type', duration: 'google.protobuf.Duration', timestamp: 'google.protobuf.Timestamp' }

/** Compiles an expression that has to result in something. */
export function compileFor(expression: string, environment: Environment, result: Result): Compiled {
  const program = compile(expression, environment)
  if (isCompileFault(program)) return { expression, fault: program.fault }
  const { text: said, fits } = wanted[result]
  return fits(program.type) ? { expression, program } : { expression, fault: `${said} but got ${runtimeNames[program.type.is] ?? typeText(program.type)}` }
}

export interface NamedExpression { readonly name: string; readonly expression: string }
/** An environment in which `variables` are known, and they themselves, compiled. */
export interface Composed { readonly environment: Environment; readonly variables: ReadonlyMap<string, Compiled> }

const composedOf = new WeakMap<readonly NamedExpression[], Map<Environment, Composed>>()
/** Adds variables to an environment: each may speak of those before it. A list is compiled once for each environment. */
export function withVariables(environment: Environment, variables: readonly NamedExpression[]): Composed {
  const kept = composedOf.get(variables) ?? new Map<Environment, Composed>()
  composedOf.set(variables, kept)
  const made = kept.get(environment) ?? compose(environment, variables)
  kept.set(environment, made)
  return made
}
function compose(environment: Environment, variables: readonly NamedExpression[]): Composed {
  // Grows while the variables are compiled, so that none sees what comes after it.
  const types = new Map<string, CelType>()
  const type: ObjectType = { is: 'object', name: 'kubernetes.variables', field: (name) => { const known = types.get(name); return known && { property: name, type: known } } }
  const within: Environment = { ...environment, variables: { ...environment.variables, variables: type } }
  const compiled = new Map<string, Compiled>()
  for (const { name, expression } of variables) {
    const made = compileFor(expression, within, 'any')
    compiled.set(name, made)
    types.set(name, 'program' in made ? made.program.type : dyn)
  }
  return { environment: within, variables: compiled }
}
