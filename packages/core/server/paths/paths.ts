// URLs that are no objects: version, health, discovery, metrics, keys.
import type { Call } from '../call.ts'
import type { Refusal } from '../../api/refusal.ts'
import type { Machine } from '../machine.ts'
import { methodNotAllowed } from '../refusals.ts'
import { type Answer, pageNotFound, utf8, value } from '../reply.ts'
import { discover } from './discovery.ts'
import { health } from './health.ts'
import { openapi } from './openapi.ts'

export function servePath(machine: Machine, call: Call, path: string): Answer | Refusal {
  const { request } = call
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  const found = answerOf(machine, call, plain)
  if (found === undefined) return pageNotFound
  return request.method === 'GET' || request.method === 'HEAD' ? found : methodNotAllowed
}

function answerOf(machine: Machine, call: Call, path: string): Answer | Refusal | undefined {
  const { options } = machine
  const { headers } = call.request
  switch (path) {
    case '/': return value({ paths: rootPaths(machine) })
    case '/version': return value(options.version)
    case '/metrics': return { is: 'raw', status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: [utf8(machine.counters.text())] }
    case '/.well-known/openid-configuration':
      return options.issuer === undefined ? undefined : value({
        issuer: options.issuer.issuer, jwks_uri: `https://${options.address ?? '127.0.0.1:6443'}/openid/v1/jwks`,
        response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: options.issuer.algorithms,
      })
    case '/openid/v1/jwks': return options.issuer === undefined ? undefined : { is: 'raw', status: 200, contentType: 'application/jwk-set+json', body: [utf8(options.issuer.keySet)] }
    default: return health(path, call.query) ?? openapi(machine.documents(), path, call.query, headers) ?? discover(machine, path, headers)
  }
}

function rootPaths({ registry }: Machine): readonly string[] {
  const groups = registry.groups.filter(({ name }) => name !== '').flatMap(({ name, versions }) => [`/apis/${name}`, ...versions.map((version) => `/apis/${name}/${version}`)])
  return ['/.well-known/openid-configuration', '/api', '/api/v1', '/apis', ...groups, '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/openid/v1/jwks', '/readyz', '/version'].sort()
}
