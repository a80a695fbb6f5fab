import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { type Instant, type WorkLoop, wordsOf } from '@kubeskiff/core/base'
import { type Cluster, whoHolds } from '@kubeskiff/core/cluster'
import type { Course, SteeredClock } from '../engine/index.ts'

/** What may have to be done before the clock may move. */
export interface Waiting { readonly requests: { readonly mutating: number; readonly readOnly: number }; readonly outside: number }

export interface SteeringOptions {
  readonly clock: SteeredClock
  readonly loop: WorkLoop
  readonly cluster: Pick<Cluster, 'store' | 'runner'>
  readonly waiting: () => Waiting
  /** The real nodes: where there are any, time is not turned. */
  readonly real: () => readonly string[]
  readonly keep: (course: Course) => void
  /** How long one instant may take, in milliseconds of the machine. */
  readonly settleMaxMs?: number
}

export interface TimeState {
  readonly now: Instant
  readonly course: Course
  /** Where it is being moved to. */
  readonly target?: Instant
  /** Who holds the clock at this instant, when it has not moved for a while. */
  readonly heldBy?: readonly string[]
  /** Why the last move ended before its target. */
  readonly stopped?: string
}

/** Turns a cluster's time. What is refused is told as a sentence. */
export interface Steering {
  state(): TimeState
  /** Begins to move to an instant, timer by timer, with everything settled at each; `outsideMs` of the machine's time are left at each for clients that answer to what they watch. */
  moveTo(target: Instant, outsideMs: number): string | undefined
  freeze(): string | undefined
  resume(): string | undefined
  /** Resolves when no move is under way, at the latest after so long. */
  rested(mostMs: number): Promise<void>
  stop(): Promise<void>
}

const settleMaxDefaultMs = 30_000
/** An instant that takes longer than this is told of. */
const heldAfterMs = 500
const sliceMs = 5
const watchedMs = 20

export function createSteering({ clock, loop, cluster, waiting, real, keep, settleMaxMs = settleMaxDefaultMs }: SteeringOptions): Steering {
  let moving: { readonly target: Instant; readonly ended: Promise<void> } | undefined
  let mayGoOn = true
  let since = performance.now()
  let stopped: string | undefined

  const refusal = (): string | undefined => {
    const names = real()
    if (names.length > 0) return `this cluster has real nodes (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}): their containers live by this machine's clock, so its time cannot be turned`
    return moving === undefined ? undefined : `time is on its way to ${iso(moving.target)}: 'skiff time freeze' stops it`
  }
  const slice = (ms: number): void => {
    const end = performance.now() + ms
    loop.pump(() => performance.now() < end)
  }
  const holders = (): readonly string[] => {
    const { requests: { mutating, readOnly }, outside } = waiting()
    return [
      ...(mutating > 0 ? [`${mutating} ${mutating === 1 ? 'request that writes' : 'requests that write'}`] : []), ...(readOnly > 0 ? [`${readOnly} ${readOnly === 1 ? 'request that reads' : 'requests that read'}`] : []),
      ...(outside > 0 ? [`${outside} ${outside === 1 ? 'answer' : 'answers'} from outside`] : []), ...(loop.runnable ? whoHolds(cluster, () => { slice(watchedMs) }) : []),
    ]
  }
  const isHeld = (): boolean => {
    const { requests, outside } = waiting()
    return loop.runnable || requests.mutating + requests.readOnly + outside > 0
  }
  /** Works, and waits for those who are being answered, until nothing is left to do at this instant; says who is in the way when that takes too long. */
  const settle = async (outsideMs: number): Promise<string | undefined> => {
    since = performance.now()
    slice(sliceMs)
    let left = outsideMs
    for (;;) {
      if (performance.now() - since > settleMaxMs) return `the cluster does not settle at ${iso(clock.now())}: ${holders().join(', ')}`
      if (isHeld()) { slice(sliceMs); await nextTurn(); continue }
      if (left <= 0) return undefined
      await sleep(left)
      left = 0
    }
  }
  const move = async (target: Instant, outsideMs: number, goesOn: boolean): Promise<void> => {
    let turned = performance.now()
    stopped = await settle(outsideMs)
    while (stopped === undefined && mayGoOn && clock.advanceToNext(target)) {
      stopped = await settle(outsideMs)
      // Sockets and their requests get a turn, however little there is to do.
      if (performance.now() - turned > sliceMs) { await nextTurn(); turned = performance.now() }
    }
    if (stopped === undefined && !mayGoOn) stopped = `stopped at ${iso(clock.now())}`
    if (goesOn && mayGoOn && stopped === undefined) clock.resume()
    keep(clock.course)
  }

  return {
    state: () => ({
      now: clock.now(), course: clock.course, ...(moving !== undefined && { target: moving.target }), ...(stopped !== undefined && { stopped }),
      ...(moving !== undefined && performance.now() - since > heldAfterMs && { heldBy: holders() }),
    }),
    moveTo: (target, outsideMs) => {
      const why = refusal()
      if (why !== undefined) return why
      if (target < clock.now()) return `time does not run backwards: it is ${iso(clock.now())} in this cluster`
      const goesOn = !clock.isFrozen
      clock.freeze()
      mayGoOn = true
      stopped = undefined
      since = performance.now()
      // A daemon that dies on the way goes on at the target: what happened by then would else lie in the future.
      keep(goesOn ? { aheadMs: target - clock.machineNow() } : { frozenAt: target })
      moving = { target, ended: move(target, outsideMs, goesOn).catch((error: unknown) => { stopped = wordsOf(error) }).finally(() => { moving = undefined }) }
      return undefined
    },
    freeze: () => {
      if (moving !== undefined) { mayGoOn = false; return undefined }
      const why = refusal()
      if (why !== undefined) return why
      clock.freeze()
      keep(clock.course)
      return undefined
    },
    resume: () => {
      const why = refusal()
      if (why !== undefined) return why
      clock.resume()
      keep(clock.course)
      return undefined
    },
    rested: async (mostMs) => { if (moving !== undefined) await Promise.race([moving.ended, sleep(mostMs, undefined, { ref: false })]) },
    stop: async () => { mayGoOn = false; await moving?.ended },
  }
}

const iso = (instant: Instant): string => new Date(instant).toISOString().replace('.000Z', 'Z')

/** Counts promises that have not come to their end. */
export function countWaiting(): { count<T>(promise: Promise<T>): Promise<T>; waiting(): number } {
  let waiting = 0
  return {
    count: (promise) => { waiting++; return promise.finally(() => { waiting-- }) },
    waiting: () => waiting,
  }
}
