// URLs that are no objects: version, health, discovery, metrics, keys.
import type { Call } from '../call.ts'
import type { Refusal } from '../../api/refusal.ts'
import type { Machine } from '../machine.ts'
import type { VersionInfo } from '../options.ts'
import { clausesOf, mediaTypes } from '../negotiate.ts'
import { methodNotAllowed, noRepresentation, noSuchResource, notAcceptable } from '../refusals.ts'
import { type Answer, pageNotFound, utf8, value } from '../reply.ts'
import type { Asks } from '../types.ts'
import { discover } from './discovery.ts'
import { health, isHealth } from './health.ts'
import { openapi } from './openapi.ts'

export function servePath(machine: Machine, call: Call, path: string): Answer | Refusal | Asks {
  const { request } = call
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  const found = answerOf(machine, call, plain)
  if (found === undefined || found === pageNotFound) return missing(machine, path, request.method)
  // Health is told whatever the method is.
  if (request.method !== 'GET' && !isHealth(plain)) return methodNotAllowed
  return unacceptable(plain, request.headers['accept']) ?? found
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
/** What is said of a URL that nobody serves: upstream's router speaks for the groups it knows, and for methods there are not. */
export function missing({ registry }: Machine, path: string, method = 'GET'): Answer | Refusal {
  const [prefix, group = '', , watch] = path.split('/').slice(1)
  const isOurs = prefix === 'api' || (prefix === 'apis' && registry.groups.some(({ name }) => name === group && name !== ''))
  if (!isOurs) return pageNotFound
  return methods.includes(method) && (method === 'GET' || (prefix === 'api' ? path.split('/')[3] : watch) !== 'watch') ? noSuchResource : methodNotAllowed
}

/** Discovery and the version are refused to whom none of their types suits. */
function unacceptable(path: string, accept: string | undefined): Refusal | undefined {
  const types = path === '/version' ? [mediaTypes.json] : isDiscovery.test(path) ? Object.values(mediaTypes) : undefined
  const clauses = clausesOf(accept)
  if (types === undefined || clauses.length === 0 || clauses.some(({ type }) => type === '*/*' || type === 'application/*' || types.includes(type))) return undefined
  return path === '/apis' ? notAcceptable(types) : noRepresentation(types)
}
const isDiscovery = /^\/(?:api|apis|api\/v1|apis\/[^/]+(?:\/[^/]+)?)$/

function answerOf(machine: Machine, call: Call, path: string): Answer | Refusal | Asks | undefined {
  const { options } = machine
  const { headers } = call.request
  switch (path) {
    case '/': return value({ paths: rootPaths(machine) })
    case '/version': return value(versionOf(options.version))
    case '/metrics': return { is: 'raw', status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: [utf8(machine.counters.text({ view: machine.store.view, kinds: machine.registry.kinds, version: options.version, others: `${options.componentMetrics?.() ?? ''}${options.processMetrics?.() ?? ''}` }))] }
    case '/.well-known/openid-configuration':
      return options.issuer === undefined ? undefined : keys('application/json', JSON.stringify({
        issuer: options.issuer.issuer, jwks_uri: `https://${options.address ?? '127.0.0.1:6443'}/openid/v1/jwks`,
        response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: options.issuer.algorithms,
      }))
    case '/openid/v1/jwks': return options.issuer === undefined ? undefined : keys('application/jwk-set+json', options.issuer.keySet)
    default: return health(path, call.query) ?? openapi(machine.documents(), path, call.query, headers) ?? discover(machine, call, path)
  }
}

/** What others verify tokens with: they may keep it for an hour. */
const keys = (contentType: string, text: string): Answer => ({ is: 'raw', status: 200, contentType, body: [utf8(text)], headers: { 'cache-control': 'public, max-age=3600' } })

/** Nothing older is emulated; what the version before could do is there. */
function versionOf(version: VersionInfo): object {
  const { major, minor, ...rest } = version
  return { major, minor, emulationMajor: major, emulationMinor: minor, minCompatibilityMajor: major, minCompatibilityMinor: String(Number(minor) - 1), ...rest }
}

function rootPaths({ registry }: Machine): readonly string[] {
  const groups = registry.groups.filter(({ name }) => name !== '').flatMap(({ name, versions }) => [`/apis/${name}`, ...versions.map((version) => `/apis/${name}/${version}`)])
  return ['/.well-known/openid-configuration', '/api', '/api/v1', '/apis', ...groups, '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/openid/v1/jwks', '/readyz', '/version'].sort()
}
