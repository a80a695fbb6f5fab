import type { Pod } from '../api/resources.ts'
import type { ClusterNames } from './decision.ts'
import { claimsOf } from './devices.ts'
import type { NodeShape } from './node-shape.ts'
import { podLimits, podRequests } from '../rules/requests.ts'
import { qosOf } from './quality.ts'
import type { ResourceLimits, SandboxSpec } from './runtime.ts'

/** What a pod's containers share, from the pod. */
export function sandboxSpec(pod: Pod, node: NodeShape, cluster: ClusterNames, handler = ''): SandboxSpec {
  const { spec, metadata } = pod
  const namespace = metadata.namespace ?? ''
  const hostNetwork = spec.hostNetwork ?? false
  const short = spec.hostnameOverride ?? (hostNetwork ? node.name : hostnameOf(pod))
  const domain = spec.subdomain !== undefined && spec.subdomain !== '' && spec.hostnameOverride === undefined ? `${spec.subdomain}.${namespace}.svc.${cluster.domain}` : ''
  const isWhole = spec.setHostnameAsFQDN === true && domain !== '' && !hostNetwork
  return {
    node: node.name, namespace, name: metadata.name,
    hostname: isWhole ? `${short}.${domain}` : short, ...(isWhole ? { shortHostname: short } : {}), domain,
    hostNetwork, hostPid: spec.hostPID ?? false, hostIpc: spec.hostIPC ?? false, shareProcessNamespace: spec.shareProcessNamespace ?? false, ...(spec.hostUsers === false && !node.simulated && { ownUsers: true }),
    dns: dnsOf(pod, cluster),
    hostAliases: spec.hostAliases?.map(({ ip, hostnames }) => ({ ip, hostnames: hostnames ?? [] })) ?? none,
    sysctls: spec.securityContext?.sysctls ?? none,
    hostPorts: hostPortsOf(pod),
    qos: qosOf(pod), ...(node.simulated ? {} : { resources: podResources(pod), ...claimsOf(pod) }), ...(handler === '' ? {} : { handler }), ...(spec.securityContext?.seLinuxOptions === undefined ? {} : { seLinux: spec.securityContext.seLinuxOptions }),
    labels: metadata.labels ?? nothing, annotations: metadata.annotations ?? nothing,
  }
}
/** What the pod's containers have together: a limit only where each of them has one, or the pod itself. As upstream's ResourceConfigForPod. */
export function podResources({ spec }: Pod): ResourceLimits {
  const requests = podRequests(spec)
  const limits = podLimits(spec)
  const all = [...spec.containers, ...(spec.initContainers ?? [])]
  const isLimited = (name: string): boolean => spec.resources?.limits?.[name] !== undefined || all.every(({ resources }) => isSet(resources?.limits?.[name]))
  return {
    cpuMillisRequested: requests['cpu'] ?? 0, memoryBytesRequested: requests['memory'] ?? 0,
    ...(isLimited('cpu') ? { cpuMillisLimit: limits['cpu'] ?? 0 } : {}), ...(isLimited('memory') ? { memoryBytesLimit: limits['memory'] ?? 0 } : {}),
  }
}
const none: readonly never[] = []
const nothing: Readonly<Record<string, string>> = {}

/** The host name inside the pod: at most 63 characters, cut as upstream does. */
export function hostnameOf(pod: Pod): string {
  const name = pod.spec.hostname !== undefined && pod.spec.hostname !== '' ? pod.spec.hostname : pod.metadata.name
  return name.length <= hostnameMax ? name : name.slice(0, hostnameMax).replace(/[-.]+$/, '')
}
const hostnameMax = 63

/** The ports a pod takes on its node. */
export function hostPortsOf(pod: Pod): SandboxSpec['hostPorts'] {
  const ports: SandboxSpec['hostPorts'][number][] = []
  const containers = pod.spec.initContainers?.some((one) => one.restartPolicy === 'Always')
    ? [...pod.spec.containers, ...pod.spec.initContainers.filter((one) => one.restartPolicy === 'Always')] : pod.spec.containers
  for (const container of containers) {
    for (const port of container.ports ?? none) {
      if (port.hostPort === undefined || port.hostPort === 0) continue
      const protocol = port.protocol === 'UDP' || port.protocol === 'SCTP' ? port.protocol : 'TCP'
      ports.push({ protocol, hostPort: port.hostPort, containerPort: port.containerPort, hostIp: port.hostIP ?? '' })
    }
  }
  return ports.length === 0 ? none : ports
}

const isSet = (quantity: string | undefined): boolean => quantity !== undefined && quantity !== '0'

/** Resolver settings by the pod's DNS policy. */
function dnsOf(pod: Pod, cluster: ClusterNames): SandboxSpec['dns'] {
  const { dnsConfig, dnsPolicy = 'ClusterFirst', hostNetwork = false } = pod.spec
  const useCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)
  const base = useCluster ? clusterDns(pod.metadata.namespace ?? '', cluster) : dnsPolicy === 'None' ? noDns : nodeDns
  if (dnsConfig === undefined) return base
  const options = dnsConfig.options?.map(({ name = '', value }) => (value === undefined || value === '' ? name : `${name}:${value}`)) ?? []
  const named = new Set(options.map((option) => option.split(':')[0]))
  return {
    ...(base.fromNode === true ? { fromNode: true } : {}),
    nameservers: [...new Set([...base.nameservers, ...(dnsConfig.nameservers ?? [])])],
    searches: [...new Set([...base.searches, ...(dnsConfig.searches ?? [])])],
    options: [...base.options.filter((option) => !named.has(option.split(':')[0])), ...options],
  }
}
const noDns: SandboxSpec['dns'] = { nameservers: [], searches: [], options: [] }
const nodeDns: SandboxSpec['dns'] = { ...noDns, fromNode: true }

/** Shared by the pods of a namespace. */
function clusterDns(namespace: string, cluster: ClusterNames): SandboxSpec['dns'] {
  const known = dnsOfNamespaces.get(cluster) ?? new Map<string, SandboxSpec['dns']>()
  dnsOfNamespaces.set(cluster, known)
  const found = known.get(namespace)
  if (found !== undefined) return found
  const made = { nameservers: cluster.servers ?? [cluster.dns], searches: [`${namespace}.svc.${cluster.domain}`, `svc.${cluster.domain}`, cluster.domain], options: ['ndots:5'] }
  known.set(namespace, made)
  return made
}
const dnsOfNamespaces = new WeakMap<ClusterNames, Map<string, SandboxSpec['dns']>>()
