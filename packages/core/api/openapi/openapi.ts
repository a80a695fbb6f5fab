// The OpenAPI documents of a server: made when first asked for, and kept.
import { descriptionsLoaded } from '../schema/descriptions.ts'
import type { Definitions } from '../schema/types.ts'
import { documentV2, documentV3 } from './documents.ts'
import { gnostic } from './gnostic.ts'
import { groupVersionPath } from './operations.ts'
import type { Document, ServedResource } from './types.ts'
import { fingerprint } from '../../base/fingerprint.ts'

/** Content type of the protobuf form of version 2; clients ask for it with '@' instead of the last '.'. */
export const gnosticType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

export interface OpenApi {
  /** /openapi/v2 as JSON. */
  v2(): Document
  /** /openapi/v2 as protobuf, of type `gnosticType`. */
  v2Protobuf(): Document
  /** /openapi/v3: where the document of each group version is. */
  v3Index(): Document
  /** /openapi/v3/{path}, path as 'api/v1' or 'apis/apps/v1'; undefined for what is not served. */
  v3(path: string): Document | undefined
}

const encoder = new TextEncoder()

/** Documents for what a server serves; `version` as in /version: 'v1.36.0'. */
export function createOpenApi(served: { readonly resources: readonly ServedResource[]; readonly definitions: Definitions; readonly version: string }): OpenApi {
  const { resources, definitions, version } = served
  const byPath = new Map<string, ServedResource[]>()
  for (const resource of resources) {
    const path = groupVersionPath(resource).slice(1)
    byPath.set(path, [...(byPath.get(path) ?? []), resource])
  }
  const made = new Map<string, Document>()
  // The hash is of what goes into a document, so that the index costs no document; descriptions may come later.
  const hashOf = (of: readonly ServedResource[]): string => fingerprint(JSON.stringify([version, of, descriptionsLoaded()])).toUpperCase()
  const keep = (name: string, of: readonly ServedResource[], make: () => Uint8Array): Document => {
    const current = hashOf(of)
    const known = made.get(name)
    if (known?.hash === current) return known
    const document = { bytes: make(), hash: current }
    made.set(name, document)
    return document
  }
  return {
    v2: () => keep('v2', resources, () => encoder.encode(JSON.stringify(documentV2(resources, definitions, version)))),
    v2Protobuf: () => keep('v2 protobuf', resources, () => gnostic(documentV2(resources, definitions, version))),
    v3Index: () => keep('v3', resources, () => encoder.encode(JSON.stringify({
      paths: Object.fromEntries([...byPath].map(([path, of]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(of)}` }])),
    }))),
    v3: (path) => {
      const of = byPath.get(path)
      return of && keep(path, of, () => encoder.encode(JSON.stringify(documentV3(of, definitions, version))))
    },
  }
}

