import type { SchedulerPlugin } from '../types.ts'
import { balancedAllocation } from './balanced-allocation.ts'
import { dynamicResources } from './dynamic-resources.ts'
import { imageLocality } from './image-locality.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeName } from './node-name.ts'
import { nodePorts } from './node-ports.ts'
import { nodeUnschedulable } from './node-unschedulable.ts'
import { podTopologySpread } from './pod-topology-spread.ts'
import { resourcesFit } from './resources-fit.ts'
import { taintToleration } from './taint-toleration.ts'
import { volumeBinding } from './volume-binding.ts'
import { volumeLimits } from './volume-limits.ts'
import { volumeRestrictions } from './volume-restrictions.ts'
import { volumeZone } from './volume-zone.ts'

/** In upstream's order of filters: the first that refuses a node gives the reasons. */
export const defaultPlugins: readonly SchedulerPlugin[] = [
  nodeUnschedulable, nodeName, taintToleration, nodeAffinity, nodePorts, resourcesFit, volumeRestrictions, volumeLimits, volumeBinding, volumeZone,
  podTopologySpread, interPodAffinity, dynamicResources, balancedAllocation, imageLocality,
]
