import { quantityFault, parseQuantity, wholeValue } from '@kubeskiff/core/base'
import type { SandboxSpec } from '@kubeskiff/core/kubelet'
import type { PluginConfiguration } from './conf.ts'

/** What the plugins that say so are told of a pod, by capability. */
export type Capabilities = Readonly<Record<string, unknown>>

const bitsLeast = 1_000
const bitsMost = 1_000_000_000_000_000
/** As containerd: a burst is not bounded. */
const burst = 2 ** 31 - 1

/** As containerd's, and the node's ranges of addresses. Throws where an annotation can't be understood. */
export function capabilitiesOf(spec: SandboxSpec, ranges: readonly string[]): Capabilities {
  const ingress = bandwidth(spec, 'kubernetes.io/ingress-bandwidth')
  const egress = bandwidth(spec, 'kubernetes.io/egress-bandwidth')
  return {
    ...(spec.hostPorts.length > 0 && {
      portMappings: spec.hostPorts.map(({ protocol, hostPort, containerPort, hostIp }) => ({ hostPort, containerPort, protocol: protocol.toLowerCase(), hostIP: hostIp })),
    }),
    ...((ingress ?? egress) !== undefined && {
      bandwidth: { ...(ingress !== undefined && { ingressRate: ingress, ingressBurst: burst }), ...(egress !== undefined && { egressRate: egress, egressBurst: burst }) },
    }),
    ...(ranges.length > 0 && { ipRanges: ranges.map((subnet) => [{ subnet }]) }),
    dns: { servers: spec.dns.nameservers, searches: spec.dns.searches, options: spec.dns.options },
    'io.kubernetes.cri.pod-annotations': spec.annotations,
  }
}

/** In bits a second. */
function bandwidth({ annotations }: SandboxSpec, key: string): number | undefined {
  const text = annotations[key]
  if (text === undefined) return undefined
  const bits = parseQuantity(text) === undefined ? NaN : wholeValue(text)
  const trouble = Number.isNaN(bits) ? quantityFault : bits < bitsLeast ? 'resource is unreasonably small (< 1kbit)' : bits > bitsMost ? 'resource is unreasonably large (> 1Pbit)' : undefined
  if (trouble !== undefined) throw new Error(`failed to get pod bandwidth info from annotations: ${trouble}`)
  return bits
}

/** What one plugin is told: what it says that it understands. */
export function toldTo(plugin: PluginConfiguration, capabilities: Capabilities): Capabilities | undefined {
  const told = Object.entries(capabilities).filter(([capability]) => plugin.capabilities[capability] === true)
  return told.length === 0 ? undefined : Object.fromEntries(told)
}
