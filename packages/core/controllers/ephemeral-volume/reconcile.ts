// Makes the claims of generic ephemeral volumes: they live and go with their pod. Behaviour: upstream's ephemeral-volume-controller.
import { type Action, type Controller, persistentVolumeClaims, type Pod, pods } from '../../api/index.ts'
import type { Volume } from '../../api/generated/types.ts'
import { sidesOf } from '../../rules/changes.ts'
import { isControlledBy, ownerReference } from '../../rules/owners.ts'
import { isTerminating } from '../../rules/pods.ts'
import { namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'

export const ephemeralVolumeController: Controller = {
  name: 'ephemeral-volume-controller',
  watches: [{
    resource: pods.resource,
    affected: (change) => {
      const { before, after } = sidesOf(pods, change) ?? {}
      return before === undefined && after !== undefined && hasEphemeral(after) ? ownKey(change) : []
    },
  }],
  reconcile(key, { view }) {
    const pod = view.get(pods, ...namesOf(key))
    if (pod === undefined || isTerminating(pod)) return settled
    return {
      actions: (pod.spec.volumes ?? []).flatMap((volume): readonly Action[] => {
        if (volume.ephemeral === undefined) return []
        const name = `${pod.metadata.name}-${volume.name}`
        const existing = view.get(persistentVolumeClaims, pod.metadata.namespace ?? '', name)
        if (existing === undefined) return [create(pod, volume, name)]
        // A claim of that name that is not the pod's own must never be taken for it.
        const message = `PVC ${pod.metadata.namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`
        return isControlledBy(existing, pod) ? [] : [{ do: 'record', about: pod, type: 'Warning', reason: 'FailedBinding', message: `ephemeral volume ${volume.name}: ${message}` }]
      }),
    }
  },
}

const hasEphemeral = (pod: Pod): boolean => pod.spec.volumes?.some((volume) => volume.ephemeral !== undefined) ?? false

function create(pod: Pod, volume: Volume, name: string): Action {
  const template = volume.ephemeral?.volumeClaimTemplate
  const { labels, annotations } = template?.metadata ?? {}
  return {
    do: 'create', object: {
      apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec: template?.spec ?? {},
      metadata: { name, namespace: pod.metadata.namespace ?? '', ...(labels && { labels }), ...(annotations && { annotations }), ownerReferences: [ownerReference(pods, pod)] },
    },
  }
}
