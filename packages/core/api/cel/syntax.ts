// What an expression is after parsing, its macros already resolved.
import type { CelType, Value } from './types.ts'

export interface Entry { readonly at: number; readonly optional: boolean; readonly key: Node; readonly value: Node }
export interface StructField { readonly at: number; readonly optional: boolean; readonly name: string; readonly value: Node }
export type FoldKind = 'all' | 'exists' | 'existsOne' | 'map' | 'filter' | 'sortBy' | 'transformList' | 'transformMap' | 'transformMapEntry'
export interface Fold { readonly is: 'fold'; readonly at: number; readonly kind: FoldKind; readonly range: Node; readonly names: readonly string[]; readonly filter?: Node; readonly body: Node }

/** `at` is the offset that messages point to. */
export type Node =
  | { readonly is: 'literal'; readonly at: number; readonly type: CelType; readonly value: Value }
  | { readonly is: 'name'; readonly at: number; readonly name: string }
  | { readonly is: 'select'; readonly at: number; readonly of: Node; readonly field: string; readonly as: 'value' | 'test' | 'optional' }
  | { readonly is: 'index'; readonly at: number; readonly of: Node; readonly by: Node; readonly optional: boolean }
  | { readonly is: 'call'; readonly at: number; readonly name: string; readonly target: Node | undefined; readonly args: readonly Node[] }
  | { readonly is: 'and' | 'or'; readonly at: number; readonly terms: readonly Node[] }
  | { readonly is: 'choose'; readonly at: number; readonly args: readonly [Node, Node, Node] }
  | { readonly is: 'list'; readonly at: number; readonly items: readonly { readonly value: Node; readonly optional: boolean }[] }
  | { readonly is: 'map'; readonly at: number; readonly entries: readonly Entry[] }
  | { readonly is: 'struct'; readonly at: number; readonly name: string; readonly fields: readonly StructField[] }
  | Fold
  | { readonly is: 'bind'; readonly at: number; readonly how: 'optMap' | 'optFlatMap'; readonly name: string; readonly value: Node; readonly body: Node }
  /** cel.bind(name, value, body); a plain call where the environment knows no such thing. */
  | { readonly is: 'let'; readonly at: number; readonly name: string; readonly value: Node; readonly body: Node; readonly call: Node }
