import { wordsOf } from '@kubeskiff/core/base'
import { type Actor, nodes, type Submit } from '@kubeskiff/core/api'
import { nodeActor } from '@kubeskiff/core/kubelet'
import type { Store } from '@kubeskiff/core/store'
import { ImageCollector, type ImageLimits, type ImageStore } from '../images/index.ts'
import { fileSystemOf } from '../metrics/index.ts'
import type { OciRuntime } from '../oci/index.ts'

/** As the kubelet. */
const everyMs = 300_000

/** Looks after the disk of images now and then, and says on every node when it cannot free enough. */
export interface ImageCollection {
  /** Removes every image that nobody needs: when the disk is short. */
  removeUnused(): Promise<void>
  stop(): void
}

export function collectImages(options: { readonly images: ImageStore; readonly directory: string; readonly runtime: OciRuntime; readonly store: Store; readonly submit: Submit; readonly nodes: readonly string[]; readonly limits: Partial<ImageLimits>; readonly now: () => number }): ImageCollection {
  const { images, directory, runtime, store, submit, now } = options
  const collector = new ImageCollector({ store: images, inUse: () => runtime.imagesInUse(), disk: () => fileSystemOf(directory), now, limits: options.limits })
  const tell = (reason: string, message: string): void => {
    for (const name of options.nodes) {
      const about = store.view.get(nodes, '', name)
      const actor: Actor = nodeActor(name)
      if (about !== undefined) submit({ do: 'record', about, type: 'Warning', reason, message }, actor, () => {})
    }
  }
  let failures = 0
  const look = async (): Promise<void> => {
    const { freedBytes, wantedBytes } = await collector.look()
    if (freedBytes >= wantedBytes) { failures = 0; return }
    const message = `Failed to garbage collect required amount of images. Attempted to free ${wantedBytes} bytes, but only found ${freedBytes} bytes eligible to free.`
    tell('FreeDiskSpaceFailed', message)
    // As the kubelet: a first failure is often only early, one that stays is told as such.
    if (++failures > 1) tell('ImageGCFailed', message)
  }
  const timer = setInterval(() => { look().catch((error: unknown) => { tell('ImageGCFailed', wordsOf(error)) }) }, everyMs)
  void look().catch(() => undefined) // the next look tells
  return { removeUnused: async () => { await collector.free(Infinity) }, stop: () => { clearInterval(timer) } }
}
