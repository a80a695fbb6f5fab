import { milliValue } from '../../../../base/quantity.ts'
import type { PodSpec } from '../../../generated/types.ts'

const judged = ['cpu', 'memory'] as const

/** The quality-of-service class of a pod: by cpu and memory alone, over all containers (as upstream's ComputePodQOS). */
export function qualityOf(spec: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const parts = spec.resources !== undefined ? [spec.resources] : [...spec.initContainers ?? [], ...spec.containers ?? []].map(({ resources }) => resources ?? {})
  const asks = (amounts: Readonly<Record<string, string>> | undefined): boolean => judged.some((name) => milliValue(amounts?.[name] ?? '0') > 0)
  if (!parts.some(({ requests, limits }) => asks(requests) || asks(limits))) return 'BestEffort'
  const guaranteed = parts.every(({ requests, limits }) => judged.every((name) => {
    const limit = milliValue(limits?.[name] ?? '0')
    return limit > 0 && milliValue(requests?.[name] ?? limits?.[name] ?? '0') === limit
  }))
  return guaranteed ? 'Guaranteed' : 'Burstable'
}
