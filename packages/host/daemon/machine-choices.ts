// How a machine plays its nodes: in a way of its own where that was said, else as its cluster does.
import { existsSync } from 'node:fs'
import type { AgentConfiguration } from '../agent/configuration.ts'
import type { KubeletSettings } from '../agent/kubelet-settings.ts'
import { namesIfThere } from '../files/index.ts'
import { nodeOfPeer, type OwnPath } from '../http/index.ts'
import { cniFolders, type Settings } from './settings.ts'

/** What may be said of all nodes of a machine. */
export type MachineChoices = Pick<Settings, 'hostFiles' | 'network' | 'kubelet' | 'registries' | 'runtimeHandlers'>

/** Where the nodes of other machines learn what is said of the control plane's, by their certificates: a mirror's URL may hold a password. */
export const choicesPath = '/skiff.dev/choices'

/** Tells nodes what a machine follows that has nothing of its own to say. Folders are each machine's own. */
export const choicesRequests = (settings: () => Settings): OwnPath => ({ method, peer }) => {
  if (nodeOfPeer(peer) === undefined) return Promise.resolve(reply(403, { refused: 'what is said of nodes is told to nodes, by their certificates' }))
  return Promise.resolve(method === 'GET' ? reply(200, toldOf(settings())) : reply(405, { refused: `${choicesPath} takes GET` }))
}
const reply = (status: number, body: object) => ({ status, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' }, body: [Buffer.from(`${JSON.stringify(body)}\n`)] })

/** What of a cluster's settings goes for machines that join: which programs are there each knows for itself. */
export function toldOf({ hostFiles, network, kubelet, registries }: MachineChoices): MachineChoices {
  return { ...(hostFiles !== undefined && { hostFiles }), ...(network !== undefined && { network: { is: network.is } }), ...(kubelet !== undefined && { kubelet }), ...(registries !== undefined && { registries }) }
}

/** The same, as the agent is told. */
export function agentChoices({ hostFiles = 'overlay', network, kubelet, registries, runtimeHandlers }: MachineChoices): Pick<AgentConfiguration, 'hostFiles' | 'cni' | 'kubelet' | 'registries' | 'runtimeHandlers'> {
  return { hostFiles, ...(network?.is === 'cni' && { cni: cniFolders(network) }), ...(kubelet !== undefined && { kubelet }), ...(registries !== undefined && { registries }), ...(runtimeHandlers !== undefined && { runtimeHandlers }) }
}

/** What was asked for now: a choice, or to follow the cluster again. */
export type AskedChoices = { readonly [Choice in keyof MachineChoices]?: MachineChoices[Choice] | typeof asCluster }
export const asCluster = 'cluster'

/** A machine's own choices with what is asked for now. */
export function changedChoices(before: MachineChoices, asked: AskedChoices): MachineChoices {
  return Object.fromEntries(Object.entries({ ...before, ...asked }).filter(([, chosen]) => chosen !== asCluster))
}

/** Why this machine cannot play its nodes as a kubelet's settings say, which another could; undefined when it can. `root` is where the kernel's files are. */
export function whyNotFollowed({ singleProcessOOMKill, topologyManagerPolicy: topology = '' }: KubeletSettings, root = ''): string | undefined {
  if (singleProcessOOMKill === false && !existsSync(`${root}/sys/fs/cgroup/cgroup.controllers`)) return 'invalid configuration: singleProcessOOMKill must not be explicitly set to false when using cgroup v1'
  const numaNodes = namesIfThere(`${root}/sys/devices/system/node`).filter((name) => /^node\d+$/.test(name)).length
  // Where all is near, every policy is kept; of what is nearer nothing is known here.
  return ['', 'none'].includes(topology) || numaNodes <= 1 ? undefined : `topologyManagerPolicy ${topology} is followed on machines of one NUMA node only, and this one has ${numaNodes}`
}
