// Which of the things that a component says become Events of their own. Limits and order: client-go's event correlator.
import type { Action } from '../api/action.ts'
import type { Freezable } from '../base/freezable.ts'
import { Lately, type LatelyState } from '../base/lately.ts'
import type { Instant } from '../base/clock.ts'

const join = (...parts: readonly string[]): string => parts.join('\n')

/** What is said, and of what by whom. */
export interface Said { readonly by: string; readonly about: string; readonly type: string; readonly reason: string; readonly fieldPath: string; readonly message: string }

/** What a component records, as the correlator compares it. */
export const saidOf = ({ about, type, reason, fieldPath = '', host = '', message }: Extract<Action, { readonly do: 'record' }>, component: string): Said =>
  ({ by: join(component, host), about: join(about.kind, about.metadata.namespace ?? '', about.metadata.name, about.metadata.uid), type, reason, fieldPath, message })

/** One Event as far as it was told: whoever writes it notes its name. */
export interface Told { readonly count: number; readonly firstAt: Instant; readonly name?: string }

export type Correlated =
  | { readonly is: 'dropped' }
  /** `told` counts this time too; without a name it was never written. */
  | { readonly is: 'told'; readonly key: string; readonly message: string; readonly told: Told }

/** So many messages of one reason may differ; the next are told as one Event. */
const similarMax = 10
/** After so long without one, what is similar counts anew. */
const similarForMs = 600_000
/** So many Events may one source tell of one object at once … */
const burst = 25
/** … and one more whenever this has passed. */
const refillMs = 300_000
const rememberedMax = 4096

interface Similar { readonly messages: readonly string[]; readonly at: Instant }
interface Budget { readonly left: number; readonly at: Instant }

export interface CorrelatorState { readonly told: LatelyState<string, Told>; readonly similar: LatelyState<string, Similar>; readonly budgets: LatelyState<string, Budget> }

/** The memory of one recorder: it is lost with it, and then things are told anew. */
export class EventCorrelator implements Freezable<CorrelatorState> {
  readonly #told = Lately.of<string, Told>(rememberedMax)
  readonly #similar = Lately.of<string, Similar>(rememberedMax)
  readonly #budgets = Lately.of<string, Budget>(rememberedMax)

  /** `unlimited`: told each time, as schedulers do, who use upstream's newer recorder. */
  correlate(said: Said, now: Instant, unlimited = false): Correlated {
    const source = join(said.by, said.about)
    const sort = join(source, said.type, said.reason)
    const combined = !unlimited && this.#isCombined(sort, said.message, now)
    // The message is last: it may hold anything.
    const key = combined ? sort : join(sort, said.fieldPath, said.message)
    const before = this.#told.get(key)
    const told: Told = before === undefined ? { count: 1, firstAt: now } : { ...before, count: before.count + 1 }
    this.#told.set(key, told)
    if (!unlimited && !this.#mayTell(source, now)) return { is: 'dropped' }
    return { is: 'told', key, message: combined ? `(combined from similar events): ${said.message}` : said.message, told }
  }

  /** Notes under which name an Event was written. */
  named(key: string, name: string): void {
    const told = this.#told.get(key)
    if (told !== undefined) this.#told.set(key, { ...told, name })
  }

  freeze(): CorrelatorState { return { told: this.#told.freeze(), similar: this.#similar.freeze(), budgets: this.#budgets.freeze() } }
  thaw({ told, similar, budgets }: CorrelatorState): void {
    this.#told.thaw(told)
    this.#similar.thaw(similar)
    this.#budgets.thaw(budgets)
  }

  #isCombined(sort: string, message: string, now: Instant): boolean {
    const before = this.#similar.get(sort)
    const lately = before === undefined || now - before.at > similarForMs ? [] : before.messages
    const messages = lately.includes(message) ? lately : [...lately, message]
    const isFull = messages.length >= similarMax
    // One goes for the next; upstream lets any of them go.
    this.#similar.set(sort, { messages: isFull ? messages.slice(1) : messages, at: now })
    return isFull
  }

  #mayTell(source: string, now: Instant): boolean {
    const before = this.#budgets.get(source) ?? { left: burst, at: now }
    const left = Math.min(burst, before.left + (now - before.at) / refillMs)
    this.#budgets.set(source, { left: left < 1 ? left : left - 1, at: now })
    return left >= 1
  }
}
