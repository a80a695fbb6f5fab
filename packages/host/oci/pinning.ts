import type { ExclusiveCpus } from '../cpus/index.ts'
import { pinGroup } from './groups.ts'
import { complain, type Held } from './held.ts'

/** Keeps running containers on the CPUs that they are to run on: at once when others are shared, and again and again, for one may have been starting just then. Call what is returned to end it. */
export function pinContainers(held: Held, cpus: ExclusiveCpus, lookMs: number): () => void {
  const pin = (): void => {
    held.each((uid, { record }) => {
      if (record.state.is !== 'running') return
      try { pinGroup(record.cgroup, cpus.of(uid, record.container).cpus) } catch (error) { complain(uid)(error) }
    })
  }
  cpus.onChange(pin)
  const timer = setInterval(() => {
    pin()
    cpus.writeUnwritten()
  }, lookMs)
  pin()
  return () => { clearInterval(timer) }
}
