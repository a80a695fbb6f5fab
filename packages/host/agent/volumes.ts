import type { KubeletAnswer } from '../agent-link/index.ts'
import { volumeWorker } from '../oci/volumes/work.ts'

/** Answers the control plane's wishes for the directories of volumes on this machine. */
export function volumesOnLink(volumesBelow: string): (query: URLSearchParams) => Promise<KubeletAnswer> {
  const work = volumeWorker(volumesBelow)
  return async (query) => {
    const wish = query.get('do')
    if (wish !== 'provision' && wish !== 'unprovision') return { status: 400, headers: {}, body: `nobody here does ${wish}` }
    const told = await work({ do: wish, path: query.get('path') ?? '', from: query.get('from') ?? '' })
    return 'error' in told ? { status: 500, headers: {}, body: told.error } : { status: 200, headers: {}, body: '' }
  }
}
