import type { Node, Pod } from '../../api/resources.ts'
import { bestScore } from '../normalise.ts'
import type { PluginState, SchedulerPlugin, Surroundings } from '../types.ts'

const mebibyte = 1024 * 1024
/** As upstream: less than this is pulled in no time, for a whole pod. */
const bytesLeast = 23 * mebibyte
/** As upstream: more than this makes no difference, for each container. */
const bytesMost = 1000 * mebibyte

/** Nodes that have a pod's images already score better, the more so the more nodes have them: so one node does not draw them all. */
export const imageLocality: SchedulerPlugin = {
  name: 'ImageLocality', weight: 1,
  start: ({ nodes }: Surroundings): PluginState => {
    /** By name of an image, then by node: its size in bytes. */
    const sizes = new Map<string, Map<number, number>>()
    return {
      nodePut: (number, before) => {
        const after = nodes.node(number)
        if (before?.status?.images === after?.status?.images) return
        for (const { name } of imagesOf(before)) {
          const there = sizes.get(name)
          there?.delete(number)
          if (there?.size === 0) sizes.delete(name)
        }
        for (const { name, sizeBytes } of imagesOf(after)) {
          const there = sizes.get(name) ?? new Map<number, number>()
          sizes.set(name, there.set(number, sizeBytes))
        }
      },
      study: (pod) => {
        if (sizes.size === 0) return undefined
        const images = namesOf(pod)
        const known = images.flatMap((image) => sizes.get(image) ?? [])
        if (known.length === 0) return undefined
        const most = bytesMost * images.length
        return {
          score: (node) => {
            let sum = 0
            for (const there of known) sum += Math.trunc((there.get(node) ?? 0) * (there.size / nodes.count))
            return Math.floor((bestScore * (Math.min(Math.max(sum, bytesLeast), most) - bytesLeast)) / (most - bytesLeast))
          },
        }
      },
    }
  },
}

const imagesOf = (node: Node | undefined): readonly { readonly name: string; readonly sizeBytes: number }[] =>
  (node?.status?.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => ({ name, sizeBytes })))

/** As upstream: a name without a tag means the latest; nothing else is made equal. */
const namesOf = ({ spec }: Pod): readonly string[] =>
  [...(spec.initContainers ?? []), ...spec.containers].map(({ image = '' }) => (image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image))
