import { WorkLoop } from '@kubeskiff/core/base'

/** How long the lanes may run before sockets and timers get a turn. */
const sliceMs = 5

/** A loop that pumps itself: when a lane becomes runnable it works in slices between Node's own events. */
export function selfPumpingLoop(onFault: (error: unknown) => void): WorkLoop {
  let waiting = false
  const pump = (): void => {
    waiting = false
    const end = performance.now() + sliceMs
    try { if (loop.pump(() => performance.now() < end)) ask() } catch (error) { onFault(error) }
  }
  const ask = (): void => {
    if (waiting) return
    waiting = true
    setImmediate(pump)
  }
  const loop = new WorkLoop(ask)
  return loop
}
