import type { ContainerSpec, VolumeSpec } from '@kubeskiff/core/kubelet'
import type { ImageStore } from '../../images/store.ts'
import { mountImage, volumePath } from './prepare.ts'
import { bindSubPath } from './sub-path.ts'

/** One bind mount of a container. */
export interface Bind {
  readonly source: string
  readonly path: string
  readonly readOnly: boolean
  /** What is mounted below it too. */
  readonly recursiveReadOnly?: true
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional'
}

/** Why a container cannot be made of its volumes, for the one who runs it: what the machine's files are like is nobody's business. */
export class MountError extends Error {}

/** What a container's volumes are bound from. `directory` holds the pod's volumes, `parts` the container's parts of them. */
export function bindsOfVolumes(mounts: ContainerSpec['mounts'], volumes: readonly VolumeSpec[], places: { readonly directory: string; readonly parts: string; readonly container: string; readonly images: ImageStore }): readonly Bind[] {
  return mounts.map(({ volume: name, path, subPath, readOnly, recursiveReadOnly, propagation }, index) => {
    const volume = volumes.find((candidate) => candidate.name === name)
    if (volume === undefined) throw new MountError(`cannot find volume ${JSON.stringify(name)} to mount into container ${JSON.stringify(places.container)}`)
    if (volume.is === 'image') mountImage(volume, places.directory, places.images)
    const whole = volumePath(volume, places.directory)
    const source = subPath === '' ? whole : `${places.parts}/${index}`
    if (subPath !== '') {
      try {
        bindSubPath(whole, subPath, source, { mayMake: volume.is !== 'image' })
      } catch (error) {
        process.stderr.write(`container ${places.container}: ${error instanceof Error ? error.message : String(error)}\n`)
        throw new MountError(`failed to prepare subPath for volumeMount ${JSON.stringify(name)} of container ${JSON.stringify(places.container)}`)
      }
    }
    return { source, path, readOnly: readOnly || isFixed(volume), ...(recursiveReadOnly && { recursiveReadOnly }), propagation }
  })
}

/** What the kubelet itself fills is not the containers' to change. */
const isFixed = (volume: VolumeSpec): boolean => volume.is === 'files' || volume.is === 'image'
