import { qualityOf } from '../api/kinds/core/pod/quality.ts'
import type { Pod } from '../api/resources.ts'

/** The pod's class of service. The API sets it at creation; computed here where it did not: static pods. */
export function qosOf(pod: Pod): ReturnType<typeof qualityOf> {
  const known = pod.status?.qosClass
  return known === 'Guaranteed' || known === 'Burstable' || known === 'BestEffort' ? known : qualityOf(pod.spec)
}
