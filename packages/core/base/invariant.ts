/** States why something cannot happen; throws when it does. For broken assumptions, never for bad input. */
export function invariant(condition: unknown, whyNot: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${whyNot}`)
}
