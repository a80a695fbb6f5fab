// pods/binding: a pod comes to a node.
import { timestamp } from '../../../../base/timestamp.ts'
import type { Binding } from '../../../generated/types.ts'
import type { Circumstances, Effect } from '../../../kind.ts'
import type { Refusal } from '../../../refusal.ts'
import type { Draft } from '../../../resource.ts'
import type { Pod } from '../../../resources.ts'
import { withTopologyOf } from '../../../topology-labels.ts'

/** Binds a pod to a node: sets its nodeName and the PodScheduled condition. Refuses what upstream's assignPod refuses. */
export function bind(body: Draft, pod: Pod, { now, view }: Circumstances): Effect<Pod> | Refusal {
  const { target } = body as unknown as Binding
  const node = target?.name ?? ''
  const faults = [
    ...(target?.kind && target.kind !== 'Node' ? [{ reason: 'FieldValueNotSupported', message: `Unsupported value: ${JSON.stringify(target.kind)}: supported values: "Node", "<empty>"`, field: 'target.kind' }] : []),
    ...(node === '' ? [{ reason: 'FieldValueRequired', message: 'Required value', field: 'target.name' }] : []),
  ]
  if (faults.length > 0) {
    const texts = faults.map(({ field, message }) => `${field}: ${message}`)
    return {
      refused: true, code: 422, reason: 'Invalid', message: `Binding ${JSON.stringify(pod.metadata.name)} is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`,
      details: { name: pod.metadata.name, kind: 'Binding', causes: faults },
    }
  }
  const name = pod.metadata.name
  if (body.metadata.uid !== undefined && body.metadata.uid !== pod.metadata.uid) {
    return conflict(name, `Precondition failed: UID in precondition: ${body.metadata.uid}, UID in object meta: ${pod.metadata.uid}`)
  }
  if (body.metadata.resourceVersion !== undefined && body.metadata.resourceVersion !== pod.metadata.resourceVersion) {
    return conflict(name, `Precondition failed: ResourceVersion in precondition: ${body.metadata.resourceVersion}, ResourceVersion in object meta: ${pod.metadata.resourceVersion}`)
  }
  if (pod.metadata.deletionTimestamp !== undefined) return conflict(name, `pod ${name} is being deleted, cannot be assigned to a host`)
  if (pod.spec.nodeName) return conflict(name, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`)
  if (pod.spec.schedulingGates !== undefined && pod.spec.schedulingGates.length > 0) return conflict(name, `pod ${name} has non-empty .spec.schedulingGates`)
  const { annotations } = body.metadata
  const labels = withTopologyOf(view, node, body.metadata.labels)
  const others = (pod.status.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled')
  const before = pod.status.conditions?.find((condition) => condition.type === 'PodScheduled')
  const lastTransitionTime = before?.status === 'True' && before.lastTransitionTime !== undefined ? before.lastTransitionTime : timestamp(now)
  // As upstream: a pod that has its node is nominated for none.
  const { nominatedNodeName: _nominated, ...status } = pod.status
  return {
    do: 'write',
    object: {
      ...pod,
      metadata: {
        ...pod.metadata,
        ...(annotations === undefined ? {} : { annotations: { ...pod.metadata.annotations, ...annotations } }),
        ...(labels === undefined ? {} : { labels: { ...pod.metadata.labels, ...labels } }),
      },
      spec: { ...pod.spec, nodeName: node },
      status: { ...status, conditions: [...others, { type: 'PodScheduled', status: 'True', lastTransitionTime, ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }) }] },
    },
  }
}

const conflict = (name: string, why: string): Refusal =>
  ({ refused: true, code: 409, reason: 'Conflict', message: `Operation cannot be fulfilled on pods/binding ${JSON.stringify(name)}: ${why}`, details: { name, kind: 'pods/binding' } })
