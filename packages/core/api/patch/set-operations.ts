// What is made of two sets of paths. Sets are much alike: what comes of two parts that many objects share is computed once.
import { Lately } from '../../base/lately.ts'
import { type FieldSet, isEmpty, isShared, noFields } from './field-set.ts'
import { keptSet } from './shared-fields.ts'

type Operation = (left: FieldSet, right: FieldSet) => FieldSet

/** So many pairs are known to each operation. */
const pairsMax = 4096
/** An operation that remembers what came of two shared parts; the answer is a shared part again. */
function remembering(operation: Operation): Operation {
  const known = Lately.weakly<FieldSet, WeakMap<FieldSet, FieldSet>>(pairsMax)
  return (left, right) => {
    if (left.below.size === 0 || right.below.size === 0 || !isShared(left) || !isShared(right)) return operation(left, right)
    let made = known.get(left)
    if (made === undefined) known.set(left, (made = new WeakMap()))
    let answer = made.get(right)
    if (answer === undefined) made.set(right, (answer = keptSet(operation(left, right))))
    return answer
  }
}

/** In one of them or both. What only one has is shared with it. */
export const union: Operation = remembering((left, right) => {
  if (isEmpty(right) || left === right) return left
  if (isEmpty(left)) return right
  const below = new Map(left.below)
  for (const [element, theirs] of right.below) {
    const mine = below.get(element)
    below.set(element, mine === undefined ? theirs : union(mine, theirs))
  }
  return { has: left.has || right.has, below }
})
/** In the first and not in the second; the first itself when they have nothing in common. */
export const difference: Operation = remembering((left, right) => (left.has && right.has ? withBranches({ has: false, below: left.below }, right, difference) : withBranches(left, right, difference)))
/** In both. */
export const intersection: Operation = remembering((left, right) => {
  const below = new Map<string, FieldSet>()
  const [few, many] = left.below.size < right.below.size ? [left, right] : [right, left]
  for (const [element, mine] of few.below) {
    const theirs = many.below.get(element)
    const made = theirs === undefined ? noFields : intersection(mine, theirs)
    if (!isEmpty(made)) below.set(element, made)
  }
  const has = left.has && right.has
  return !has && below.size === 0 ? noFields : { has, below }
})

/** The set without whole branches: where `gone` has a path, all that lies below goes too. The set itself when nothing goes. */
export const withoutBranches: Operation = remembering((set, gone) => withBranches(set, gone, (mine, theirs) => (theirs.has ? noFields : withoutBranches(mine, theirs))))

/** The set with what is made of those branches that the other has as well; the set itself when they stay as they are. */
function withBranches(set: FieldSet, other: FieldSet, made: Operation): FieldSet {
  if (set.below.size === 0 || other.below.size === 0) return set
  let below: Map<string, FieldSet> | undefined
  for (const [element, theirs] of other.below) {
    const mine = set.below.get(element)
    const next = mine === undefined ? undefined : made(mine, theirs)
    if (next === undefined || next === mine) continue
    below ??= new Map(set.below)
    if (isEmpty(next)) below.delete(element)
    else below.set(element, next)
  }
  return below === undefined ? set : { has: set.has, below }
}
export const sameSet = (left: FieldSet, right: FieldSet): boolean =>
  left.has === right.has && left.below.size === right.below.size && [...left.below].every(([element, mine]) => { const theirs = right.below.get(element); return theirs !== undefined && sameSet(mine, theirs) })
