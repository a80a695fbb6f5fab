import { wordsOf } from '@kubeskiff/core/base'
import type { ContainerSpec, VolumeSpec } from '@kubeskiff/core/kubelet'
import type { ImageStore } from '../../images/store.ts'
import { layersOf, mountImage, volumePath } from './prepare.ts'
import { bindSubPath } from './sub-path.ts'

/** One bind mount of a container. */
export interface Bind {
  readonly source: string
  readonly path: string
  readonly readOnly: boolean
  /** What is mounted below it too. */
  readonly recursiveReadOnly?: true
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional'
  /** It stands already where users of the pod's own see it as theirs. */
  readonly isStaged?: true
}

/** Why a container cannot be made of its volumes, for the one who runs it: what the machine's files are like is nobody's business. */
export class MountError extends Error {}

/** What a container's volumes are bound from. `directory` holds the pod's volumes, `parts` the container's parts of them; `stageImage` is for pods with users of their own. */
export function bindsOfVolumes(mounts: ContainerSpec['mounts'], volumes: readonly VolumeSpec[], places: { readonly directory: string; readonly parts: string; readonly container: string; readonly images: ImageStore; readonly context?: string | undefined; readonly stageImage?: (name: string, layers: readonly string[]) => string }): readonly Bind[] {
  return mounts.map(({ volume: name, path, subPath, readOnly, recursiveReadOnly, propagation }, index) => {
    const volume = volumes.find((candidate) => candidate.name === name)
    if (volume === undefined) throw new MountError(`cannot find volume ${JSON.stringify(name)} to mount into container ${JSON.stringify(places.container)}`)
    const image = volume.is !== 'image' ? undefined : places.stageImage === undefined ? mountImage(volume, places.directory, places.images, places.context) : places.stageImage(volume.name, layersOf(volume, places.images))
    const whole = image ?? volumePath(volume, places.directory)
    const source = subPath === '' ? whole : `${places.parts}/${index}`
    if (subPath !== '') {
      try {
        bindSubPath(whole, subPath, source, { mayMake: volume.is !== 'image' })
      } catch (error) {
        process.stderr.write(`container ${places.container}: ${wordsOf(error)}\n`)
        throw new MountError(`failed to prepare subPath for volumeMount ${JSON.stringify(name)} of container ${JSON.stringify(places.container)}`)
      }
    }
    return { source, ...(places.stageImage !== undefined && image !== undefined && { isStaged: true }), path, readOnly: readOnly || isFixed(volume), ...(recursiveReadOnly && { recursiveReadOnly }), propagation }
  })
}

/** What the kubelet itself fills is not the containers' to change. */
const isFixed = (volume: VolumeSpec): boolean => volume.is === 'files' || volume.is === 'image'
