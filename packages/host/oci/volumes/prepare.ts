import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { wordsOf } from '@kubeskiff/core/base'
import type { VolumeSpec } from '@kubeskiff/core/kubelet'
import type { ImageStore } from '../../images/store.ts'
import { bindMount, detach, hugePagesMount, memoryMount, mountsBelow, readOnlyOverlayMount } from '../../linux/mounts.ts'
import { run } from '../../linux/processes.ts'
import { writeFiles } from './files.ts'
import { prepareDisk } from './disks.ts'
import { checkHostPath } from './host-path.ts'
import { giveToGroup } from './ownership.ts'

/** What an earlier look at a volume has led to: why its file system has not followed its disk, and whether all of it was given to the pod's group. */
export interface PreparedBefore { readonly ungrown?: string | undefined; readonly isOwned?: boolean }

/** Makes or updates one volume under `directory`; throws in the kubelet's words when it cannot. `stamp` names a new generation. Says why a file system has not followed its disk, where it has not. */
export async function prepareVolume(volume: VolumeSpec, directory: string, stamp: string, before: PreparedBefore = {}): Promise<string | undefined> {
  try {
    const target = volumePath(volume, directory)
    let ungrown: string | undefined
    let isOwned = before.isOwned === true
    switch (volume.is) {
      case 'hostPath': checkHostPath(volume.path, volume.type); return undefined
      // When its image is here: a container that mounts it waits for that.
      case 'image': return undefined
      case 'network': await mountNetwork(volume, target); return undefined
      case 'directory': {
        if (!existsSync(target) && volume.isMade !== true) throw new NotThere(`path ${JSON.stringify(target)} does not exist`)
        makeOpen(target)
        break
      }
      case 'disk': {
        ungrown = await prepareDisk(volume, target, before.ungrown)
        if (volume.fileSystem === undefined) return undefined
        break
      }
      case 'emptyDir': if (makeScratch(volume, target)) isOwned = false; break
      case 'files': {
        const isNew = makeOpen(target)
        if (volume.inMemory && (isNew || !isMounted(target))) memoryMount(target, { mode: 0o1777, executable: false })
        writeFiles(target, volume, stamp)
        isOwned = false
        break
      }
    }
    // As upstream, when it is set up and no more: what a pod has written by then is its own, and may be a million files.
    if (volume.group !== undefined && !isOwned) giveToGroup(target, volume.group, { readOnly: volume.is === 'files', onMismatch: volume.groupOnMismatch === true })
    return ungrown
  } catch (error) {
    throw new Error(`${error instanceof NotThere ? 'MountVolume.NewMounter initialization' : 'MountVolume.SetUp'} failed for volume "${volume.shown ?? volume.name}" : ${wordsOf(error)}`)
  }
}

/** What was to be there before the pod came. */
class NotThere extends Error {}

/** Makes a directory that everybody may write to, where there is none; says whether there was none. */
function makeOpen(path: string): boolean {
  if (existsSync(path)) return false
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o777)
  return true
}

/** After the machine has been restarted the directories are there, and what was mounted on them is not. */
const isMounted = (target: string): boolean => mountsBelow(target).includes(target)

/** Says whether it is new. */
function makeScratch(volume: Extract<VolumeSpec, { readonly is: 'emptyDir' }>, target: string): boolean {
  const isNew = makeOpen(target)
  if (volume.medium === '' || (!isNew && isMounted(target))) return isNew
  const limit = volume.sizeBytes === undefined ? {} : { sizeBytes: volume.sizeBytes }
  if (volume.medium === 'Memory') memoryMount(target, { mode: 0o1777, executable: true, ...limit })
  else hugePagesMount(target, { pageSize: volume.pageSize ?? '2Mi', ...limit })
  return true
}

/** Where a volume's content stands on this machine. */
export function volumePath(volume: VolumeSpec, directory: string): string {
  return volume.is === 'hostPath' || volume.is === 'directory' ? volume.path : `${directory}/${volume.name}`
}

/** Whether a volume's files are the kubelet's to label. */
export const isRelabelled = ({ is }: VolumeSpec): boolean => is === 'emptyDir' || is === 'files' || is === 'directory' || is === 'disk'

type ImageVolume = Extract<VolumeSpec, { readonly is: 'image' }>

/** The directories of an image's layers, from top to bottom. */
export function layersOf({ reference }: ImageVolume, images: ImageStore): readonly string[] {
  const image = images.find(reference)
  if (image === undefined) throw new Error(`failed to get image from store: image "${reference}": not found`)
  return images.layerDirectories(image)
}

/** Mounts what an image holds, if it is not yet. */
export function mountImage(volume: ImageVolume, directory: string, images: ImageStore, context?: string): undefined {
  const target = `${directory}/${volume.name}`
  if (isMounted(target)) return
  const layers = layersOf(volume, images)
  mkdirSync(target, { recursive: true })
  const [only] = layers
  if (layers.length === 1 && only !== undefined && context === undefined) { bindMount(only, target); return }
  // An overlay that nobody writes to needs two layers.
  const empty = `${directory}/.${volume.name}.empty`
  if (layers.length === 1) mkdirSync(empty, { recursive: true })
  readOnlyOverlayMount(target, layers.length === 1 ? [...layers, empty] : layers, context)
}

/** Network file systems are mounted by the machine's own helpers: nobody else knows all their options. */
async function mountNetwork({ type, source, options }: Extract<VolumeSpec, { readonly is: 'network' }>, target: string): Promise<void> {
  if (isMounted(target)) return
  mkdirSync(target, { recursive: true })
  const words = ['-t', type, ...(options.length > 0 ? ['-o', options.join(',')] : []), source, target]
  const done = await run('mount', words)
  if (done.code === 0) return
  throw new Error(`mount failed: exit status ${done.code}\nMounting command: mount\nMounting arguments: ${words.join(' ')}\nOutput: ${done.stderr.trim()}\n`)
}

/** Lets go of the mounts of a pod, so that its directory can be removed. */
export function releaseVolumes(directory: string): void {
  for (const point of mountsBelow(directory)) detach(point)
}
