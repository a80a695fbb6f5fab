import type { Evaluate } from './jwt.ts'

/** CEL over claims and users. */
export const evaluateClaims: Evaluate = (expression) => ({ error: `expressions are not evaluated yet: ${expression}` })
