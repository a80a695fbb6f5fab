// A ResourceQuota's usage moves in the same commit as the objects that it counts: no two writers can both take what is left.
import type { Refusal } from '../../../api/refusal.ts'
import type { Resource } from '../../../api/resource.ts'
import { isRefusal } from '../../../api/refusal.ts'
import { type Pod, pods, type ResourceQuota, resourceQuotas } from '../../../api/resources.ts'
import type { ClusterView } from '../../../api/view.ts'
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, type Quantity, quantityOf, subtractQuantities } from '../../../base/quantity.ts'
import { isAbout, isCounted, isInScope, type Quantities, unsaid, usageOf } from '../../../rules/quota/index.ts'
import { forbidden } from '../../refusals.ts'
import type { AnyKind } from '../../registry.ts'

/** One object before and after a write. */
export interface Charged { readonly kind: AnyKind; readonly before: Resource | undefined; readonly after: Resource | undefined }
/** A quota whose usage moves. */
export interface Charge { readonly before: ResourceQuota; readonly after: ResourceQuota }

const zero = quantityOf(0)

/** What these writes cost the quotas of their namespaces, or the refusal of the first that is not allowed. */
export function chargesOf(view: ClusterView, writes: readonly Charged[]): readonly Charge[] | Refusal {
  const moved = new Map<string, Charge>()
  for (const write of writes) {
    const object = write.after ?? write.before
    const namespace = object?.metadata.namespace ?? ''
    if (object === undefined || namespace === '' || !isCounted(write.kind) || view.count(resourceQuotas, namespace) === 0) continue
    for (const quota of view.list(resourceQuotas, namespace)) {
      // What is written itself is not charged to itself.
      if (writes.some(({ kind, before, after }) => kind.resource === resourceQuotas.resource && (before ?? after)?.metadata.name === quota.metadata.name && (before ?? after)?.metadata.namespace === namespace)) continue
      const place = `${namespace}/${quota.metadata.name}`
      const charged = charge(moved.get(place)?.after ?? quota, write)
      if (isRefusal(charged)) return charged
      if (charged !== undefined) moved.set(place, { before: quota, after: charged })
    }
  }
  return [...moved.values()]
}
function charge(quota: ResourceQuota, { kind, before, after }: Charged): ResourceQuota | Refusal | undefined {
  const hard = quota.status?.hard ?? {}
  const used = quota.status?.used ?? {}
  const names = Object.keys(hard).filter((name) => isAbout(kind, name))
  if (names.length === 0) return undefined
  const is = after !== undefined && isInScope(quota, kind, after)
  const was = before !== undefined && isInScope(quota, kind, before)
  if (!is && !was) return undefined
  if (is && before === undefined && after !== undefined) {
    const { name } = after.metadata
    const why = kind.resource === pods.resource ? unsaid(names, after as Pod) : undefined
    if (why !== undefined) return forbidden(kind, name, `failed quota: ${quota.metadata.name}: ${why}`)
    if (names.some((each) => used[each] === undefined)) return forbidden(kind, name, `status unknown for quota: ${quota.metadata.name}, resources: ${[...names].sort().join(',')}`)
  }
  const delta = differenceOf(is && after !== undefined ? usageOf(kind, after) : {}, was ? usageOf(kind, before) : {}, names.filter((name) => used[name] !== undefined))
  if (Object.keys(delta).length === 0) return undefined
  const next = Object.fromEntries(Object.entries(delta).map(([name, amount]) => [name, notBelowZero(addQuantities(parseQuantity(used[name] ?? '0') ?? zero, amount))]))
  if (after !== undefined && isLimited(kind, before, after, was)) {
    const exceeded = Object.entries(next).filter(([name, amount]) => (delta[name]?.nanos ?? 0n) > 0n && compareQuantities(amount, parseQuantity(hard[name] ?? '0') ?? zero) > 0).map(([name]) => name).sort()
    if (exceeded.length > 0) {
      const shown = (amount: (name: string) => string): string => exceeded.map((name) => `${name}=${amount(name)}`).join(',')
      return forbidden(kind, after.metadata.name, `exceeded quota: ${quota.metadata.name}, requested: ${shown((name) => formatQuantity(delta[name] ?? zero))}, used: ${shown((name) => used[name] ?? '0')}, limited: ${shown((name) => hard[name] ?? '0')}`)
    }
  }
  return { ...quota, status: { ...quota.status, used: { ...used, ...Object.fromEntries(Object.entries(next).map(([name, amount]) => [name, formatQuantity(amount)])) } } }
}

/** Creates are limited, and updates of what the object asks for. What only comes to be so, by a status or a deadline, is counted. */
function isLimited(kind: AnyKind, before: Resource | undefined, after: Resource, was: boolean): boolean {
  if (before === undefined) return true
  if ((before as { readonly spec?: unknown }).spec === (after as { readonly spec?: unknown }).spec) return false
  return kind.resource !== pods.resource || was
}

function differenceOf(after: Quantities, before: Quantities, names: readonly string[]): Quantities {
  const delta: Record<string, Quantity> = {}
  for (const name of names) {
    const difference = subtractQuantities(after[name] ?? zero, before[name] ?? zero)
    if (difference.nanos !== 0n) delta[name] = difference
  }
  return delta
}
const notBelowZero = (amount: Quantity): Quantity => (amount.nanos < 0n ? { ...amount, nanos: 0n } : amount)
