// Which images go when the disk fills up. Behaviour: the kubelet's image garbage collector.
import { isUsed, type NamedImage } from './store.ts'

/** As the kubelet's defaults: from `high` percent on images go, until `low` is reached; those that came only just stay. */
export const thresholds = { highPercent: 85, lowPercent: 80, ageLeastMs: 120_000 } as const

export interface Disk { readonly capacityBytes: number; readonly availableBytes: number }
/** When an image was first and last seen, and last in use. */
export interface Seen { readonly first: number; readonly used: number }

/** How many bytes have to be freed; undefined while the disk has room. */
export function bytesToFree({ capacityBytes, availableBytes }: Disk): number | undefined {
  if (capacityBytes <= 0) return undefined
  const usedPercent = 100 - Math.floor((availableBytes * 100) / capacityBytes)
  return usedPercent < thresholds.highPercent ? undefined : Math.max(0, Math.ceil((capacityBytes * (100 - thresholds.lowPercent)) / 100) - availableBytes)
}

/**
 * The images that may go, those unused for longest first. None that a container has, none that came only just, and none
 * that was built or loaded here: it could not be fetched again. But what has no name any more (but its id) nobody would ask for.
 */
export function collectable(images: readonly NamedImage[], inUse: ReadonlySet<string>, seen: ReadonlyMap<string, Seen>, now: number): readonly NamedImage[] {
  return images.filter(({ reference, image }) => (image.digest !== undefined || reference === image.id) && !isUsed(image, inUse) && now - (seen.get(image.id)?.first ?? now) >= thresholds.ageLeastMs)
    .map((named) => ({ named, seen: seen.get(named.image.id) ?? { first: 0, used: 0 } }))
    .sort((a, b) => a.seen.used - b.seen.used || a.seen.first - b.seen.first).map(({ named }) => named)
}
