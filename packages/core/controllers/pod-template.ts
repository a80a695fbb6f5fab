import type { PodTemplateSpec } from '../api/generated/types.ts'
import type { Draft, Resource, ResourceType } from '../api/resource.ts'
import { ownerReference } from '../rules/owners.ts'

/** The pod a controller makes from its template, named `name`. */
export function podFromTemplate(template: PodTemplateSpec | undefined, type: ResourceType<Resource>, owner: Resource, name: string): Draft {
  const { labels, annotations, finalizers } = template?.metadata ?? {}
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: {
      name, generateName: `${owner.metadata.name}-`, namespace: owner.metadata.namespace ?? '',
      ...(labels && { labels }), ...(annotations && { annotations }), ...(finalizers && { finalizers }),
      ownerReferences: [ownerReference(type, owner)],
    },
    spec: template?.spec ?? { containers: [] },
  }
}
