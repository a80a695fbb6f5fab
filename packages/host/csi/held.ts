import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { VolumeSpec } from '@kubeskiff/core/kubelet'
import { writePrivately, writtenIn } from '../files/index.ts'

/** A volume that drivers were asked to mount here. */
export interface HeldVolume {
  readonly driver: string
  readonly handle: string
  /** What it is called in paths. */
  readonly volume: string
  readonly isBlock: boolean
  readonly isInline: boolean
  /** It was attached to the node by somebody, who waits until it is used no more. */
  readonly attached: boolean
  /** Whether the driver was asked to stage it, and has. */
  readonly staged: 'no' | 'maybe' | 'yes'
  readonly pods: Readonly<Record<string, Published>>
}

/** Where a volume was published for a pod or may be, and, when it was, in which turn and what containers are given of it. */
export interface Published { readonly target: string; readonly turn?: number; readonly placed?: VolumeSpec }

/** The volumes of a node, as they are and as they are written down: an agent that comes later knows what is to be undone. */
export class HeldVolumes {
  readonly #file: string
  readonly #mounts: string
  readonly #volumes: Map<string, HeldVolume>

  /** `mounts` names those that we see: in others than then nothing is mounted any more. */
  constructor(file: string, mounts: string) {
    this.#file = file
    this.#mounts = mounts
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const written = writtenIn<{ readonly mounts: string; readonly volumes: readonly HeldVolume[] }>(file)
    const isSame = written?.mounts === mounts
    this.#volumes = new Map((written?.volumes ?? []).map((volume) => [keyOf(volume), isSame ? volume : lost(volume)]))
  }

  get(key: string): HeldVolume | undefined { return this.#volumes.get(key) }
  all(): readonly HeldVolume[] { return [...this.#volumes.values()] }
  of(pod: string): readonly HeldVolume[] { return this.all().filter(({ pods }) => pods[pod] !== undefined) }
  pods(): ReadonlySet<string> { return new Set(this.all().flatMap(({ pods }) => Object.keys(pods))) }

  put(volume: HeldVolume): HeldVolume {
    this.#volumes.set(keyOf(volume), volume)
    this.#save()
    return volume
  }
  remove(volume: HeldVolume): void {
    this.#volumes.delete(keyOf(volume))
    this.#save()
  }
  #save(): void { writePrivately(this.#file, JSON.stringify({ mounts: this.#mounts, volumes: this.all() })) }
}

export const keyOf = ({ driver, handle }: Pick<HeldVolume, 'driver' | 'handle'>): string => `${driver}^${handle}`

const lost = (volume: HeldVolume): HeldVolume => ({ ...volume, staged: volume.staged === 'no' ? 'no' : 'maybe', pods: Object.fromEntries(Object.entries(volume.pods).map(([uid, { target }]) => [uid, { target }])) })
