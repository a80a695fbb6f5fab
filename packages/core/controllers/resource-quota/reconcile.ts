// What a ResourceQuota's objects cost. The API moves usage with every write (admission/resource-quota); here it is counted for a quota that
// is new or changed, and for one whose status someone else wrote. Behaviour: upstream's resourcequota controller.
import type { Controller } from '../../api/controller.ts'
import type { Resource, ResourceType } from '../../api/resource.ts'
import { builtInTypes, persistentVolumeClaims, pods, type ResourceQuota, resourceQuotas, services } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { compareQuantities, formatQuantity, parseQuantity, quantityOf } from '../../base/quantity.ts'
import { isAbout, isInScope, type Quantities, totalUsage } from '../../rules/quota/index.ts'
import { isTerminating } from '../../rules/pods.ts'
import { namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'

/** Keeps status.hard and status.used of every ResourceQuota. A key is 'namespace/name'. */
export const resourceQuotaController: Controller = {
  name: 'resourcequota-controller',
  watches: [{ resource: resourceQuotas.resource, affected: ownKey }],
  reconcile(key, { view }) {
    const quota = view.get(resourceQuotas, ...namesOf(key))
    if (quota === undefined || isTerminating(quota)) return settled
    const hard = quota.spec.hard ?? {}
    const used = printed(usageFor(view, quota, Object.keys(hard)))
    if (sameAmounts(hard, quota.status?.hard) && sameAmounts(used, quota.status?.used)) return settled
    return { actions: [{ do: 'replace', part: 'status', object: { ...quota, status: { hard, used } } as Resource }] }
  },
}

/** Objects whose size matters are read; all others are counted without a walk. */
const measured: readonly ResourceType<Resource>[] = [pods, services, persistentVolumeClaims]

function usageFor(view: ClusterView, quota: ResourceQuota, names: readonly string[]): Quantities {
  const namespace = quota.metadata.namespace ?? ''
  const usage: Record<string, Quantities[string]> = {}
  for (const type of measured) {
    const about = names.filter((name) => isAbout(type, name))
    if (about.length > 0) Object.assign(usage, totalUsage(type, inScope(view, quota, type, namespace), about))
  }
  const scoped = (quota.spec.scopes ?? []).length > 0 || (quota.spec.scopeSelector?.matchExpressions ?? []).length > 0
  for (const name of names) {
    if (usage[name] !== undefined) continue
    const type = countedBy(name)
    // Scopes are of pods and claims only: a quota that has any counts nothing else.
    if (type !== undefined) usage[name] = quantityOf(scoped ? 0 : view.count(type, namespace))
  }
  return usage
}

function* inScope(view: ClusterView, quota: ResourceQuota, type: ResourceType<Resource>, namespace: string): Iterable<Resource> {
  for (const object of view.list(type, namespace)) if (isInScope(quota, type, object)) yield object
}

/** The type that a name counts: 'configmaps', 'count/deployments.apps', 'count/widgets.example.com'. */
function countedBy(name: string): ResourceType<Resource> | undefined {
  const built = builtInTypes.find((type) => isAbout(type, name))
  if (built !== undefined || !name.startsWith('count/')) return built
  const [plural = '', ...group] = name.slice('count/'.length).split('.')
  // A custom resource: where its objects lie is all that counting needs.
  return plural === 'events' || group.length === 0 ? undefined : { resource: `${group.join('.')}/${plural}`, group: group.join('.'), version: '', plural, kind: '', scope: 'Namespaced' }
}

const printed = (usage: Quantities): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(usage).map(([name, amount]) => [name, formatQuantity(amount)]))

function sameAmounts(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>> | undefined): boolean {
  const names = Object.keys(left)
  if (right === undefined || names.length !== Object.keys(right).length) return false
  return names.every((name) => {
    const [a, b] = [parseQuantity(left[name] ?? ''), parseQuantity(right[name] ?? '')]
    return a === undefined || b === undefined ? left[name] === right[name] : compareQuantities(a, b) === 0
  })
}
