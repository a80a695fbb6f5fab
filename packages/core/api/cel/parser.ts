// From text to nodes: recursive descent over the grammar of the language's definition, with bounds on size and depth.
import { expand } from './macros.ts'
import { isSyntaxFault, negated, tokensOf, type SyntaxFault, type Token } from './lexer.ts'
import type { Entry, Node, StructField } from './syntax.ts'
import type { CelType } from './types.ts'
import { intOf, isInt } from './values.ts'

const codePointsMax = 100_000
const depthMax = 250
const reserved = new Set([
  'as', 'break', 'const', 'continue', 'else', 'false', 'for', 'function', 'if', 'import', 'in', 'let', 'loop', 'package', 'namespace', 'null', 'return', 'true', 'var', 'void', 'while',
])
const literals = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
/** What may begin an expression, in the order in which upstream's parser names it, by what stands before. */
const starts = {
  plain: `{'[', '{', '(', '.', '-', '!', ${literals}`, args: `{'[', '{', '(', ')', '.', '-', '!', ${literals}`, index: `{'[', '{', '(', '.', '-', '!', '?', ${literals}`,
  list: `{'[', ']', '{', '(', '.', ',', '-', '!', '?', ${literals}`, map: `{'[', '{', '}', '(', '.', ',', '-', '!', '?', ${literals}`,
} as const
type Place = keyof typeof starts
const relations = new Map([['==', '_==_'], ['!=', '_!=_'], ['<', '_<_'], ['<=', '_<=_'], ['>', '_>_'], ['>=', '_>=_'], ['in', '@in']])
const sums = new Map([['+', '_+_'], ['-', '_-_']])
const products = new Map([['*', '_*_'], ['/', '_/_'], ['%', '_%_']])

/** Thrown inside the parser only, at the first fault: there is no way on from there. */
class Stop extends Error {
  readonly fault: SyntaxFault
  constructor(fault: SyntaxFault) { super(fault.message); this.fault = fault }
}

/** The expression as a tree, or its faults: all texts that are no words, and the first word that is out of place. */
export function parse(text: string): Node | readonly SyntaxFault[] {
  if (text.length > codePointsMax && [...text].length > codePointsMax) return [{ at: 0, message: `expression code point size exceeds limit: size: ${[...text].length}, limit ${codePointsMax}` }]
  const { tokens, faults } = tokensOf(text)
  try {
    const node = new Parser(tokens).whole()
    return faults.length === 0 ? node : faults
  } catch (thrown) {
    if (thrown instanceof Stop) return [...faults, thrown.fault]
    throw thrown
  }
}
export const isFaulty = (parsed: Node | readonly SyntaxFault[]): parsed is readonly SyntaxFault[] => Array.isArray(parsed)

