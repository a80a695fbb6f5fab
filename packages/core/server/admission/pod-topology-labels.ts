import { type Pod, pods } from '../../api/resources.ts'
import { withTopologyOf } from '../../api/topology-labels.ts'
import type { Plugin } from './types.ts'

/** A pod that is made on a node has the labels of the node's place; one that is bound later has them from its binding. */
export const podTopologyLabels: Plugin = {
  name: 'PodTopologyLabels', operations: ['create'], resources: [pods.resource],
  mutate({ object, subresource, circumstances: { view } }) {
    const { nodeName } = (object as Pod).spec ?? {}
    if (subresource !== '' || !nodeName) return object
    const labels = withTopologyOf(view, nodeName, object.metadata.labels)
    return labels === undefined || labels === object.metadata.labels ? object : { ...object, metadata: { ...object.metadata, labels } }
  },
}
