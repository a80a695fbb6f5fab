// Calls that are syntax: has, the comprehensions, sortBy, optMap.
import type { SyntaxFault } from './lexer.ts'
import type { FoldKind, Node } from './syntax.ts'

type Expanded = Node | SyntaxFault | undefined
const simple = (node: Node | undefined): string | undefined => node?.is === 'name' && !node.name.startsWith('.') ? node.name : undefined

const oneName: Readonly<Record<string, FoldKind>> = { all: 'all', exists: 'exists', exists_one: 'existsOne', existsOne: 'existsOne', map: 'map', filter: 'filter', sortBy: 'sortBy' }
/** Macros that say it in other words. */
const unnamed = new Set(['map', 'filter', 'sortBy'])
const twoNames: Readonly<Record<string, FoldKind>> = {
  all: 'all', exists: 'exists', existsOne: 'existsOne', transformList: 'transformList', transformMap: 'transformMap', transformMapEntry: 'transformMapEntry',
}

/** What a call of a macro stands for; undefined: it is a call of a function. */
export function expand(at: number, name: string, target: Node | undefined, args: readonly Node[]): Expanded {
  if (target === undefined) return name === 'has' && args.length === 1 ? expandHas(args[0]) : undefined
  if ((name === 'optMap' || name === 'optFlatMap') && args.length === 2) return binding(at, name, target, args[0], args[1])
  return name === 'bind' && simple(target) === 'cel' ? expandLet(at, target, args) : expandFold(at, name, target, args)
}

function expandLet(at: number, target: Node, args: readonly Node[]): Expanded {
  const [variable, value, body] = args
  const name = simple(variable)
  if (value === undefined || body === undefined || args.length !== 3) return undefined
  if (name === undefined) return { at: variable?.at ?? at, message: 'cel.bind() variable names must be simple identifiers' }
  return { is: 'let', at, name, value, body, call: { is: 'call', at, name: 'bind', target, args } }
}

function expandHas(arg: Node | undefined): Expanded {
  if (arg?.is !== 'select' || arg.as !== 'value') return { at: arg?.at ?? 0, message: 'invalid argument to has() macro' }
  return { ...arg, as: 'test' }
}

function binding(at: number, how: 'optMap' | 'optFlatMap', value: Node | undefined, variable: Node | undefined, body: Node | undefined): Expanded {
  const name = simple(variable)
  if (value === undefined || body === undefined) return undefined
  if (name === undefined) return { at: variable?.at ?? at, message: `${how}() variable name must be a simple identifier` }
  return { is: 'bind', at, how, name, value, body }
}

function expandFold(at: number, macro: string, range: Node, args: readonly Node[]): Expanded {
  const [first, second, third, fourth] = args
  const single = oneName[macro], double = twoNames[macro]
  // map(x, filter, value) has three arguments but one name, as has every two-argument form.
  if (single !== undefined && (args.length === 2 || (macro === 'map' && args.length === 3))) {
    const body = args.length === 3 ? third : second
    if (body === undefined) return undefined
    const name = simple(first)
    if (name === undefined) return { at: first?.at ?? at, message: unnamed.has(macro) ? 'argument is not an identifier' : 'argument must be a simple name' }
    return { is: 'fold', at, kind: single, range, names: [name], ...(args.length === 3 && second !== undefined && { filter: second }), body }
  }
  if (double === undefined || args.length < 3 || args.length > (double.startsWith('transform') ? 4 : 3)) return undefined
  const body = fourth ?? third
  if (body === undefined) return undefined
  const key = simple(first), value = simple(second)
  if (key === undefined || value === undefined) return { at: (key === undefined ? first : second)?.at ?? at, message: 'argument must be a simple name' }
  if (key === value) return { at: second?.at ?? at, message: `duplicate variable name: ${key}` }
  return { is: 'fold', at, kind: double, range, names: [key, value], ...(fourth !== undefined && third !== undefined && { filter: third }), body }
}
