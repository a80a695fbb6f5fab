import { type GroupReading, type Groups } from './groups.ts'
import { type InterfaceReading, interfacesOf } from './interfaces.ts'
import type { MeasurableContainer, MeasurablePod } from './measurable.ts'
import { Rates } from './rates.ts'

/** What one look at the machine found. Rates are nanoseconds of CPU a second, absent until something was read twice. */
export interface Measurement { readonly at: number; readonly machine: Measured; readonly pods: readonly MeasuredPod[] }
export interface Measured { readonly reading: GroupReading; readonly cpuRate: number | undefined }
export interface MeasuredPod extends Measured {
  readonly pod: MeasurablePod
  readonly containers: readonly (Measured & { readonly container: MeasurableContainer })[]
  readonly interfaces: readonly InterfaceReading[]
}

/** Askers within so long are given one look. */
const sharedMs = 1_000
/** How long the two first looks are apart: there is no rate in one. */
const firstLooksMs = 1_000

/** Looks at what pods use, only when somebody asks. */
export class Meter {
  readonly #options: { readonly groups: Groups; readonly pods: () => readonly MeasurablePod[]; readonly now: () => number }
  readonly #rates = new Rates()
  #last: { readonly at: number; readonly taken: Promise<Measurement> } | undefined

  constructor(options: { readonly groups: Groups; readonly pods: () => readonly MeasurablePod[]; readonly now: () => number }) { this.#options = options }

  measure(): Promise<Measurement> {
    const now = this.#options.now()
    if (this.#last !== undefined && now - this.#last.at < sharedMs) return this.#last.taken
    this.#last = { at: now, taken: this.#take() }
    return this.#last.taken
  }

  async #take(): Promise<Measurement> {
    if (this.#rates.isStale(this.#options.now())) {
      this.#look()
      await new Promise((resolve) => { setTimeout(resolve, firstLooksMs) })
    }
    return this.#look()
  }

  #look(): Measurement {
    const { groups, pods } = this.#options
    const at = this.#options.now()
    const measured = (key: string, path: string): Measured => {
      const reading = groups.read(path) ?? {}
      return { reading, cpuRate: reading.cpu === undefined ? undefined : this.#rates.of(key, reading.cpu.nanos, this.#options.now()) }
    }
    const machine = measured('', '')
    const found = pods().map((pod): MeasuredPod => {
      const own = measured(pod.uid, pod.cgroup)
      const containers = pod.containers.map((container) => ({ container, ...measured(container.id, container.cgroup) }))
      const process = pod.containers[0]?.process
      return { pod, ...own, containers, interfaces: pod.hostNetwork || process === undefined ? [] : interfacesOf(process) }
    })
    this.#rates.round()
    return { at, machine, pods: found }
  }
}
