import { fnv1a } from './hash.ts'

/** A number between 0 and 1 that is always the same for the same seed. */
export function chanceOf(seed: string): number {
  // The last characters of alike seeds would show in the first bits only: they are stirred once more.
  const hash = fnv1a(seed)
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32
}

/** A value that differs by up to so many per cent ('10%') in either direction, the same for the same seed; as it is when that is no share. */
export function varied(value: number, share: string, seed: string): number {
  const percent = Number(/^(?:±)?(\d+(?:\.\d+)?)%$/.exec(share.trim())?.[1] ?? 0)
  return value * (1 + (percent / 100) * (2 * chanceOf(seed) - 1))
}
