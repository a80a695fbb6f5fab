// The two versions of the OpenAPI document as plain values.
import type { Definitions } from '../schema/types.ts'
import { groupVersionPath, type Method, type Operation, type Path, pathsOf } from './operations.ts'
import { schemasOf, version2, version3 } from './schemas.ts'
import type { GroupVersionKind, Json, ServedResource } from './types.ts'

const machinery = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const patchTypes = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json']
const customPatchTypes = patchTypes.filter((type) => !type.includes('strategic'))
/** kubectl looks here for whether it may send a strategic merge. */
const patchTypesOf = ({ about }: Operation, definitions: Definitions): readonly string[] =>
  (definitions.forKind(about.group, about.version, about.kind)?.custom === undefined ? patchTypes : customPatchTypes)
const replyTypes = ['application/json', 'application/yaml']
const gvk = ({ group, version, kind }: GroupVersionKind): GroupVersionKind => ({ group, version, kind })

/** The definition of a body or reply. */
const nameOf = (kind: GroupVersionKind | 'patch', definitions: Definitions): string | undefined =>
  kind === 'patch' ? `${machinery}Patch` : definitions.forKind(kind.group, kind.version, kind.kind)?.name
const namesIn = (paths: readonly Path[], definitions: Definitions): ReadonlySet<string> =>
  new Set(paths.flatMap(({ operations }) => Object.values(operations)).flatMap((operation) => [operation.reply, operation.body, operation.about].flatMap((kind) => {
    const name = kind === undefined ? undefined : nameOf(kind, definitions)
    return name === undefined ? [] : [name]
  })))

const printed = (paths: readonly Path[], print: (operation: Operation, method: Method) => Json): Json =>
  Object.fromEntries(paths.map(({ path, operations }) => [path, Object.fromEntries((Object.entries(operations) as readonly (readonly [Method, Operation])[]).map(([method, operation]) => [method, print(operation, method)]))]))

/** The document of version 2: everything in one. */
export function documentV2(resources: readonly ServedResource[], definitions: Definitions, version: string): Json {
  const paths = resources.flatMap(pathsOf)
  const reference = (kind: GroupVersionKind | 'patch'): Json => {
    const name = nameOf(kind, definitions)
    return name === undefined ? { type: 'object' } : { $ref: version2.reference(name) }
  }
  const print = (operation: Operation, method: Method): Json => ({
    description: operation.description, operationId: operation.id, tags: [tagOf(operation.about)], schemes: ['https'], produces: replyTypes,
    consumes: operation.body === 'patch' ? patchTypesOf(operation, definitions) : ['*/*'],
    parameters: [
      ...(operation.body === undefined ? [] : [{ in: 'body', name: 'body', required: method !== 'delete', schema: reference(operation.body) }]),
      ...operation.path.map(({ name, type, description }) => ({ in: 'path', name, type, description, required: true, uniqueItems: true })),
      ...operation.query.map(({ name, type, description }) => ({ in: 'query', name, type, description, uniqueItems: true })),
    ],
    responses: { [method === 'post' ? '201' : '200']: { description: 'OK', schema: reference(operation.reply) }, 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': operation.action, 'x-kubernetes-group-version-kind': gvk(operation.about),
  })
  return {
    swagger: '2.0', info: { title: 'Kubernetes', version }, paths: printed(paths, print),
    definitions: schemasOf(namesIn(paths, definitions), definitions, version2),
    securityDefinitions: { BearerToken: { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' } }, security: [{ BearerToken: [] }],
  }
}

/** The document of version 3 of one group version. */
export function documentV3(resources: readonly ServedResource[], definitions: Definitions, version: string): Json {
  const paths = resources.flatMap(pathsOf)
  const content = (types: readonly string[], kind: GroupVersionKind | 'patch'): Json => {
    const name = nameOf(kind, definitions)
    const schema = name === undefined ? { type: 'object' } : { $ref: version3.reference(name) }
    return { content: Object.fromEntries(types.map((type) => [type, { schema }])) }
  }
  const print = (operation: Operation, method: Method): Json => ({
    description: operation.description, operationId: operation.id, tags: [tagOf(operation.about)],
    parameters: [
      ...operation.path.map(({ name, type, description }) => ({ in: 'path', name, description, required: true, schema: { type, uniqueItems: true } })),
      ...operation.query.map(({ name, type, description }) => ({ in: 'query', name, description, schema: { type, uniqueItems: true } })),
    ],
    ...(operation.body === undefined ? {} : { requestBody: { ...content(operation.body === 'patch' ? patchTypesOf(operation, definitions) : ['*/*'], operation.body), ...(method === 'delete' ? {} : { required: true }) } }),
    responses: { [method === 'post' ? '201' : '200']: { description: 'OK', ...content(replyTypes, operation.reply) }, 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': operation.action, 'x-kubernetes-group-version-kind': gvk(operation.about),
  })
  return {
    openapi: '3.0.0', info: { title: 'Kubernetes', version }, paths: printed(paths, print),
    components: {
      schemas: schemasOf(namesIn(paths, definitions), definitions, version3),
      securitySchemes: { BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' } },
    },
  }
}

const tagOf = (about: GroupVersionKind): string => groupVersionPath(about).split('/').slice(2).join('_').replace(/^v/, 'core_v').replace('.k8s.io', '').replaceAll('.', '_')
