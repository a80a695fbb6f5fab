// The Common Expression Language as Kubernetes uses it: what goes in and what comes out. The functions are in index.ts.

/** A static type. Sizes are upper bounds of characters, items or entries, for the estimate of the worst cost. */
export type CelType =
  | { readonly is: 'dyn' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration' | 'null'; readonly maxSize?: number }
  | { readonly is: 'list'; readonly items: CelType; readonly maxSize?: number; readonly listType?: 'set' | 'map'; readonly listKeys?: readonly string[] }
  | { readonly is: 'map'; readonly keys: CelType; readonly values: CelType; readonly maxSize?: number }
  | ObjectType
  | { readonly is: 'optional'; readonly of: CelType }
  | { readonly is: 'type'; readonly of: CelType }
  /** A type of a library: 'kubernetes.Quantity'. */
  | { readonly is: 'opaque'; readonly name: string }
  /** A free type of a function's signature. */
  | { readonly is: 'param'; readonly name: string }

/** An object with known fields: any other field does not compile. */
export interface ObjectType {
  readonly is: 'object'
  readonly name: string
  /** By the name as an expression writes it: 'foo__dot__bar', '__namespace__'. */
  field(name: string): ObjectField | undefined
}
export interface ObjectField { readonly property: string; readonly type: CelType }

/** What an expression may speak of. Build it once and compile many expressions in it. */
export interface Environment {
  readonly variables: Readonly<Record<string, CelType>>
  /** Types that an expression may construct: 'Object.spec', 'JSONPatch'. */
  typeNamed?(name: string): ObjectType | undefined
  /** Functions besides those that every expression of Kubernetes may call. */
  readonly functions?: readonly Overload[]
  /** May an expression give values names of its own by cel.bind? */
  readonly binds?: boolean
}

/** A compiled expression. */
export interface Program {
  readonly expression: string
  /** What it evaluates to, as far as it is known without running. */
  readonly type: CelType
  /** Bounds of the cost in upstream's units; Infinity where nothing bounds it. */
  readonly cost: Range
  /** Variables of the environment that the expression uses. */
  readonly uses: ReadonlySet<string>
  /** For evaluate() only. */
  readonly run: (frame: Frame) => Value
  readonly slots: number
}

/** Why an expression did not compile: the whole text, 'compilation failed: ERROR: <input>:1:5: undeclared reference …'. */
export interface CompileFault { readonly fault: string; readonly issues: readonly Issue[] }
export interface Issue { readonly line: number; readonly column: number; readonly message: string }

/** What became of an evaluation. The cost is upstream's and is to be taken off the request's budget, also after an error. */
export type Outcome =
  | { readonly value: Value; readonly cost: number }
  | { readonly error: string; readonly exceeded: boolean; readonly cost: number }

export interface Range { readonly min: number; readonly max: number }

/**
 * A value while an expression runs. Plain JSON is a value as it is: an integer number is an int, any other number a double.
 * The rest (uint, whole doubles, bytes, times, types, optionals, computed maps) are the classes of values.ts.
 */
export type Value = unknown

/** Fields that are found when asked: the variables of a policy, evaluated lazily. */
export abstract class Fields {
  /** The value, a Fault, or undefined: there is no such field. */
  abstract find(name: string): Value
}

/** The state of one evaluation. */
export interface Frame { readonly variables: Readonly<Record<string, Value>>; readonly slots: Value[]; cost: number; readonly limit: number }

/** One overload of a function. A member's first argument is its target. */
export interface Overload {
  readonly name: string
  readonly member: boolean
  readonly args: readonly CelType[]
  readonly result: CelType
  /** Gets values of exactly these types; answers a value or a Fault. */
  readonly call: (...values: readonly Value[]) => Value
  /** Its own cost at run time, known before it runs; absent: 1. */
  readonly cost?: (values: readonly Value[]) => number
  /** What its result costs besides. */
  readonly costOfResult?: (result: Value) => number
  /** Its own worst cost and the size of its result, from the sizes of its arguments; absent: 1, and the result's size is unknown. */
  readonly estimate?: (sizes: readonly Range[], args: readonly CelType[]) => { readonly cost: Range; readonly size?: Range }
}

/** Most that one evaluation may cost. */
export const perCallLimit = 1_000_000
/** Most that the rules of one request may cost together, each for validation rules of a custom resource and for each policy. */
export const perRequestBudget = 10_000_000
/** Most that one validation rule of a CustomResourceDefinition may be estimated to cost, and all of them together. */
export const estimatedRuleLimit = 10_000_000
export const estimatedDefinitionLimit = 100_000_000
/** Most that the conditions of one webhook or policy may cost together. */
export const matchConditionsBudget = 2_500_000
