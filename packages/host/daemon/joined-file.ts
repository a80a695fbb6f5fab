// What a machine writes down of a cluster that it joined.
import { readIfThere, writePrivately } from '../files/index.ts'
import type { ClusterInfo } from './cluster-info.ts'
import type { DataDirectory } from './directory.ts'
import type { MachineChoices } from './machine-choices.ts'
import type { NodeSettings } from './settings.ts'

/** What a machine remembers of the cluster that it joined. */
export interface Joined {
  readonly version: 1
  readonly url: string
  readonly authority: string // PEM
  readonly info: ClusterInfo
  /** Where other machines reach this one. */
  readonly address: string
  readonly nodes: readonly JoinedNode[]
  /** Of this machine's nodes; '' until its first node was given its share. */
  readonly nodeNetwork: string
  /** How this machine plays its nodes where it does not follow the cluster. */
  readonly own: MachineChoices
  /** What the cluster has told of that last. */
  readonly cluster: MachineChoices
}
export interface JoinedNode extends NodeSettings { /** '' until the control plane has given it. */ readonly podCidr: string }

/** What this machine has joined; undefined when nothing. */
export function readJoined(directory: DataDirectory): Joined | undefined {
  const text = readIfThere(directory.joined)
  if (text === undefined) return undefined
  const { hostFiles, registries, ...found } = JSON.parse(text) as Joined & Pick<MachineChoices, 'hostFiles' | 'registries'> // written below
  // An earlier release had no others.
  return { ...found, own: found.own ?? { ...(hostFiles !== undefined && { hostFiles }), ...(registries !== undefined && { registries }) }, cluster: found.cluster ?? {} }
}

/** Writes it down, and answers it. */
export const keepJoined = (directory: DataDirectory, joined: Joined): Joined => { writePrivately(directory.joined, `${JSON.stringify(joined, null, 2)}\n`); return joined }
