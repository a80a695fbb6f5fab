import type { Refusal } from '../api/refusal.ts'
import type { Resource } from '../api/resource.ts'
import { type FieldRequirement, fieldsMatch, isSelectorFault, type LabelRequirement, labelsMatch, parseFieldSelector, parseLabelSelector, requiredValue } from '../api/selectors/index.ts'
import { badRequest } from './refusals.ts'
import type { Endpoint } from './registry.ts'

/** Which objects of a kind a request is about. */
export interface Selection {
  readonly namespace: string | undefined
  /** Set when metadata.name= narrows it to one object. */
  readonly name: string | undefined
  /** No selector besides the namespace: everything counts. */
  readonly everything: boolean
  /** What is required of labels and of fields: some of it may be looked up. */
  readonly labels: readonly LabelRequirement[]
  readonly fields: readonly FieldRequirement[]
  matches(object: Resource): boolean
}

/** Reads labelSelector and fieldSelector of a query. 400 in upstream's words when one cannot be read or is not supported. */
export function selectionOf(query: URLSearchParams, endpoint: Endpoint, namespace: string | undefined, name: string): Selection | Refusal {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '')
  if (isSelectorFault(labels)) return badRequest(labels.fault)
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '')
  if (isSelectorFault(fields)) return badRequest(fields.fault)
  const supported = endpoint.served.fields ?? {}
  for (const { field } of fields) if (!Object.hasOwn(supported, field) && !isMetadata(field)) return badRequest(unsupported(endpoint, field))
  return selection({ labels, fields, endpoint, namespace, name: name === '' ? requiredValue(fields, 'metadata.name') : name })
}

const isMetadata = (field: string): boolean => field === 'metadata.name' || field === 'metadata.namespace'

/** Kinds with fields of their own say it briefly, the others name the two that all have; Job has words of its own. */
function unsupported({ kind, served }: Endpoint, field: string): string {
  if (served.fields === undefined) return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
  return kind.resource === 'batch/jobs' ? `field label ${JSON.stringify(field)} not supported for Job` : `field label not supported: ${field}`
}

function selection(parts: { readonly labels: readonly LabelRequirement[]; readonly fields: readonly FieldRequirement[]; readonly endpoint: Endpoint; readonly namespace: string | undefined; readonly name: string | undefined }): Selection {
  const { labels, fields, endpoint, namespace, name } = parts
  const valueOf = (object: Resource) => (field: string): string | undefined => {
    if (field === 'metadata.name') return object.metadata.name
    if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
    return endpoint.served.fields?.[field]?.(object)
  }
  return {
    namespace, name, labels, fields,
    everything: labels.length === 0 && fields.length === 0 && name === undefined,
    matches: (object) => (namespace === undefined || (object.metadata.namespace ?? '') === namespace)
      && (name === undefined || object.metadata.name === name)
      && (labels.length === 0 || labelsMatch(labels, object.metadata.labels))
      && (fields.length === 0 || fieldsMatch(fields, valueOf(object))),
  }
}
