// URLs, as Go's net/url reads the target of a request, and regular expressions.
import { compilePattern } from '../../pattern/index.ts'
import { scaled, times as product } from '../static-types.ts'
import type { Overload, Range, Value } from '../types.ts'
import { Fault, Opaque, sizeOf, type Int } from '../values.ts'
import { bool, declared, int, list, map, member, opaque, string, traversal, traverses, type Costs } from './declare.ts'

class Url extends Opaque {
  readonly typeName = 'kubernetes.URL'
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
  readonly text: string
  constructor(text: string, scheme: string, host: string, path: string, query: string) { super(); this.text = text; this.scheme = scheme; this.host = host; this.path = path; this.query = query }
  override equals(other: Opaque): boolean { return other instanceof Url && other.text === this.text }
  override toString(): string { return this.text }
}
const urlType = opaque<Url>('kubernetes.URL')

const form = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(\/\/(?:[^/?]*@)?([^/?]*))?([^?]*)(?:\?(.*))?$/s
const badHost = /[\s<>"{}|\\^`]|%(?![0-9A-Fa-f]{2})/

function read(text: string): Url | Fault {
  const fault = (why: string): Fault => new Fault(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${why}`)
  if (text === '') return fault('empty url')
  if (/[\x00-\x1f\x7f]/.test(text)) return fault('net/url: invalid control character in URL')
  const found = form.exec(text)
  const [, scheme = '', authority, host = '', path = '', query = ''] = found ?? []
  if (found === null || (scheme === '' && !text.startsWith('/'))) return fault('invalid URI for request')
  // 'mailto:a@b.c': everything behind the scheme is opaque.
  if (scheme !== '' && authority === undefined && !path.startsWith('/')) return new Url(text, scheme.toLowerCase(), '', '', query)
  if (badHost.test(host)) return fault(`invalid character ${JSON.stringify(badHost.exec(host)?.[0] ?? '')} in host name`)
  const port = /^(?:\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(host)
  if (port === null || (port[1] !== undefined && !/^\d*$/.test(port[1]))) return fault(`invalid port ${JSON.stringify(`:${host.split(':').at(-1) ?? ''}`)} after host`)
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return fault(`invalid URL escape ${JSON.stringify(path.slice(path.search(/%(?![0-9A-Fa-f]{2})/)).slice(0, 3))}`)
  return new Url(text, scheme.toLowerCase(), host, path, query)
}

const hostname = ({ host }: Url): string => (/^\[([^\]]*)\]/.exec(host)?.[1]) ?? host.split(':')[0] ?? ''
const portOf = ({ host }: Url): string => /:(\d*)$/.exec(host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? ''
const decoded = (text: string): string | undefined => {
  try { return decodeURIComponent(text.replaceAll('+', ' ')) } catch { return undefined /* The decoder throws for broken escapes: such a pair is left out. */ }
}
const unsafe = /[^A-Za-z0-9\-_.~$&+,/:;=@!'()*%]/g
const escapedPath = ({ path }: Url): string => path.replace(unsafe, (character) => encodeURIComponent(character))
function queryOf({ query }: Url): ReadonlyMap<Value, Value> {
  const values = new Map<string, string[]>()
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const cut = pair.indexOf('=')
    const key = decoded(cut < 0 ? pair : pair.slice(0, cut)), value = decoded(cut < 0 ? '' : pair.slice(cut + 1))
    if (key !== undefined && value !== undefined) values.set(key, [...values.get(key) ?? [], value])
  }
  return values
}

const nothing: Range = { min: 0, max: Infinity }
const finding: Costs = {
  cost: ([text, pattern]) => Math.ceil((1 + sizeOf(text)) * traversal) * Math.ceil(sizeOf(pattern) * 0.25),
  estimate: ([text = nothing, pattern = nothing]) => ({ cost: product(scaled({ min: text.min + 1, max: text.max + 1 }, traversal), scaled(pattern, 0.25)), size: { min: 0, max: text.max } }),
}
function find(text: string, pattern: string, most: number): readonly string[] | Fault {
  const compiled = compilePattern(pattern)
  return 'fault' in compiled ? new Fault(`Illegal regex: error parsing regexp: ${compiled.fault}`) : compiled.findAll(text, most)
}

export const urls: readonly Overload[] = [
  declared('isURL', [string], bool, (text) => !(read(text) instanceof Fault)),
  declared('url', [string], urlType, read, traverses()),
  member('getScheme', [urlType], string, ({ scheme }) => scheme),
  member('getHost', [urlType], string, ({ host }) => host),
  member('getHostname', [urlType], string, hostname),
  member('getPort', [urlType], string, portOf),
  member('getEscapedPath', [urlType], string, escapedPath),
  member('getQuery', [urlType], map(string, list(string)), queryOf),
]
export const regexes: readonly Overload[] = [
  member('find', [string, string], string, (text, pattern) => { const found = find(text, pattern, 1); return found instanceof Fault ? found : found[0] ?? '' }, finding),
  member('findAll', [string, string], list(string), (text, pattern) => find(text, pattern, Infinity), finding),
  member('findAll', [string, string, int], list(string), (text, pattern, most: Int) => find(text, pattern, Number(most) < 0 ? Infinity : Number(most)), finding),
]
