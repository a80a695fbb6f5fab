import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { writePrivately, writtenIn } from '../../files/index.ts'
import type { ClaimReference, PreparedDevice } from './messages.ts'

/** A claim that drivers were asked to prepare, for some pods. */
export interface HeldClaim extends ClaimReference {
  readonly pods: readonly string[]
  /** What each of its drivers answered; all have when `isPrepared`. */
  readonly drivers: Readonly<Record<string, readonly PreparedDevice[]>>
  readonly isPrepared: boolean
}

/** The claims of a node, as they are and as they are written down: an agent that comes later knows what is to be undone. */
export class HeldClaims {
  readonly #file: string
  readonly #claims: Map<string, HeldClaim>

  constructor(file: string) {
    this.#file = file
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    this.#claims = new Map((writtenIn<readonly HeldClaim[]>(file) ?? []).map((claim) => [keyOf(claim), claim]))
  }

  get(namespace: string, name: string): HeldClaim | undefined { return this.#claims.get(keyOf({ namespace, name })) }
  of(pod: string): readonly HeldClaim[] { return [...this.#claims.values()].filter(({ pods }) => pods.includes(pod)) }
  pods(): ReadonlySet<string> { return new Set([...this.#claims.values()].flatMap(({ pods }) => pods)) }

  /** The pods of the claims that have one of these devices of a driver. */
  podsWith(driver: string, has: (pool: string, device: string) => boolean): readonly string[] {
    return [...new Set([...this.#claims.values()].flatMap(({ drivers, pods }) => (drivers[driver]?.some(({ pool, device }) => has(pool, device)) === true ? pods : [])))]
  }

  put(...claims: readonly HeldClaim[]): void {
    for (const claim of claims) this.#claims.set(keyOf(claim), claim)
    this.#save()
  }
  remove(...claims: readonly HeldClaim[]): void {
    for (const claim of claims) this.#claims.delete(keyOf(claim))
    this.#save()
  }
  #save(): void { writePrivately(this.#file, JSON.stringify([...this.#claims.values()])) }
}
const keyOf = ({ namespace, name }: Pick<ClaimReference, 'namespace' | 'name'>): string => `${namespace}/${name}`
