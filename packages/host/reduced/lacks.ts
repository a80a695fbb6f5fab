import { type Delegation, delegatedGroups } from '../linux/delegation.ts'

/** How a command that runs in an ordinary user's namespaces is told so: the value says whether packets leave them. */
const mark = 'SKIFF_REDUCED'
export type ReducedMode = 'alone' | 'way-out'

/** How this process runs; undefined: as on any machine. */
export function reducedMode(): ReducedMode | undefined {
  const value = process.env[mark]
  return value === 'alone' || value === 'way-out' ? value : undefined
}
export const reducedEnvironment = (mode: ReducedMode): Readonly<Record<string, string>> => ({ [mark]: mode })

/** What nodes of an ordinary user lack, in one line. */
export function lacks(mode: ReducedMode, groups: Delegation = delegatedGroups()): string {
  const parts = [
    ...(groups.is === 'none' ? [`limits of CPU, memory and processes are not enforced, and use is not measured (no control groups: ${groups.why})`] : []),
    'this machine reaches pods, Services and node ports by kubectl only',
    ...(mode === 'alone' ? ['pods reach nothing outside of the cluster (install slirp4netns)'] : []),
    'pods have no users of their own, no block devices and no network file systems',
  ]
  return parts.join('; ')
}

/** What their Node objects say. */
export const reducedLabel = 'skiff.dev/reduced'
export const lacksAnnotation = 'skiff.dev/lacks'
