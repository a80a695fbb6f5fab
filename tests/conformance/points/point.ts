import type { World } from '../story.ts'

/** Something that clients depend on and servers often get wrong. */
export type Point =
  | { readonly number: number; readonly says: string; readonly tell: (world: World) => Promise<void> }
  /** Shown by other tests: streams need a process. */
  | { readonly number: number; readonly says: string; readonly shownBy: string }
