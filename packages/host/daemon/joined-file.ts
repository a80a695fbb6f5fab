// What a machine writes down of a cluster that it joined.
import { readIfThere, writePrivately } from '../files/index.ts'
import type { ClusterInfo } from './cluster-info.ts'
import type { DataDirectory } from './directory.ts'
import type { MachineChoices } from './machine-choices.ts'
import type { NodeSettings } from './settings.ts'

/** What a machine remembers of the cluster that it joined. */
export interface Joined {
  readonly version: 1
  /** What tells this machine from others whose nodes have the same names; absent: an earlier release's. */
  readonly machine?: string
  readonly url: string
  readonly authority: string // PEM
  readonly info: ClusterInfo
  /** Where other machines reach this one. */
  readonly address: string
  /** Of the other family, where plain routes of a cluster's second family need it. */
  readonly second?: string
  /** Nobody said which: it may be another the next time. */
  readonly isAddressFound?: boolean
  readonly nodes: readonly JoinedNode[]
  /** Of this machine's nodes, one a family; none until its first node was given its shares. */
  readonly nodeNetworks: readonly string[]
  /** How this machine plays its nodes where it does not follow the cluster. */
  readonly own: MachineChoices
  /** What the cluster has told of that last. */
  readonly cluster: MachineChoices
}
export interface JoinedNode extends NodeSettings { /** One a family; none until the control plane has given them. */ readonly podCidrs: readonly string[] }
/** As an earlier release wrote it, which knew one family, and two of the choices. */
interface Older extends Partial<Pick<MachineChoices, 'hostFiles' | 'registries'>> { readonly nodeNetwork?: string; readonly nodes: readonly (JoinedNode | (NodeSettings & { readonly podCidr: string }))[] }

/** What this machine has joined; undefined when nothing. */
export function readJoined(directory: DataDirectory): Joined | undefined {
  const text = readIfThere(directory.joined)
  if (text === undefined) return undefined
  const { hostFiles, registries, nodeNetwork, ...found } = JSON.parse(text) as Omit<Partial<Joined>, 'nodes'> & Older // written below
  const given = (network: string | undefined): readonly string[] => (network === undefined || network === '' ? [] : [network])
  return {
    ...found, nodeNetworks: found.nodeNetworks ?? given(nodeNetwork), nodes: found.nodes.map((node) => ('podCidr' in node ? { ...node, podCidrs: given(node.podCidr) } : node)),
    own: found.own ?? { ...(hostFiles !== undefined && { hostFiles }), ...(registries !== undefined && { registries }) }, cluster: found.cluster ?? {},
  } as Joined
}

/** Writes it down, and answers it. */
export const keepJoined = (directory: DataDirectory, joined: Joined): Joined => { writePrivately(directory.joined, `${JSON.stringify(joined, null, 2)}\n`); return joined }
