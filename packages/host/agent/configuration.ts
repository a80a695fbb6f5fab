import type { NodeShape } from '@kubeskiff/core/kubelet'
import type { CniFolders } from '../cni/index.ts'
import type { RegistryOptions } from '../images/index.ts'
import type { FamilyNetworks, OverlayChoice } from '../network/index.ts'
import type { KubeletSettings } from './kubelet-settings.ts'

/** What the daemon tells the agent, in a file that only the agent's owner can read. */
export interface AgentConfiguration {
  /** 'https://127.0.0.1:6443' */
  readonly url: string
  /** Where on it the agent's own connection is accepted. */
  readonly agentPath: string
  readonly authority: string // PEM
  readonly nodes: readonly AgentNode[]
  /** Of the user who may see all pods, for policies: skiff:network. Absent: the nodes themselves may. */
  readonly observer?: { readonly certificate: string; readonly key: string } // PEM
  readonly stateDirectory: string
  readonly clusterDns: string
  readonly clusterDomain: string
  /** What pods see by hostPath: the machine's own files, or an overlay over them for each node. */
  readonly hostFiles: HostFilesChoice
  /** Where CNI plugins are, which make pods' interfaces; absent: we do. */
  readonly cni?: CniFolders
  /** What was said of the kubelets; absent: nothing, all is as upstream's defaults. */
  readonly kubelet?: KubeletSettings
  /** Mirrors, and registries without TLS. */
  readonly registries?: Registries
  /** Programs that run containers besides crun and runc, by the handlers that RuntimeClasses name. */
  readonly runtimeHandlers?: Readonly<Record<string, string>>
  readonly network: FamilyNetworks & { readonly second?: FamilyNetworks }
  /** Where the control plane asks for work on volumes, on a machine that is not its own. */
  readonly volumesBelow?: string
  /** Where other machines of the cluster reach this one, and how; absent: there are no others. */
  readonly machine?: { readonly address: string; /** Of the other family, in a cluster of two or of that alone. */ readonly second?: string; readonly overlay: OverlayChoice }
}
export interface AgentNode {
  readonly shape: NodeShape
  readonly certificate: string // PEM
  readonly key: string // PEM
  /** By which its kubelet is known to those who ask it. */
  readonly serving: { readonly certificate: string; readonly key: string } // PEM
}

/** The servers that pods ask for names: the cluster's, unless others were said. */
export const dnsServers = ({ clusterDns, kubelet }: AgentConfiguration): readonly string[] => (kubelet?.clusterDNS === undefined || kubelet.clusterDNS.length === 0 ? [clusterDns] : kubelet.clusterDNS)

/** Of the cluster's settings: where images are asked for first, by registry, and which registries speak plain HTTP. */
export type Registries = Pick<RegistryOptions, 'mirrors' | 'insecure'>

export const hostFilesChoices = ['overlay', 'real'] as const
export type HostFilesChoice = (typeof hostFilesChoices)[number]

/** Where names are asked for, one address a family. */
export const dnsAddresses = ({ network: { dnsAddress, second } }: AgentConfiguration): readonly string[] => (second === undefined ? [dnsAddress] : [dnsAddress, second.dnsAddress])
