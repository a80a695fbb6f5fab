import type { RealStory } from '../world.ts'
import { aggregationStories } from './aggregation.ts'
import { entrypoints } from './entrypoints.ts'
import { environment } from './environment.ts'
import { workOfJobs } from './jobs.ts'
import { life } from './life.ts'
import { networkIdentity } from './network-identity.ts'
import { networkNames } from './network-names.ts'
import { networkPods } from './network-pods.ts'
import { networkServices } from './network-services.ts'
import { podFiles } from './pod-files.ts'
import { probes } from './probes.ts'
import { resize } from './resize.ts'
import { security } from './security.ts'
import { setsOfPods } from './sets.ts'
import { volumesDownward } from './volumes-downward.ts'
import { volumesEmpty } from './volumes-empty.ts'
import { volumesFiles } from './volumes-files.ts'
import { volumesIdentity } from './volumes-identity.ts'
import { volumesSubpaths } from './volumes-subpaths.ts'

/** The stories by the file that tells them. */
export const realStoriesByFile: Readonly<Record<string, readonly RealStory[]>> = {
  aggregation: aggregationStories, entrypoints, environment, jobs: workOfJobs, life, 'pod-files': podFiles, probes, resize, security, sets: setsOfPods,
  'volumes-empty': volumesEmpty, 'volumes-files': volumesFiles, 'volumes-downward': volumesDownward, 'volumes-identity': volumesIdentity, 'volumes-subpaths': volumesSubpaths,
  'network-identity': networkIdentity, 'network-names': networkNames, 'network-pods': networkPods, 'network-services': networkServices,
}
export const realStories: readonly RealStory[] = Object.values(realStoriesByFile).flat()
