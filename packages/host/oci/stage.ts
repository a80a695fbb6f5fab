import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { invariant } from '@kubeskiff/core/base'
import { type DeviceNode, makeDevice } from '../linux/device-numbers.ts'
import { detach, memoryMount, mountsBelow, overlayMount, readOnlyOverlayMount } from '../linux/mounts.ts'
import { type IdRange, mapOwners } from '../linux/users.ts'
import { type AttemptPlaces, type Places, placesIn, type PodPlaces } from './places.ts'
import type { Bind } from './volumes/index.ts'

const stageBytes = 1 << 20
const deviceBytes = 1 << 16

/** Makes the stage, where there is none: its folders are for mounts only. */
export function makeStage({ stage }: Pick<Places, 'stage'>): void {
  if (mountsBelow(stage).includes(stage)) return
  mkdirSync(stage, { recursive: true, mode: 0o711 })
  memoryMount(stage, { sizeBytes: stageBytes, mode: 0o711, executable: false })
}

/** Takes away what a runtime, all of whose pods are gone, has left outside of its state directory. */
export function leaveNothing(stateDirectory: string): void {
  const { stage } = placesIn(stateDirectory)
  for (const point of mountsBelow(stage)) detach(point)
  if (existsSync(stage)) rmdirSync(stage)
}

/** Lets go of what is mounted at or below a folder of the stage, and removes the folder. */
export function leaveStage(folder: string): void {
  if (!existsSync(folder)) return
  for (const point of mountsBelow(folder)) detach(point)
  removeEmpty(folder, statSync(folder).dev)
}

/** Never through a mount: what is behind one is somebody's. */
function removeEmpty(folder: string, device: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    invariant(lstatSync(path).dev === device, `something is still mounted at ${path}`)
    if (entry.isDirectory()) removeEmpty(path, device)
    else unlinkSync(path)
  }
  rmdirSync(folder)
}

/** What a pod with users of its own has mounted for it: where those may reach it, and as files of theirs. */
export interface Staged {
  /** The root file system of a container. */
  root(own: AttemptPlaces, layers: readonly string[], context?: string): string
  /** An image's files as they are, for a volume. */
  image(own: AttemptPlaces, name: string, layers: readonly string[], context?: string): string
  /** Volumes and the pod's own files. */
  binds(own: AttemptPlaces, binds: readonly Bind[]): readonly Bind[]
  sharedMemory(own: AttemptPlaces): string
  /** A device node that belongs to those inside whose ids it names. */
  device(own: AttemptPlaces, node: DeviceNode): string
}

export function staged(at: PodPlaces, users: IdRange): Staged {
  const namespace = `${at.namespaces}/user`
  /** The layers are seen through their new owners only until the overlay has them. */
  const over = (own: AttemptPlaces, layers: readonly string[], mount: (layers: readonly string[]) => void): void => {
    // Short, as an overlay takes one page of names.
    const mapped = layers.map((_, index) => `${own.stage}/l${index}`)
    layers.forEach((layer, index) => {
      const target = mapped[index] ?? ''
      mkdirSync(target, { recursive: true })
      mapOwners(layer, target, namespace)
    })
    try { mount(mapped) } finally { for (const point of mapped) detach(point) }
  }
  const show = (own: AttemptPlaces, source: string): string => {
    mkdirSync(own.stage, { recursive: true })
    const target = `${own.stage}/b${readdirSync(own.stage).length}`
    if (statSync(source).isDirectory()) mkdirSync(target)
    else writeFileSync(target, '')
    mapOwners(source, target, namespace)
    return target
  }
  return {
    root(own, layers, context) {
      const root = `${own.stage}/root`
      mkdirSync(root, { recursive: true })
      chownSync(own.upper, users.hostId, users.hostId)
      over(own, layers, (mapped) => { overlayMount(root, { layers: mapped, upper: own.upper, work: own.work, context }) })
      return root
    },
    image(own, name, layers, context) {
      const target = `${own.stage}/images/${name}`
      mkdirSync(target, { recursive: true })
      over(own, layers, (mapped) => { readOnlyOverlayMount(target, mapped.length > 1 ? mapped : [...mapped, emptyIn(own)], context) })
      return target
    },
    binds: (own, binds) => binds.map((bind) => (bind.isStaged === true ? bind : { ...bind, source: show(own, bind.source) })),
    sharedMemory: (own) => show(own, at.sharedMemory),
    device(own, node) {
      const folder = `${own.stage}/devices`
      if (!existsSync(folder)) {
        mkdirSync(folder, { recursive: true })
        memoryMount(folder, { sizeBytes: deviceBytes, mode: 0o711, executable: false, devices: true })
      }
      const path = `${folder}/${readdirSync(folder).length}`
      const outside = (id: number): number => (id < users.length ? users.hostId + id : id)
      makeDevice(path, { ...node, uid: outside(node.uid), gid: outside(node.gid) })
      return path
    },
  }
}

/** An overlay that nobody writes to needs two layers. */
function emptyIn(own: AttemptPlaces): string {
  const empty = `${own.stage}/empty`
  mkdirSync(empty, { recursive: true })
  return empty
}
