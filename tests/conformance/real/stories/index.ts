import type { RealStory } from '../world.ts'
import { entrypoints } from './entrypoints.ts'
import { volumesDownward } from './volumes-downward.ts'
import { volumesEmpty } from './volumes-empty.ts'
import { volumesFiles } from './volumes-files.ts'
import { volumesIdentity } from './volumes-identity.ts'
import { volumesSubpaths } from './volumes-subpaths.ts'

/** The stories by the file that tells them. */
export const realStoriesByFile: Readonly<Record<string, readonly RealStory[]>> = { entrypoints, volumesEmpty, volumesFiles, volumesDownward, volumesIdentity, volumesSubpaths }
export const realStories: readonly RealStory[] = Object.values(realStoriesByFile).flat()
