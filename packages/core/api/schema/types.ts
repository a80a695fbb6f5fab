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
}
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
}
/** All definitions, loaded when first asked. */
export interface Definitions { get(name: string): Definition | undefined; forKind(group: string, version: string, kind: string): Definition | undefined; names(): Iterable<string> }
