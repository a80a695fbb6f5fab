import { appArmorPrefix } from '../api/app-armor.ts'
import { nodes, type Pod } from '../api/resources.ts'
import { amountOf, podRequests } from '../rules/requests.ts'
import { nodeMatches } from '../rules/node-selectors.ts'
import { untolerated } from '../rules/taints.ts'
import type { HostPort, Surroundings } from './decision.ts'
import { refusedUnderPressure } from './eviction.ts'
import { hostPortsOf } from './sandbox.ts'
import { forbiddenSysctl } from './sysctls.ts'

export interface Rejection { readonly reason: string; readonly message: string }

/** Why the node does not take a pod that was bound to it, in upstream's words; undefined when it does. */
export function rejection(pod: Pod, around: Surroundings): Rejection | undefined {
  const { node, granted, view } = around
  const short = around.pressures === undefined ? undefined : refusedUnderPressure(pod, around.pressures)
  if (short !== undefined) return rejected('Evicted', short)
  const sysctl = forbiddenSysctl(pod, node.allowedUnsafeSysctls)
  if (sysctl !== undefined) return rejected('SysctlForbidden', sysctl)
  // As upstream: a profile that the kernel cannot enforce is not left out in silence.
  if (!node.simulated && node.appArmor !== true && wantsAppArmor(pod)) return rejected('AppArmor', 'Cannot enforce AppArmor: AppArmor is not enabled on the host')
  const object = view.get(nodes, '', node.name)
  if (object !== undefined && !nodeMatches(pod.spec, object)) return rejected('NodeAffinity', 'Predicate NodeAffinity failed: node(s) didn\'t match Pod\'s node affinity/selector')
  const evicting = object === undefined ? undefined : untolerated(object.spec.taints, pod.spec.tolerations, ['NoExecute'])
  if (evicting !== undefined) return rejected('TaintToleration', 'Predicate TaintToleration failed')
  const ports = hostPortsOf(pod)
  if (ports.some((port) => granted.hasHostPort(port))) return rejected('NodePorts', 'Predicate NodePorts failed')
  const refused = shortage(pod, around)
  if (refused !== undefined) return refused
  const taken = around.allocate?.(pod)
  return taken === undefined ? undefined : rejected(taken.reason, taken.message)
}

function wantsAppArmor({ metadata: { annotations }, spec }: Pod): boolean {
  const contexts = [spec.securityContext, ...[...spec.containers, ...(spec.initContainers ?? [])].map((container) => container.securityContext)]
  if (contexts.some((context) => context?.appArmorProfile !== undefined && context.appArmorProfile.type !== 'Unconfined')) return true
  return annotations !== undefined && Object.keys(annotations).some((key) => key.startsWith(appArmorPrefix) && annotations[key] !== 'unconfined')
}

function shortage(pod: Pod, { node, granted, view }: Surroundings): Rejection | undefined {
  const own = node.allocatable ?? node.capacity
  // As upstream: what somebody else gave the node (a PATCH of its status) is the node's too.
  const allocatable = { ...view.get(nodes, '', node.name)?.status?.allocatable, ...own }
  const podsMax = amountOf('pods', allocatable['pods'] ?? '110')
  if (granted.pods + 1 > podsMax) return outOf('pods', 1, granted.pods, podsMax)
  for (const [resource, requested] of Object.entries(podRequests(pod.spec))) {
    // As upstream: an extended resource that the node does not have is somebody else's to count.
    if (requested === 0 || (resource.includes('/') && allocatable[resource] === undefined)) continue
    const used = granted.amounts[resource] ?? 0
    const capacity = amountOf(resource, allocatable[resource] ?? '0')
    if (used + requested > capacity) return outOf(resource, requested, used, capacity)
  }
  return undefined
}

const outOf = (resource: string, requested: number, used: number, capacity: number): Rejection =>
  rejected(`OutOf${resource}`, `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`)
const rejected = (reason: string, message: string): Rejection => ({ reason, message: `Pod was rejected: ${message}` })

/** Two uses of a host port collide when protocol and number agree and the addresses are the same or one is every address. */
export const portsCollide = (a: HostPort, b: HostPort): boolean =>
  a.protocol === b.protocol && a.hostPort === b.hostPort && (a.hostIp === b.hostIp || isEvery(a.hostIp) || isEvery(b.hostIp))
const isEvery = (address: string): boolean => address === '' || address === '0.0.0.0' || address === '::'
