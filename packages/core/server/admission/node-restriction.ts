import { sameMeaning } from '../../api/kinds/equal.ts'
import type { Refusal } from '../../api/refusal.ts'
import { leases, type Node, nodes, pods } from '../../api/resources.ts'
import { isReservedNodeLabel } from '../../rules/node-labels.ts'
import { nodeOf } from '../access/node.ts'
import { forbidden } from '../refusals.ts'
import type { Admission, Plugin } from './types.ts'

/** What the authorizer cannot see of a node's writes: the name inside a create, and what an update changes. */
export const nodeRestriction: Plugin = {
  name: 'NodeRestriction',
  mutate(admission) {
    const node = nodeOf(admission.user)
    if (node === undefined || admission.operation === 'delete' || admission.operation === 'connect') return admission.object
    if (admission.operation === 'create' && admission.subresource !== '') return admission.object
    return (admission.operation === 'create' ? refusalOfCreate(admission, node) : refusalOfUpdate(admission, node)) ?? admission.object
  },
}

function refusalOfCreate({ kind, object }: Admission, node: string): Refusal | undefined {
  const { name, labels, ownerReferences } = object.metadata
  switch (kind.resource) {
    case nodes.resource: {
      if (name !== node) return forbidden(kind, name, `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(name)}`)
      if ((ownerReferences ?? []).length > 0) return forbidden(kind, name, `node ${JSON.stringify(node)} is not allowed to set ownerReferences`)
      const reserved = changedReserved(labels, undefined)
      return reserved.length === 0 ? undefined : forbidden(kind, name, `node ${JSON.stringify(node)} is not allowed to set the following labels: ${reserved.join(', ')}`)
    }
    case leases.resource: return name === node ? undefined : forbidden(kind, name, 'can only access node lease with the same name as the requesting node')
    case pods.resource: return forbidden(kind, name, `pod does not have ${JSON.stringify('kubernetes.io/config.mirror')} annotation, node ${JSON.stringify(node)} can only create mirror pods`)
    default: return undefined
  }
}

function refusalOfUpdate({ kind, object, before }: Admission, node: string): Refusal | undefined {
  const { name, labels, annotations, ownerReferences } = object.metadata
  if (before === undefined) return undefined
  switch (kind.resource) {
    case nodes.resource: {
      const cannot = (what: string): Refusal => forbidden(kind, name, `node ${JSON.stringify(node)} is not allowed to modify ${what}`)
      if (!sameMeaning((object as Node).spec.taints ?? [], (before as Node).spec.taints ?? [])) return cannot('taints')
      if (!sameMeaning(ownerReferences ?? [], before.metadata.ownerReferences ?? [])) return cannot('ownerReferences')
      const reserved = changedReserved(labels, before.metadata.labels)
      return reserved.length === 0 ? undefined : forbidden(kind, name, `is not allowed to modify labels: ${reserved.join(', ')}`)
    }
    case pods.resource: {
      const cannot = (what: string): Refusal => forbidden(kind, name, `node ${JSON.stringify(node)} cannot update ${what} through pod status`)
      // A label could bring the pod under another's Service or controller.
      if (!sameMeaning(labels ?? {}, before.metadata.labels ?? {})) return cannot('labels')
      return sameMeaning(annotations ?? {}, before.metadata.annotations ?? {}) ? undefined : cannot('annotations')
    }
    default: return undefined
  }
}

function changedReserved(now: Readonly<Record<string, string>> = {}, before: Readonly<Record<string, string>> = {}): readonly string[] {
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((label) => isReservedNodeLabel(label) && now[label] !== before[label]).sort()
}
