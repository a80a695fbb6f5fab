import type { ImageStore } from '../images/store.ts'
import { placesIn } from './places.ts'
import { type ContainerRecord, type PodRecord, readRecords } from './records.ts'

type Images = Pick<ImageStore, 'find' | 'unnamed'>
/** Of a pod, what says which images it has. */
interface Holder { readonly record: Pick<PodRecord, 'volumeSpecs'>; readonly states: readonly ContainerRecord['state'][] }
interface HeldPods { readonly pods: ReadonlyMap<string, { readonly record: PodRecord; readonly containers: ReadonlyMap<string, readonly { readonly record: ContainerRecord }[]> }> }

/** Ids or digests of the images that pods have here: of containers that are made, run, or ran and may be looked at, and those that are mounted as volumes. */
export function imagesInUse({ pods }: HeldPods, images: Images): ReadonlySet<string> {
  return usedBy([...pods.values()].map(({ record, containers }) => ({ record, states: [...containers.values()].flat().map((attempt) => attempt.record.state) })), images)
}

/** The same for who is not the agent: of what that has written down in its state directory. */
export function imagesNotedInUse(stateDirectory: string, images: Images): ReadonlySet<string> {
  return usedBy(readRecords(placesIn(stateDirectory).pods).map(({ record, containers }) => ({ record, states: containers.map(({ state }) => state) })), images)
}

function usedBy(holders: readonly Holder[], images: Images): ReadonlySet<string> {
  const used = new Set<string>()
  const add = (name: string): void => {
    const image = images.find(name)
    if (image !== undefined) used.add(image.id)
  }
  let hasVolumes = false
  for (const { record, states } of holders) {
    for (const volume of record.volumeSpecs) if (volume.is === 'image') { hasVolumes = true; add(volume.reference) }
    for (const state of states) {
      if (state.is === 'creating') add(state.image)
      if (state.is === 'running' || state.is === 'exited') used.add(state.imageId)
    }
  }
  // A volume is known by a name, which may be another image's by now: any that has lost its name may be the one that is mounted.
  if (hasVolumes) for (const { id } of images.unnamed()) used.add(id)
  return used
}
