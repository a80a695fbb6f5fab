// Random requests: most nearly right, some nonsense, of all kinds, verbs, patches, selectors, schemas and expressions.
import type { Random } from '../../packages/core/base/index.ts'
import { builtinKinds } from '../../packages/core/api/kinds/index.ts'
import { examples } from '../../packages/core/api/kinds/examples.ts'
import type { Request } from '../../packages/core/server/index.ts'
import { anyJson, brokenText, hostileYaml, mutated, pick } from './values.ts'

const encoder = new TextEncoder()
const methods = ['GET', 'GET', 'GET', 'POST', 'POST', 'POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'BREW']
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml']
const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'text/plain', 'application/cbor', '', 'application/json; charset=utf-8', 'multipart/form-data']
const accepts = ['application/json', '*/*', '', 'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'application/vnd.kubernetes.protobuf', 'application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1', 'application/yaml', 'text/html', ';;;,,,q=', 'application/json;q=NaN', 'application/json;as=Table;v=v9', 'application/json;stream=watch']
const names = ['web', 'a', 'default', 'x', '..', '%2e%2e', '%ff', '%', 'A_B', 'x'.repeat(300), '', '__proto__', 'constructor', 'web:80', 'https:web:x']
const subresources = ['', '', '', '', 'status', 'scale', 'log', 'exec', 'eviction', 'binding', 'token', 'approval', 'finalize', 'ephemeralcontainers', 'resize', 'proxy/a/b', 'nothing', 'portforward', 'attach']
const selectors = ['a=b', 'a in (b,c)', 'a notin (', '!a', 'a>5', ',,,', '=', 'metadata.name=web', 'spec.nodeName=', 'status.phase!=Running', 'a==b,c', 'metadata.name', 'x'.repeat(5_000), '\u0000', 'a=%', '__proto__=1']
const paths = ['/', '/api', '/apis', '/version', '/healthz', '/readyz?verbose', '/metrics', '/openapi/v2', '/openapi/v3', '/openapi/v3/apis/apps/v1', '/apis/apps', '/api/v1', '/api/v1/', '/apis/none/v1/things', '/.well-known/openid-configuration', '/openid/v1/jwks', '//', '/api//v1/pods', '/%00', '/api/v1/watch/pods', '/apis/apps/v1/watch/namespaces/default/deployments/web', '/logs', '/api/v1/namespaces/default/pods/web/exec?command=a&command=b', '/api/v1/namespaces/a/b/c/d/e/f/g']

/** One request. `known` are places that exist, so that many requests meet something. */
export function aRequest(random: Random, extraKinds: readonly { readonly path: string; readonly example: object }[]): Request {
  const method = pick(random, methods)
  const target = random.chance(0.04) ? pick(random, paths) : undefined
  const place = target === undefined ? aPlace(random, extraKinds) : { path: target.split('?')[0] ?? '', example: {} }
  const query = target?.split('?')[1] ?? aQuery(random, method)
  const type = method === 'PATCH' ? (random.chance(0.9) ? pick(random, patchTypes) : pick(random, bodyTypes)) : random.chance(0.85) ? 'application/json' : pick(random, bodyTypes)
  const body = method === 'GET' || method === 'HEAD' ? (random.chance(0.02) ? encoder.encode('{}') : new Uint8Array()) : aBody(random, place.example, type)
  return {
    method, path: place.path, query, body,
    headers: {
      ...(type !== '' && { 'content-type': type }), accept: pick(random, accepts), 'user-agent': pick(random, ['fuzz/1', '', 'curl/8', 'x'.repeat(2_000), 'a"b\nc']),
      ...(random.chance(0.03) && { 'impersonate-user': pick(random, names), 'impersonate-group': pick(random, names) }), ...(random.chance(0.02) && { authorization: pick(random, ['Bearer x', 'Bearer a.b.c', 'Basic eA==', 'Bearer', '\u0000']) }),
      ...(random.chance(0.02) && { 'if-none-match': '"x"', 'audit-id': pick(random, names) }),
    },
    ...(random.chance(0.97) && { certificate: { commonName: 'fuzz', organizations: ['system:masters'] } }),
  }
}

function aPlace(random: Random, extraKinds: readonly { readonly path: string; readonly example: object }[]): { readonly path: string; readonly example: object } {
  const name = random.chance(0.7) ? 'web' : pick(random, names)
  const tail = random.chance(0.5) ? '' : `/${random.chance(0.85) ? name : encodeURIComponent(name)}${subresourceOf(random)}`
  if (extraKinds.length > 0 && random.chance(0.15)) { const extra = pick(random, extraKinds); return { path: extra.path + tail, example: extra.example } }
  const kind = pick(random, builtinKinds)
  const served = pick(random, kind.served)
  const base = served.group === '' ? '/api/v1' : `/apis/${served.group}/${served.version}`
  const space = kind.scope === 'Namespaced' && random.chance(0.92) ? `/namespaces/${random.chance(0.9) ? 'default' : pick(random, names)}` : ''
  return { path: `${base}${space}/${kind.plural}${tail}`, example: (served === kind.served[0] ? examples[kind.resource] : undefined) ?? { apiVersion: served.group === '' ? served.version : `${served.group}/${served.version}`, kind: kind.kind, metadata: { name } } }
}
const subresourceOf = (random: Random): string => { const chosen = pick(random, subresources); return chosen === '' ? '' : `/${chosen}` }

function aQuery(random: Random, method: string): string {
  const parts: string[] = []
  const add = (name: string, values: readonly string[], chance: number): void => { if (random.chance(chance)) parts.push(`${name}=${random.chance(0.9) ? encodeURIComponent(safe(pick(random, values))) : pick(random, values)}`) }
  add('labelSelector', selectors, 0.08)
  add('fieldSelector', selectors, 0.08)
  add('limit', ['1', '0', '-1', 'x', '99999999999999999999'], 0.06)
  add('continue', ['x', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0', '%', ''], 0.03)
  add('resourceVersion', ['0', '1', '-1', 'x', '99999999', ''], 0.05)
  add('resourceVersionMatch', ['Exact', 'NotOlderThan', 'x'], 0.03)
  add('watch', ['1', 'true', 'false', 'x'], method === 'GET' ? 0.05 : 0)
  add('sendInitialEvents', ['true', 'x'], 0.01)
  add('timeoutSeconds', ['1', '-1', 'x', '1e9'], 0.02)
  add('dryRun', ['All', 'x', ''], 0.1)
  add('fieldManager', ['me', 'x'.repeat(200), '\u0001'], 0.2)
  add('fieldValidation', ['Strict', 'Warn', 'Ignore', 'x'], 0.2)
  add('force', ['true', 'x'], 0.1)
  add('propagationPolicy', ['Foreground', 'Orphan', 'Background', 'x'], 0.05)
  add('gracePeriodSeconds', ['0', '-1', 'x', '1e10'], 0.05)
  add('pretty', ['1', 'x'], 0.02)
  return parts.join('&')
}
/** What encodeURIComponent refuses is sent as it is elsewhere. */
const safe = (text: string): string => text.replaceAll(/[\ud800-\udfff]/g, '?')

function aBody(random: Random, example: object, type: string): Uint8Array {
  if (random.chance(0.02)) return encoder.encode(pick(random, hostileYaml))
  if (type === 'application/json-patch+json' && random.chance(0.9)) return encoder.encode(JSON.stringify(aJsonPatch(random)))
  const value = random.chance(0.05) ? anyJson(random) : random.chance(0.35) ? example : mutated(random, example)
  const text = JSON.stringify(value) ?? ''
  if (type === 'application/vnd.kubernetes.protobuf') return random.chance(0.5) ? new Uint8Array([107, 56, 115, 0, ...Array.from({ length: random.below(200) }, () => random.below(256))]) : Uint8Array.from({ length: random.below(100) }, () => random.below(256))
  if (random.chance(0.03)) return encoder.encode(brokenText(random, text.slice(0, 4_000)))
  return encoder.encode(text)
}

function aJsonPatch(random: Random): unknown {
  const pointers = ['/metadata/labels/a', '/spec', '/spec/containers/0/image', '/metadata', '', '/', '/~2', '/metadata/finalizers/-', '/spec/containers/99999999999', '/__proto__/x', '/a/b/c', '/metadata/annotations/a~1b']
  return Array.from({ length: random.below(5) }, () => ({ op: pick(random, ['add', 'remove', 'replace', 'move', 'copy', 'test', 'x']), path: pick(random, pointers), from: pick(random, pointers), value: anyJson(random) }))
}
