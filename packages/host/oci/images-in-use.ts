import type { ImageStore } from '../images/store.ts'
import type { Held } from './held.ts'

/** Ids or digests of the images that pods have here: of containers that are made, run, or ran and may be looked at, and those that are mounted as volumes. */
export function imagesInUse(held: Pick<Held, 'pods'>, images: Pick<ImageStore, 'find'>): ReadonlySet<string> {
  const used = new Set<string>()
  const add = (name: string): void => {
    const image = images.find(name)
    if (image !== undefined) used.add(image.id)
  }
  for (const { record, containers } of held.pods.values()) {
    for (const volume of record.volumeSpecs) if (volume.is === 'image') add(volume.reference)
    for (const { record: { state } } of [...containers.values()].flat()) {
      if (state.is === 'creating') add(state.image)
      if (state.is === 'running' || state.is === 'exited') used.add(state.imageId)
    }
  }
  return used
}
