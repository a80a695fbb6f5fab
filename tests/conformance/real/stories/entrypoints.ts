// What a container runs: its image's entrypoint and arguments, or the pod's.
import assert from 'node:assert/strict'
import { aPod, type RealStory, speaker } from '../world.ts'

interface Run { readonly says: string; readonly container: object; readonly heard: string }
const runs: readonly Run[] = [
  { says: "use the image defaults if command and args are blank", container: {}, heard: 'by default\n' },
  { says: "be able to override the image's default arguments (container cmd)", container: { args: ['by', 'the', 'pod'] }, heard: 'by the pod\n' },
  { says: "be able to override the image's default command (container entrypoint)", container: { command: ['printf', 'no arguments of the image'] }, heard: 'no arguments of the image' },
  { says: "be able to override the image's default command and arguments", container: { command: ['printf'], args: ['%s, %s', 'command', 'arguments'] }, heard: 'command, arguments' },
]

export const entrypoints: readonly RealStory[] = [
  ...runs.map(({ says, container, heard }): RealStory => ({
    row: `[sig-node] Containers should ${says} [Conformance] [NodeConformance]`,
    tell: async (world) => { assert.equal(await world.says(aPod('speaker', [{ name: 'main', image: speaker, ...container }])), heard) },
  })),
]