class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0
  constructor(tokens: readonly Token[]) { this.#tokens = tokens }

  whole(): Node {
    const node = this.#expression()
    const rest = this.#peek()
    if (rest.is !== 'end') throw new Stop({ at: rest.at, message: `Syntax error: ${this.#next === this.#tokens.length - 2 ? 'extraneous' : 'mismatched'} input '${rest.text}' expecting <EOF>` })
    return node
  }

  #peek(): Token { return this.#tokens[this.#next] ?? { is: 'end', text: '<EOF>', at: 0 } }
  #is(text: string): boolean { const token = this.#peek(); return (token.is === 'mark' || token.is === 'word') && token.text === text }
  #take(text: string): Token | undefined {
    const token = this.#peek()
    if (!this.#is(text)) return undefined
    this.#next++
    return token
  }
  #expect(text: string): Token { return this.#take(text) ?? this.#fail(`'${text}'`, text) }
  #ahead(): Token | undefined { return this.#tokens[this.#next + 1] }
  /** As ANTLR recovers: a word too many is extraneous, one too few is missing, all else does not match. */
  #fail(expected: string, ...wanted: readonly string[]): never {
    const token = this.#peek(), next = this.#ahead()
    const say = (message: string): never => { throw new Stop({ at: token.at, message: `Syntax error: ${message}` }) }
    if (next !== undefined && next.is !== 'literal' && wanted.includes(next.text)) say(`extraneous input '${token.text}' expecting ${expected}`)
    const [only] = wanted
    const comes = only === ':' ? startsExpression(token) : only !== undefined && !startsExpression(token)
    return say(wanted.length === 1 && comes ? `missing ${expected} at '${token.text}'` : `mismatched input '${token.text}' expecting ${expected}`)
  }
  #deeper(at: number): void { if (++this.#depth > depthMax) throw new Stop({ at, message: `expression recursion limit exceeded: ${depthMax}` }) }

  #expression(place: Place = 'plain'): Node {
    const start = this.#peek()
    if (start.is !== 'literal' && !startsExpression(start)) this.#unexpected(place)
    this.#deeper(start.at)
    let node = this.#logical('||', 'or', () => this.#logical('&&', 'and', () => this.#relation()))
    const question = this.#take('?')
    if (question !== undefined) {
      const then = this.#logical('||', 'or', () => this.#logical('&&', 'and', () => this.#relation()))
      this.#expect(':')
      node = { is: 'choose', at: question.at, args: [node, then, this.#expression()] }
    }
    this.#depth--
    return node
  }

  #unexpected(place: Place): never {
    const token = this.#peek(), next = this.#ahead()
    throw new Stop({ at: token.at, message: `Syntax error: ${next !== undefined && startsExpression(next) ? 'extraneous' : 'mismatched'} input '${token.text}' expecting ${starts[place]}` })
  }

  #logical(mark: string, is: 'and' | 'or', term: () => Node): Node {
    const first = term()
    if (!this.#is(mark)) return first
    const terms = [first], at = this.#peek().at
    while (this.#take(mark) !== undefined) terms.push(term())
    return { is, at, terms }
  }

  #relation(): Node { return this.#chain(relations, () => this.#chain(sums, () => this.#chain(products, () => this.#unary()))) }

  /** Left-associative operators: a long chain is as deep as it is long. */
  #chain(operators: ReadonlyMap<string, string>, operand: () => Node): Node {
    let node = operand()
    const before = this.#depth
    for (;;) {
      const token = this.#peek()
      const name = token.is === 'mark' || token.is === 'word' ? operators.get(token.text) : undefined
      if (name === undefined) break
      this.#deeper(token.at)
      this.#next++
      node = { is: 'call', at: token.at, name, target: undefined, args: [node, operand()] }
    }
    this.#depth = before
    return node
  }

  #unary(): Node {
    const token = this.#peek()
    if (this.#is('!')) {
      let count = 0
      while (this.#take('!') !== undefined) count++
      const operand = this.#member()
      return count % 2 === 0 ? operand : { is: 'call', at: token.at, name: '!_', target: undefined, args: [operand] }
    }
    if (!this.#is('-')) return this.#member()
    const number = this.#tokens[this.#next + 1]
    if (number?.is === 'literal' && (number.type === 'int' || number.type === 'double')) {
      this.#next++
      return this.#member(true)
    }
    let count = 0
    while (this.#take('-') !== undefined) count++
    const operand = this.#member()
    return count % 2 === 0 ? operand : { is: 'call', at: token.at, name: '-_', target: undefined, args: [operand] }
  }

  #member(negative = false): Node {
    let node = this.#primary(negative)
    const before = this.#depth
    for (;;) {
      const token = this.#peek()
      if (this.#is('.')) node = this.#afterDot(node)
      else if (this.#is('[')) {
        this.#next++
        const optional = this.#take('?') !== undefined
        const by = this.#expression(optional ? 'plain' : 'index')
        this.#expect(']')
        node = { is: 'index', at: token.at, of: node, by, optional }
      } else if (this.#is('{') && isQualified(node)) node = this.#struct(node)
      else break
      this.#deeper(token.at)
    }
    this.#depth = before
    return node
  }

  #afterDot(of: Node): Node {
    const dot = this.#expect('.')
    const optional = this.#take('?') !== undefined
    const token = this.#peek()
    if (token.is !== 'name') throw new Stop({ at: token.at, message: `Syntax error: no viable alternative at input '.${token.is === 'end' ? '' : token.text}'` })
    this.#next++
    const open = optional ? undefined : this.#take('(')
    if (open === undefined) return { is: 'select', at: dot.at, of, field: token.text, as: optional ? 'optional' : 'value' }
    return this.#call(open.at, token.text, of)
  }

  #call(at: number, name: string, target: Node | undefined): Node {
    const args = this.#is(')') ? [] : this.#expressions()
    this.#expect(')')
    const expanded = expand(at, name, target, args)
    if (expanded === undefined) return { is: 'call', at, name, target, args }
    if (isSyntaxFault(expanded)) throw new Stop(expanded)
    return expanded
  }

  #expressions(): Node[] {
    const nodes = [this.#expression('args')]
    while (this.#take(',') !== undefined) nodes.push(this.#expression())
    return nodes
  }

  #primary(negative: boolean): Node {
    const token = this.#peek()
    if (token.is === 'literal') {
      this.#next++
      const value = negative ? negated(token.value) : token.value
      if (token.type === 'int' && (!isInt(value) || intOf(BigInt(value)) === undefined)) throw new Stop({ at: token.at, message: 'invalid int literal' })
      return { is: 'literal', at: token.at, type: { is: token.type } satisfies CelType, value }
    }
    if (this.#take('(') !== undefined) {
      const node = this.#expression()
      this.#expect(')')
      return node
    }
    if (this.#is('[')) return this.#list()
    if (this.#is('{')) return this.#map()
    if (this.#take('true') !== undefined) return { is: 'literal', at: token.at, type: { is: 'bool' }, value: true }
    if (this.#take('false') !== undefined) return { is: 'literal', at: token.at, type: { is: 'bool' }, value: false }
    if (this.#take('null') !== undefined) return { is: 'literal', at: token.at, type: { is: 'null' }, value: null }
    const leading = this.#take('.') === undefined ? '' : '.'
    const name = this.#peek()
    if (name.is !== 'name') return leading === '.' ? this.#fail('IDENTIFIER') : this.#unexpected('plain')
    if (reserved.has(name.text)) throw new Stop({ at: name.at, message: `reserved identifier: ${name.text}` })
    this.#next++
    const open = this.#take('(')
    if (open !== undefined) return this.#call(open.at, leading + name.text, undefined)
    return { is: 'name', at: name.at, name: leading + name.text }
  }

  #list(): Node {
    const open = this.#expect('[')
    const items: { value: Node; optional: boolean }[] = []
    if (this.#is(',')) this.#next++
    while (!this.#is(']')) {
      const optional = this.#take('?') !== undefined
      items.push({ value: this.#expression(items.length === 0 ? 'list' : 'index'), optional })
      if (this.#take(',') === undefined) break
    }
    if (this.#take(']') === undefined) this.#fail("{']', ','}", ']', ',')
    return { is: 'list', at: open.at, items }
  }

  #map(): Node {
    const open = this.#expect('{')
    const entries: Entry[] = []
    if (this.#is(',')) this.#next++
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined
      const key = this.#expression(entries.length === 0 ? 'map' : 'index')
      const colon = this.#expect(':')
      entries.push({ at: colon.at, optional, key, value: this.#expression() })
      if (this.#take(',') === undefined) break
    }
    if (this.#take('}') === undefined) this.#fail("{'}', ','}", '}', ',')
    return { is: 'map', at: open.at, entries }
  }

  #struct(type: Node): Node {
    const open = this.#expect('{')
    const fields: StructField[] = []
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined
      const name = this.#peek()
      if (name.is !== 'name') this.#fail('IDENTIFIER')
      this.#next++
      const colon = this.#expect(':')
      fields.push({ at: colon.at, optional, name: name.text, value: this.#expression() })
      if (this.#take(',') === undefined) break
    }
    if (this.#take('}') === undefined) this.#fail("{'}', ','}", '}', ',')
    return { is: 'struct', at: open.at, name: qualifiedName(type) ?? '', fields }
  }
}

/** Whether an expression may begin with this word. */
const startsExpression = (token: Token): boolean => token.is === 'name' || token.is === 'literal' || (token.is === 'word' && token.text !== 'in') || (token.is === 'mark' && ['[', '{', '(', '.', '-', '!'].includes(token.text))

const isQualified = (node: Node): boolean => qualifiedName(node) !== undefined
/** 'a.b.c' of a chain of names; undefined for anything else. */
export function qualifiedName(node: Node): string | undefined {
  if (node.is === 'name') return node.name
  if (node.is !== 'select' || node.as !== 'value') return undefined
  const before = qualifiedName(node.of)
  return before === undefined ? undefined : `${before}.${node.field}`
}
