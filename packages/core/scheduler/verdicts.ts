import type { Pod } from '../api/resources.ts'

/** Where room can be made, and by whose end: the most important first. */
export interface Candidate { readonly node: number; readonly victims: readonly Pod[]; readonly violations: number; readonly rank: Rank }
/** By what candidates are compared. */
interface Rank { readonly first: number; readonly sum: number; readonly longest: number }

/** Where room can be made on one node, or why it cannot. */
export type Verdict = Candidate | { readonly reasons: readonly string[] }
