import type { Description } from './descriptions.ts'

/** One definition of the API's schema, lean: no descriptions. 'io.k8s.api.core.v1.PodSpec'. */
export interface Definition {
  readonly name: string
  /** The kinds it is served as, for top-level ones. */
  readonly kinds: readonly { readonly group: string; readonly version: string; readonly kind: string }[]
  readonly required: readonly string[]
  readonly fields: Readonly<Record<string, Field>>
  /** A definition that is a scalar or a free-form value (Quantity, Time, IntOrString, RawExtension, FieldsV1). */
  readonly scalar?: Field
  /** Server-side apply treats an object of this definition as one value. */
  readonly mapType?: 'atomic'
  /** Fields besides those named: their values are kept, whatever they are called. */
  readonly rest?: Field
  /** Of a custom resource or inside one: upstream has no type for it, so no part of it is taken for granted. */
  readonly isCustom?: true
  /** Of a custom resource: how it is read, and what the documents say of it. */
  readonly custom?: Custom
  /** What documents say of it, where no generated text does. */
  readonly said?: Description
}
export interface Custom {
  /** As `conform`. */
  conform(value: unknown): Conformed
  openapi(dialect: 2 | 3): Readonly<Record<string, unknown>>
  /** Definitions that `openapi` refers to. */
  readonly references: readonly string[]
}
/** What was made of a value; `unknown` are paths ('spec.containers[0].imagee'), `fault` is the first wrong type in upstream's words. */
export interface Conformed { readonly value: Readonly<Record<string, unknown>>; readonly unknown: readonly string[]; readonly fault: string | undefined }
export interface Field {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'any'
  readonly format?: string // 'int32', 'int64', 'double', 'byte', 'date-time', 'date-time-micro', 'int-or-string', 'quantity'
  /** A value of this definition: an object, or a scalar whose type and format stand here too. */
  readonly ref?: string
  /** Of an array. */
  readonly items?: Field
  /** Of a map with free keys. */
  readonly values?: Field
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listKeys?: readonly string[]
  readonly mapType?: 'atomic' | 'granular'
  readonly patchMergeKey?: string
  readonly patchStrategy?: string // 'merge', 'replace', 'retainKeys', 'merge,retainKeys'
  readonly default?: unknown
  /** Upstream's name of its type, where nothing else here tells it; known to who reads bodies. */
  readonly goName?: string
}
/** All definitions, loaded when first asked. */
export interface Definitions { get(name: string): Definition | undefined; forKind(group: string, version: string, kind: string): Definition | undefined; names(): Iterable<string> }
