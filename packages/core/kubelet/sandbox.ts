import type { Pod } from '../api/resources.ts'
import type { ClusterNames } from './decision.ts'
import type { NodeShape } from './node-shape.ts'
import type { SandboxSpec } from './runtime.ts'

/** What a pod's containers share, from the pod. */
export function sandboxSpec(pod: Pod, node: NodeShape, cluster: ClusterNames): SandboxSpec {
  const { spec, metadata } = pod
  const namespace = metadata.namespace ?? ''
  const hostNetwork = spec.hostNetwork ?? false
  return {
    node: node.name, namespace, name: metadata.name,
    hostname: spec.hostnameOverride ?? (hostNetwork ? node.name : hostnameOf(pod)),
    domain: spec.subdomain !== undefined && spec.subdomain !== '' ? `${spec.subdomain}.${namespace}.svc.${cluster.domain}` : '',
    hostNetwork, hostPid: spec.hostPID ?? false, hostIpc: spec.hostIPC ?? false, shareProcessNamespace: spec.shareProcessNamespace ?? false,
    dns: dnsOf(pod, cluster),
    hostAliases: spec.hostAliases?.map(({ ip, hostnames }) => ({ ip, hostnames: hostnames ?? [] })) ?? none,
    sysctls: spec.securityContext?.sysctls ?? none,
    hostPorts: hostPortsOf(pod),
    qos: qosOf(pod),
    labels: metadata.labels ?? nothing, annotations: metadata.annotations ?? nothing,
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

/** The pod's class of service. The API sets it at creation; computed here where it did not. */
export function qosOf(pod: Pod): SandboxSpec['qos'] {
  const known = pod.status?.qosClass
  if (known === 'Guaranteed' || known === 'Burstable' || known === 'BestEffort') return known
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const asks = containers.map((one) => one.resources)
  const some = asks.some((ask) => ['cpu', 'memory'].some((name) => isSet(ask?.requests?.[name]) || isSet(ask?.limits?.[name])))
  if (!some) return 'BestEffort'
  const all = asks.every((ask) => ['cpu', 'memory'].every((name) => isSet(ask?.limits?.[name]) && (ask?.requests?.[name] ?? ask?.limits?.[name]) === ask?.limits?.[name]))
  return all ? 'Guaranteed' : 'Burstable'
}
const isSet = (quantity: string | undefined): boolean => quantity !== undefined && quantity !== '0'

/** Resolver settings by the pod's DNS policy. An empty list of servers means the node's own. */
function dnsOf(pod: Pod, cluster: ClusterNames): SandboxSpec['dns'] {
  const { dnsConfig, dnsPolicy = 'ClusterFirst', hostNetwork = false } = pod.spec
  const useCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)
  const base = useCluster ? clusterDns(pod.metadata.namespace ?? '', cluster) : nodeDns
  if (dnsConfig === undefined) return base
  const options = dnsConfig.options?.map(({ name = '', value }) => (value === undefined || value === '' ? name : `${name}:${value}`)) ?? []
  const named = new Set(options.map((option) => option.split(':')[0]))
  return {
    nameservers: [...new Set([...base.nameservers, ...(dnsConfig.nameservers ?? [])])],
    searches: [...new Set([...base.searches, ...(dnsConfig.searches ?? [])])],
    options: [...base.options.filter((option) => !named.has(option.split(':')[0])), ...options],
  }
}
const nodeDns: SandboxSpec['dns'] = { nameservers: [], searches: [], options: [] }

/** Shared by the pods of a namespace. */
function clusterDns(namespace: string, cluster: ClusterNames): SandboxSpec['dns'] {
  const known = dnsOfNamespaces.get(cluster) ?? new Map<string, SandboxSpec['dns']>()
  dnsOfNamespaces.set(cluster, known)
  const found = known.get(namespace)
  if (found !== undefined) return found
  const made = { nameservers: [cluster.dns], searches: [`${namespace}.svc.${cluster.domain}`, `svc.${cluster.domain}`, cluster.domain], options: ['ndots:5'] }
  known.set(namespace, made)
  return made
}
const dnsOfNamespaces = new WeakMap<ClusterNames, Map<string, SandboxSpec['dns']>>()
