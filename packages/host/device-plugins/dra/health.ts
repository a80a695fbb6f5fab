import type { DeviceReport } from './messages.ts'

export interface DeviceHealth { readonly health: 'Healthy' | 'Unhealthy' | 'Unknown'; readonly message?: string }

/** As upstream's: what a driver has not told again for so long is not known, unless the driver says how long. */
const toldForMs = 30_000
/** As upstream's, in bytes: what a pod's status takes. */
const messageMost = 1024

interface Told extends DeviceHealth { readonly until: number }

/** What drivers tell of their devices' health, in memory only: they tell it again to who asks anew. */
export class DevicesHealth {
  readonly #drivers = new Map<string, Map<string, Told>>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #onChange: (driver: string, changed: (pool: string, device: string) => boolean) => void
  readonly #now: () => number

  constructor(onChange: (driver: string, changed: (pool: string, device: string) => boolean) => void, now: () => number) {
    this.#onChange = onChange
    this.#now = now
  }

  of(driver: string, pool: string, device: string): DeviceHealth {
    const told = this.#drivers.get(driver)?.get(keyOf(pool, device))
    if (told === undefined || told.until <= this.#now()) return unknown
    return told.message === undefined ? { health: told.health } : { health: told.health, message: told.message }
  }

  /** Takes on what a driver tells of all its devices. */
  put(driver: string, reports: readonly DeviceReport[]): void {
    const known = this.#drivers.get(driver) ?? new Map<string, Told>()
    this.#drivers.set(driver, known)
    const now = this.#now()
    const changed = new Set<string>()
    for (const { pool, device, health, timeoutSeconds, message } of reports) {
      const key = keyOf(pool, device)
      const before = known.get(key)
      const told: Told = { health, ...(message === '' ? {} : { message: shortened(message) }), until: now + (timeoutSeconds > 0 ? timeoutSeconds * 1000 : toldForMs) }
      known.set(key, told)
      if (before === undefined || before.until <= now || before.health !== told.health || before.message !== told.message) changed.add(key)
    }
    this.#forgetOld(driver, known, now, changed)
  }

  /** Nothing more is heard of a driver. */
  clear(driver: string): void {
    clearTimeout(this.#timers.get(driver))
    this.#timers.delete(driver)
    if (this.#drivers.delete(driver)) this.#onChange(driver, () => true)
  }

  close(): void { for (const timer of this.#timers.values()) clearTimeout(timer) }

  /** Forgets what is too old, tells of it, and comes again for what will be. */
  #forgetOld(driver: string, known: Map<string, Told>, now: number, changed = new Set<string>()): void {
    let next = Infinity
    for (const [key, { until }] of known) {
      if (until > now) { next = Math.min(next, until); continue }
      known.delete(key)
      changed.add(key)
    }
    clearTimeout(this.#timers.get(driver))
    this.#timers.delete(driver)
    if (next < Infinity) this.#timers.set(driver, setTimeout(() => { this.#forgetOld(driver, known, this.#now()) }, Math.min(next - now, timerMostMs)))
    if (changed.size > 0) this.#onChange(driver, (pool, device) => changed.has(keyOf(pool, device)))
  }
}
/** The longest that Node's timers wait. */
const timerMostMs = 2 ** 31 - 1
const unknown: DeviceHealth = { health: 'Unknown' }
const keyOf = (pool: string, device: string): string => `${pool}/${device}`

function shortened(message: string): string {
  const bytes = Buffer.from(message)
  return bytes.length <= messageMost ? message : `${bytes.subarray(0, messageMost - 3).toString().replace(/\uFFFD+$/, '')}...`
}
