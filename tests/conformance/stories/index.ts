import type { Story } from '../story.ts'
import { appStories } from './apps.ts'
import { authStories } from './auth.ts'
import { customResources } from './definitions.ts'
import { discovery } from './discovery.ts'
import { eventStories } from './events.ts'
import { fieldValidation } from './field-validation.ts'
import { kubectlStories } from './kubectl.ts'
import { listsAndWatches } from './lists-and-watches.ts'
import { namespaceStories } from './namespaces.ts'
import { networkStories } from './network.ts'
import { nodeStories } from './node.ts'
import { policyStories } from './policies.ts'
import { publishedSchemas } from './published-schemas.ts'
import { quotaStories } from './quotas.ts'
import { resourceStories } from './resources.ts'
import { placementStories } from './placement.ts'
import { schedulingStories } from './scheduling.ts'
import { storageStories } from './storage.ts'

/** The stories by the file that tells them, in the order in which they are told. */
export const storiesByFile: Readonly<Record<string, readonly Story[]>> = {
  discovery, definitions: customResources, 'published-schemas': publishedSchemas, 'field-validation': fieldValidation, namespaces: namespaceStories, quotas: quotaStories,
  'lists-and-watches': listsAndWatches, policies: policyStories, apps: appStories, auth: authStories, kubectl: kubectlStories, events: eventStories, network: networkStories,
  node: nodeStories, resources: resourceStories, scheduling: schedulingStories, placement: placementStories, storage: storageStories,
}
export const stories: readonly Story[] = Object.values(storiesByFile).flat()
