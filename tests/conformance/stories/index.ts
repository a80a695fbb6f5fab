import type { Story } from '../story.ts'
import { appStories } from './apps.ts'
import { authStories } from './auth.ts'
import { daemonSetStories } from './daemon-sets.ts'
import { customResources } from './definitions.ts'
import { deploymentStories } from './deployments.ts'
import { discovery } from './discovery.ts'
import { disruptionStories } from './disruption.ts'
import { endpointStories } from './endpoints.ts'
import { eventStories } from './events.ts'
import { fieldValidation } from './field-validation.ts'
import { garbageStories } from './garbage.ts'
import { jobStories } from './jobs.ts'
import { kubectlPodStories } from './kubectl-pods.ts'
import { kubectlStories } from './kubectl.ts'
import { listsAndWatches } from './lists-and-watches.ts'
import { namespaceStories } from './namespaces.ts'
import { networkStories } from './network.ts'
import { nodeStories } from './node.ts'
import { podStories } from './pods.ts'
import { policyStories } from './policies.ts'
import { publishedSchemas } from './published-schemas.ts'
import { quotaStories } from './quotas.ts'
import { replicaStories } from './replicas.ts'
import { resourceStories } from './resources.ts'
import { placementStories } from './placement.ts'
import { schedulingStories } from './scheduling.ts'
import { statefulSetStories } from './stateful-sets.ts'
import { storageStories } from './storage.ts'
import { webhookStories } from './webhooks.ts'

/** The stories by the file that tells them, in the order in which they are told. */
export const storiesByFile: Readonly<Record<string, readonly Story[]>> = {
  discovery, definitions: customResources, 'published-schemas': publishedSchemas, 'field-validation': fieldValidation, namespaces: namespaceStories, quotas: quotaStories,
  'lists-and-watches': listsAndWatches, policies: policyStories, apps: appStories, auth: authStories, kubectl: kubectlStories, events: eventStories, network: networkStories,
  node: nodeStories, resources: resourceStories, scheduling: schedulingStories, placement: placementStories, storage: storageStories,
  deployments: deploymentStories, replicas: replicaStories, 'stateful-sets': statefulSetStories, 'daemon-sets': daemonSetStories, jobs: jobStories, disruption: disruptionStories, garbage: garbageStories, endpoints: endpointStories, webhooks: webhookStories,
  pods: podStories, 'kubectl-pods': kubectlPodStories,
}
export const stories: readonly Story[] = Object.values(storiesByFile).flat()
