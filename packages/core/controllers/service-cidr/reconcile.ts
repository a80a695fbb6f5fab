// ServiceCIDRs are ready, and stay while addresses are in them and in no other. Behaviour: upstream's service-cidr-controller.
import { type Action, type ClusterView, type Controller, ipAddresses, keyOf, type ServiceCIDR, serviceCIDRs } from '../../api/index.ts'
import type { Condition } from '../../api/generated/types.ts'
import { type Block, isAllocated, isInBlock, parseAddress, parseBlock } from '../../api/kinds/index.ts'
import { setCondition } from '../../rules/conditions.ts'
import { finalizersPatch } from '../../rules/owners.ts'
import { isTerminating } from '../../rules/pods.ts'
import { timestamp } from '../../rules/time.ts'
import { settled } from '../settled.ts'

const finalizer = 'networking.k8s.io/service-cidr-finalizer'
const ready = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' } as const
const held = { status: 'False', reason: 'Terminating', message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR' } as const

/** Those that wait to go: few, and there are few ServiceCIDRs at all. */
const leaving = (view: ClusterView): readonly string[] => [...view.list(serviceCIDRs)].filter(isTerminating).map(({ metadata }) => metadata.name)

/** A key is a ServiceCIDR's name. */
export const serviceCIDRController: Controller = {
  name: 'service-cidr-controller',
  watches: [
    // What one covers another need not hold.
    { resource: serviceCIDRs.resource, affected: ({ key }, view) => [...new Set([key.name, ...leaving(view)])] },
    { resource: ipAddresses.resource, affected: ({ after }, view) => (after === undefined ? leaving(view) : []) },
  ],
  reconcile(name, { view, now }) {
    const range = view.get(serviceCIDRs, '', name)
    if (range === undefined) return settled
    const finalizers = range.metadata.finalizers ?? []
    if (!isTerminating(range)) return { actions: [...(finalizers.includes(finalizer) ? [] : [finalizersPatch(serviceCIDRs, range, [...finalizers, finalizer])]), ...conditionPatch(range, ready, now)] }
    if (!finalizers.includes(finalizer)) return settled
    return { actions: isNeeded(range, view) ? conditionPatch(range, held, now) : [finalizersPatch(serviceCIDRs, range, finalizers.filter((one) => one !== finalizer))] }
  },
}

const blocksOf = ({ spec }: ServiceCIDR): readonly Block[] => (spec.cidrs ?? []).flatMap((cidr) => parseBlock(cidr) ?? [])

/** Is some address in this range and in no other? */
function isNeeded(range: ServiceCIDR, view: ClusterView): boolean {
  const others = [...view.list(serviceCIDRs)].filter(({ metadata }) => metadata.name !== range.metadata.name).flatMap(blocksOf)
  const own = blocksOf(range)
  if (own.every((block) => others.some((other) => other.bits <= block.bits && isInBlock(other, block.family, block.first)))) return false
  for (const address of view.list(ipAddresses)) {
    const parsed = isAllocated(address) ? parseAddress(address.metadata.name) : undefined
    const isIn = (block: Block): boolean => parsed !== undefined && isInBlock(block, parsed.family, parsed.number)
    if (own.some(isIn) && !others.some(isIn)) return true
  }
  return false
}

function conditionPatch(range: ServiceCIDR, said: Pick<Condition, 'status' | 'reason' | 'message'>, now: number): readonly Action[] {
  const before = range.status?.conditions ?? []
  const conditions = setCondition<Condition>(before, { type: 'Ready', ...said, lastTransitionTime: timestamp(now) }, now)
  return conditions === before ? [] : [{ do: 'patch', key: keyOf(serviceCIDRs, range), uid: range.metadata.uid, part: 'status', patch: { status: { conditions } } }]
}
