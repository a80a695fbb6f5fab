import { join } from 'node:path'
import type { Clock } from '@kubeskiff/core/base'
import { type ImageStore, openImageStore } from '../images/index.ts'
import { probeHost } from '../linux/probe.ts'
import { type ClusterNetwork, createNetwork, type NetworkSettings } from '../network/index.ts'
import { createOciRuntime, type OciRuntime, type OciRuntimeOptions, overlaidHostFiles, realHostFiles } from '../oci/index.ts'
import type { AgentConfiguration } from './configuration.ts'

export interface Machine { readonly network: ClusterNetwork; readonly images: ImageStore; readonly runtime: OciRuntime }

export const imagesDirectory = (configuration: AgentConfiguration): string => join(configuration.stateDirectory, 'images')
export const networkDirectory = (configuration: AgentConfiguration): string => join(configuration.stateDirectory, 'network')

/** The network and the containers of this machine, as an earlier agent has left them or new. */
export function openMachine(configuration: AgentConfiguration, clock: Clock, devicesOf?: OciRuntimeOptions['devicesOf']): Machine {
  const settings: NetworkSettings = { ...configuration.network, dnsAddress: configuration.clusterDns, reachableFromHost: true, egress: true }
  const network = createNetwork(settings, networkDirectory(configuration))
  for (const { shape } of configuration.nodes) network.addNode(shape.name, shape.podCidr)
  const images = openImageStore(imagesDirectory(configuration))
  const runtime = createOciRuntime({
    stateDirectory: configuration.stateDirectory, network, images, registry: configuration.registries ?? {}, host: probeHost(), clock, cgroupRoot: '/skiff', ...(devicesOf === undefined ? {} : { devicesOf }), hostFiles: configuration.hostFiles === 'real' ? realHostFiles : overlaidHostFiles(join(configuration.stateDirectory, 'hosts')),
  })
  return { network, images, runtime }
}
