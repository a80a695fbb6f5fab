import type { IdRange } from '../linux/users.ts'
import { readIfThere } from './records.ts'

/** As upstream's kubelet: so many ids a pod, from a multiple of it on, and none of the machine's own users. */
export const idsPerPod = 65_536
const idsMax = 2 ** 32 - 1
const poolUser = 'kubelet'

/** Ids of this machine, the first and the one after the last. */
interface Span { readonly from: number; readonly to: number }

/** The texts of /etc/subuid, /etc/subgid and /proc/self/uid_map. */
export interface IdFiles { readonly subuid: string; readonly subgid: string; readonly mapped: string }

/**
 * Where the ranges of pods may lie: what the machine gives its user `kubelet`, else, as upstream, all above its first 65,536 ids; but never what it gives to somebody else, nor
 * what a user namespace around us does not have. Throws where the machine's word cannot be followed.
 */
export function idPool({ subuid, subgid, mapped }: IdFiles): readonly Span[] {
  const users = spansIn(subuid)
  const groups = spansIn(subgid)
  const own = users.filter(({ name }) => name === poolUser)
  const ownGroups = groups.filter(({ name }) => name === poolUser)
  if (own.length !== ownGroups.length || own.some(({ from, to }, index) => from !== ownGroups[index]?.from || to !== ownGroups[index].to)) throw new Error('mapped ids must be the same for users and groups: /etc/subuid and /etc/subgid differ for kubelet')
  for (const { from, to } of own) if (from < idsPerPod || from % idsPerPod !== 0 || (to - from) % idsPerPod !== 0) throw new Error(`/etc/subuid gives kubelet the ids ${from} to ${to - 1}: they must begin at a multiple of ${idsPerPod} above 0, and be a multiple of it`)
  const others = [...users, ...groups].filter(({ name }) => name !== poolUser)
  const here = mapped.split('\n').flatMap((line): readonly Span[] => {
    const [inside = NaN, , length = NaN] = line.trim().split(/\s+/).map(Number)
    return Number.isNaN(inside + length) ? [] : [{ from: inside, to: inside + length }]
  })
  const wanted = own.length > 0 ? own : [{ from: idsPerPod, to: idsMax }]
  return wanted.flatMap((span) => here.map((other) => ({ from: Math.max(span.from, other.from), to: Math.min(span.to, other.to) }))).filter(({ from, to }) => from < to)
    .flatMap((span) => (own.length > 0 ? [span] : without(span, others)))
}

/** The pool of this machine, or of the user namespace that we are in. */
export function machinePool(): readonly Span[] {
  // A machine that gives nothing away may have no such files.
  return idPool({ subuid: readIfThere('/etc/subuid') ?? '', subgid: readIfThere('/etc/subgid') ?? '', mapped: readIfThere('/proc/self/uid_map') ?? '' })
}

/** `name:first:count`, a line each. */
function spansIn(text: string): readonly (Span & { readonly name: string })[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', first = '', count = ''] = line.split(':')
    return /^\d+$/.test(first) && /^\d+$/.test(count.trim()) ? [{ name, from: Number(first), to: Number(first) + Number(count) }] : []
  })
}

function without(span: Span, taken: readonly Span[]): readonly Span[] {
  let left = [span]
  for (const { from, to } of taken) left = left.flatMap((part) => [{ from: part.from, to: Math.min(part.to, from) }, { from: Math.max(part.from, to), to: part.to }].filter((rest) => rest.from < rest.to))
  return left
}

/** Which pod has which ids: never two the same. */
export class UserRanges {
  readonly #taken = new Map<string, number>()
  readonly #pool: () => readonly Span[]
  #last = 0
  constructor(pool: () => readonly Span[]) { this.#pool = pool }

  /** The ids of a pod: those it has, or the next that nobody has. Throws when there are none. */
  take(pod: string): IdRange {
    const had = this.#taken.get(pod)
    if (had !== undefined) return { hostId: had, length: idsPerPod }
    const pool = this.#pool()
    const taken = new Set(this.#taken.values())
    const hostId = firstFree(pool, taken, this.#last + idsPerPod) ?? firstFree(pool, taken, 0)
    if (hostId === undefined) throw new Error('create user namespace: could not find an empty slot to allocate a user namespace')
    this.#last = hostId
    this.keep(pod, { hostId, length: idsPerPod })
    return { hostId, length: idsPerPod }
  }

  /** Takes note of the ids that a pod has had since before a restart. */
  keep(pod: string, { hostId }: IdRange): void { this.#taken.set(pod, hostId) }
  release(pod: string): void { this.#taken.delete(pod) }
}

function firstFree(pool: readonly Span[], taken: ReadonlySet<number>, after: number): number | undefined {
  for (const { from, to } of pool) {
    for (let at = Math.ceil(Math.max(from, after) / idsPerPod) * idsPerPod; at + idsPerPod <= to; at += idsPerPod) if (!taken.has(at)) return at
  }
  return undefined
}
