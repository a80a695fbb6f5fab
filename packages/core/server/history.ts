// How long the past is kept: about five minutes, as upstream's compaction does; then watches and lists of it are answered 410.
import type { Clock } from '../base/clock.ts'
import type { Cancel } from '../base/loop.ts'
import type { Store } from '../store/types.ts'

const owner = 'history'

/** Forgets each change between one and two times `keptMs` after it was made. Nothing is due while nothing changes. */
export function keepHistory(store: Store, clock: Clock, keptMs: number): Cancel {
  let waits = false
  const arm = (): void => {
    if (waits) return
    waits = true
    // The timer carries what it is about, so that a fork's clock knows as well.
    clock.wake(owner, String(store.view.revision), clock.now() + keptMs)
  }
  const stopped = [
    store.onCommit(arm),
    clock.onWake(owner, (key) => {
      waits = false
      // What is not durable yet must stay until it is.
      store.compact(Math.min(Number(key), store.durableRevision))
      if (store.compacted < store.view.revision) arm()
    }),
  ]
  if (store.compacted < store.view.revision) arm()
  return () => { for (const stop of stopped) stop() }
}
