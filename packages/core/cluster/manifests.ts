import type { Draft } from '../api/resource.ts'
import { readDocuments } from '../api/text/index.ts'
import type { Registry } from '../server/index.ts'

/** The objects in a YAML or JSON text: documents in order, lists opened up, empty documents left out. Throws on what is no object of Kubernetes. */
export function manifestsOf(text: string): readonly Draft[] {
  return readDocuments(text).flatMap((reading, index) => {
    if (!('value' in reading)) throw new Error(`document ${index + 1}: ${JSON.stringify(reading)}`)
    return reading.value === null || reading.value === undefined ? [] : opened(reading.value, `document ${index + 1}`)
  })
}

function opened(value: unknown, where: string): readonly Draft[] {
  if (typeof value !== 'object' || value === null || !('kind' in value) || typeof value.kind !== 'string' || !('apiVersion' in value) || typeof value.apiVersion !== 'string') {
    throw new Error(`${where}: expected an object with apiVersion and kind`)
  }
  if ('items' in value && Array.isArray(value.items)) return value.items.flatMap((item, index) => opened(item, `${where}, item ${index + 1}`))
  if (!('metadata' in value) || typeof value.metadata !== 'object' || value.metadata === null) throw new Error(`${where}: a ${value.kind} needs metadata`)
  return [value as Draft] // checked above
}

/** Where an object is served: '/apis/apps/v1/namespaces/default/deployments/web'. Throws when nobody serves its kind. */
export function pathOf(registry: Registry, object: Draft): string {
  const endpoint = registry.byGroupKind(object.apiVersion, object.kind)
  if (endpoint === undefined) throw new Error(`no matches for kind "${object.kind}" in version "${object.apiVersion}"`)
  const base = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`
  const place = endpoint.kind.scope === 'Namespaced' ? `/namespaces/${object.metadata.namespace ?? 'default'}` : ''
  return `${base}${place}/${endpoint.kind.plural}/${object.metadata.name ?? ''}`
}
