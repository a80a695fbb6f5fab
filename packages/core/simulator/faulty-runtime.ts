import type { Cancel, Clock, Random } from '../base/index.ts'
import type { ContainerRuntime, RuntimeCommand, RuntimeEvent, RuntimeState } from '../kubelet/index.ts'

export interface RuntimeFaults {
  /** The chance that an event is told late, and how late at most. */
  lateEvent: number
  lateMsMax: number
  /** The chance that an image is not to be had. */
  missingImage: number
}

const owner = 'late runtime events'

/** A runtime whose events come late, those of one pod in order, and whose images are missing now and then. */
export class FaultyRuntime implements ContainerRuntime {
  readonly keepsLogs = true
  readonly #inner: ContainerRuntime
  readonly #clock: Clock
  readonly #random: Random
  readonly #faults: RuntimeFaults
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  /** Events under way, by whom they are about. */
  readonly #late = new Map<string, RuntimeEvent[]>()

  constructor(inner: ContainerRuntime, clock: Clock, random: Random, faults: RuntimeFaults) {
    this.#inner = inner
    this.#clock = clock
    this.#random = random
    this.#faults = faults
    inner.onEvent((event) => { this.#told(event) })
    clock.onWake(owner, (key) => { this.#due(key) })
  }

  submit(command: RuntimeCommand): void {
    if (command.do !== 'pull' || !this.#random.chance(this.#faults.missingImage)) { this.#inner.submit(command); return }
    const { node, image } = command
    this.#told({ is: 'pull-failed', node, image, reason: 'ErrImagePull', message: `${image}: not found`, at: this.#clock.now() })
  }
  observed(): RuntimeState { return this.#inner.observed() }
  onEvent(listen: (event: RuntimeEvent) => void): Cancel { this.#listeners.add(listen); return () => { this.#listeners.delete(listen) } }
  foretell(command: Parameters<NonNullable<ContainerRuntime['foretell']>>[0]): ReturnType<NonNullable<ContainerRuntime['foretell']>> {
    return this.#inner.foretell?.(command) ?? { ok: true, output: '' }
  }

  #told(event: RuntimeEvent): void {
    const about = 'pod' in event ? event.pod : `${event.node} ${event.image}`
    const late = this.#late.get(about)
    if (late !== undefined) { late.push(event); return }
    if (!this.#random.chance(this.#faults.lateEvent)) { this.#emit(event); return }
    this.#late.set(about, [event])
    this.#clock.wake(owner, about, this.#clock.now() + 1 + this.#random.below(this.#faults.lateMsMax))
  }
  #due(about: string): void {
    const events = this.#late.get(about) ?? []
    this.#late.delete(about)
    for (const event of events) this.#emit(event)
  }
  #emit(event: RuntimeEvent): void { for (const listen of this.#listeners) listen(event) }
}
