import { asking } from './asking.ts'
import type { Point } from './point.ts'
import { writing } from './writing.ts'

/** What clients depend on and servers often get wrong, numbered. */
export const points: readonly Point[] = [...asking, ...writing].sort((a, b) => a.number - b.number)
