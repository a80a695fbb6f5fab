/** Chance as an argument. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** A whole number in [0, bound). */
  below(bound: number): number
  chance(probability: number): boolean
  /** A version 4 UUID. */
  uuid(): string
  /** `length` characters as upstream's generated names use them: no vowels, nothing that looks like another. */
  suffix(length: number): string
}
