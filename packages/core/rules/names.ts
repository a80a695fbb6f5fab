import { fnv1a, safeAlphabet } from './hash.ts'

/** As upstream: a generated name has at most 63 characters, 5 of them the suffix. */
const prefixMost = 58

/**
 * A name as the API would generate it from `prefix`, but decided by `seeds`: the same seeds give the same name, so that a
 * plan that is carried out twice is refused the second time. `taken` says whether a name is in use.
 */
export function generatedName(prefix: string, taken: (name: string) => boolean, ...seeds: readonly string[]): string {
  for (let attempt = 0; ; attempt++) {
    const name = prefix.slice(0, prefixMost) + suffixOf(fnv1a(...seeds, String(attempt)))
    if (!taken(name)) return name
  }
}

function suffixOf(hash: number): string {
  let suffix = ''
  for (let rest = hash, length = 0; length < 5; length++) {
    suffix += safeAlphabet[rest % safeAlphabet.length]
    rest = Math.floor(rest / safeAlphabet.length)
  }
  return suffix
}
