import type { RealStory } from '../world.ts'
import { entrypoints } from './entrypoints.ts'

/** The stories by the file that tells them. */
export const realStoriesByFile: Readonly<Record<string, readonly RealStory[]>> = { entrypoints }
export const realStories: readonly RealStory[] = Object.values(realStoriesByFile).flat()
