import { join } from 'node:path'
import type { Clock } from '@kubeskiff/core/base'
import { podCidrsOf } from '@kubeskiff/core/kubelet'
import { type CniNetworks, openCni } from '../cni/index.ts'
import { type ImageStore, openImageStore } from '../images/index.ts'
import { probeHost } from '../linux/probe.ts'
import { type ClusterNetwork, createNetwork, mtuBetweenMachines, type NetworkSettings } from '../network/index.ts'
import { createOciRuntime, type HostFiles, type OciRuntime, type OciRuntimeOptions, overlaidHostFiles, realHostFiles, withFolders } from '../oci/index.ts'
import { kubeletDirectory } from '../plugins/index.ts'
import type { AgentConfiguration } from './configuration.ts'
import type { ExclusiveCpus } from '../cpus/index.ts'
import { cpuLookMs, runtimeChoices } from './kubelet-effects.ts'

export interface Machine { readonly network: ClusterNetwork; readonly cni: CniNetworks | undefined; readonly images: ImageStore; readonly runtime: OciRuntime; readonly hostFiles: HostFiles }

export const imagesDirectory = (configuration: AgentConfiguration): string => join(configuration.stateDirectory, 'images')
export const networkDirectory = (configuration: AgentConfiguration): string => join(configuration.stateDirectory, 'network')

/** Where plugins find the node's kubelet, by the paths under which all kubelets are found. */
const kubeletFolders = (stateDirectory: string, node: string): ReadonlyMap<string, string> => new Map([
  [`${kubeletDirectory}/device-plugins`, devicePluginsDirectory(stateDirectory, node)],
  [kubeletDirectory, driversDirectory(stateDirectory, node)],
])
export const devicePluginsDirectory = (stateDirectory: string, node: string): string => join(stateDirectory, 'device-plugins', node)
export const podResourcesDirectory = (stateDirectory: string, node: string): string => join(driversDirectory(stateDirectory, node), 'pod-resources')
/** What drivers know as /var/lib/kubelet. */
export const driversDirectory = (stateDirectory: string, node: string): string => join(stateDirectory, 'kubelet', node)

/** The network and the containers of this machine, as an earlier agent has left them or new. */
export function openMachine(configuration: AgentConfiguration, clock: Clock, more: Pick<OciRuntimeOptions, 'devicesOf' | 'driversOf' | 'csiOf'> & { readonly cpus?: ExclusiveCpus | undefined; readonly networkChanged?: (node: string) => void; readonly say?: (message: string) => void } = {}): Machine {
  const settings: NetworkSettings = { ...configuration.network, reachableFromHost: true, egress: true, beyondBySix: configuration.machine?.address.includes(':') === true, plugins: configuration.cni !== undefined, mtu: configuration.machine && mtuBetweenMachines(configuration.machine) }
  const network = createNetwork(settings, networkDirectory(configuration))
  network.retain(configuration.nodes.map(({ shape }) => shape.name))
  for (const { shape } of configuration.nodes) network.addNode({ name: shape.name, address: shape.address, podNetworks: podCidrsOf(shape) })
  const { cni: folders } = configuration
  const cni = folders === undefined ? undefined : openCni({
    folders, stateDirectory: join(configuration.stateDirectory, 'cni'), nodes: configuration.nodes.map(({ shape }) => shape.name), onChange: more.networkChanged ?? (() => undefined), onTrouble: more.say ?? (() => undefined),
    node: (name) => { const node = network.node(name); return node === undefined ? undefined : { namespace: node.namespace, podNetworks: node.podNetworks.filter((range) => range !== '') } },
  })
  const images = openImageStore(imagesDirectory(configuration))
  const files = withFolders(configuration.hostFiles === 'real' ? realHostFiles : overlaidHostFiles(join(configuration.stateDirectory, 'hosts')), (node) => kubeletFolders(configuration.stateDirectory, node))
  const host = probeHost()
  const runtime = createOciRuntime({
    stateDirectory: configuration.stateDirectory, network, ...(cni === undefined ? {} : { cni }), images, registry: configuration.registries ?? {}, handlers: configuration.runtimeHandlers ?? {}, host, clock, cgroupRoot: `${host.groupBase}/skiff`, ...runtimeChoices(configuration.kubelet ?? {}), ...(more.cpus !== undefined && { cpus: { exclusive: more.cpus, lookMs: cpuLookMs(configuration.kubelet ?? {}) } }), ...(more.devicesOf === undefined ? {} : { devicesOf: more.devicesOf }), ...(more.driversOf === undefined ? {} : { driversOf: more.driversOf }), ...(more.csiOf === undefined ? {} : { csiOf: more.csiOf }), hostFiles: files,
  })
  return { network, cni, images, runtime, hostFiles: files }
}
