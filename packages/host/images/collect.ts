// Which images go when the disk fills up. Behaviour: the kubelet's image garbage collector.
import { isUsed, type NamedImage } from './store.ts'

/** From `high` percent on images go (100: none does), until `low` is reached; those that came only just stay, and those go that have not been used for longer than `ageMostMs`. */
export interface ImageLimits { readonly highPercent: number; readonly lowPercent: number; readonly ageLeastMs: number; readonly ageMostMs?: number }
/** As the kubelet's defaults. */
export const imageLimitsDefault: ImageLimits = { highPercent: 85, lowPercent: 80, ageLeastMs: 120_000 }

export interface Disk { readonly capacityBytes: number; readonly availableBytes: number }
/** When an image was first and last seen, and last in use. */
export interface Seen { readonly first: number; readonly used: number }

/** How many bytes have to be freed; undefined while the disk has room. */
export function bytesToFree({ capacityBytes, availableBytes }: Disk, { highPercent, lowPercent }: ImageLimits = imageLimitsDefault): number | undefined {
  if (capacityBytes <= 0 || highPercent === 100) return undefined
  const usedPercent = 100 - Math.floor((availableBytes * 100) / capacityBytes)
  return usedPercent < highPercent ? undefined : Math.max(0, Math.ceil((capacityBytes * (100 - lowPercent)) / 100) - availableBytes)
}

/**
 * The images that may go, those unused for longest first. None that a container has, none that came only just, and none
 * that was built or loaded here: it could not be fetched again. But what has no name any more (but its id) nobody would ask for.
 */
export function collectable(images: readonly NamedImage[], inUse: ReadonlySet<string>, seen: ReadonlyMap<string, Seen>, now: number, { ageLeastMs }: ImageLimits = imageLimitsDefault): readonly NamedImage[] {
  return images.filter(({ reference, image }) => (image.digest !== undefined || reference === image.id) && !isUsed(image, inUse) && now - (seen.get(image.id)?.first ?? now) >= ageLeastMs)
    .map((named) => ({ named, seen: seen.get(named.image.id) ?? { first: 0, used: 0 } }))
    .sort((a, b) => a.seen.used - b.seen.used || a.seen.first - b.seen.first).map(({ named }) => named)
}

/** Those of the images that may go which nobody has used for too long. */
export function outlived(images: readonly NamedImage[], seen: ReadonlyMap<string, Seen>, now: number, { ageMostMs }: ImageLimits): readonly NamedImage[] {
  return ageMostMs === undefined ? [] : images.filter(({ image }) => { const { first, used } = seen.get(image.id) ?? { first: now, used: now }; return now - Math.max(first, used) > ageMostMs })
}
