// The scale subresource: how many of something, whatever it is.
import type { Refusal } from '../../api/refusal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import type { Machine } from '../machine.ts'
import { invalid, modified, otherUid } from '../refusals.ts'
import type { AnySubresource, Endpoint } from '../registry.ts'
import type { Asks } from '../types.ts'
import type { Decided, Manner } from './decided.ts'
import { decideReplace } from './update.ts'

export type ScalePart = Extract<AnySubresource, { readonly is: 'scale' }>
export const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
export const scaleDefinition = 'io.k8s.api.autoscaling.v1.Scale'

/** An object's Scale. */
export function scaleOf(part: ScalePart, object: Resource): object {
  const { specReplicas, statusReplicas, selector } = part.read(object)
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return {
    kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { ...(specReplicas !== 0 && { replicas: specReplicas }) }, status: { replicas: statusReplicas, ...(selector !== '' && { selector }) },
  }
}

/** Decides a write of a Scale: only its replicas count. */
export function decideScale(machine: Machine, endpoint: Endpoint, part: ScalePart, scale: Draft, before: Resource, manner: Manner): Decided | Refusal | Asks {
  const type = { ...endpoint.kind, group: endpoint.served.group }
  const { name, uid, resourceVersion } = before.metadata
  if (scale.metadata.uid && scale.metadata.uid !== uid) return otherUid(type, before.metadata, scale.metadata.uid)
  if (scale.metadata.resourceVersion && scale.metadata.resourceVersion !== resourceVersion) return modified(type, name)
  const replicas = Number((scale['spec'] as { readonly replicas?: number } | undefined)?.replicas ?? 0)
  if (replicas < 0) return invalid(scaleKind, name, [{ path: 'spec.replicas', reason: 'FieldValueInvalid', value: replicas, detail: 'must be greater than or equal to 0' }])
  return decideReplace(machine, endpoint, part.write(before, replicas), before, { is: 'main', through: { name: 'scale', body: scale, before: scaleOf(part, before) as Draft } }, manner)
}
