// What one object costs of a ResourceQuota, by the names that quotas use. Behaviour: upstream's quota evaluators.
import type { Resource } from '../../api/resource.ts'
import { events, type PersistentVolumeClaim, persistentVolumeClaims, type Pod, pods, type Service, services } from '../../api/resources.ts'
import { addQuantities, compareQuantities, parseQuantity, type Quantity, quantityOf } from '../../base/quantity.ts'
import { isTerminal } from '../pods.ts'
import { podQuantities, type Quantities } from './pod-quantities.ts'
import { isNative } from '../../api/kinds/core/resourcenames.ts'
import { classOfClaim } from '../../api/kinds/core/persistentvolumeclaim/index.ts'

/** Names a kind to quotas. */
export interface Counted { readonly resource: string; readonly group: string; readonly plural: string }

const one = quantityOf(1)
const zero = quantityOf(0)
const classSuffix = '.storageclass.storage.k8s.io/'
const requestsPrefix = 'requests.'

/** 'count/deployments.apps'. */
export const countName = ({ group, plural }: Counted): string => `count/${group === '' ? plural : `${plural}.${group}`}`
/** Kinds that quotas count by their plain names too. */
const plainNames: ReadonlySet<string> = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'])
const podNames: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]).concat('pods'))
const serviceNames: ReadonlySet<string> = new Set(['services', 'services.nodeports', 'services.loadbalancers'])
const claimNames = ['persistentvolumeclaims', 'requests.storage'] as const

/** Events come and go by themselves: no quota counts them. */
export const isCounted = (type: Counted): boolean => type.plural !== events.plural

/** Is this name of a quota about objects of this type? */
export function isAbout(type: Counted, name: string): boolean {
  if (name === countName(type)) return isCounted(type)
  switch (type.resource) {
    case pods.resource: return podNames.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-') || isExtendedRequest(name)
    case services.resource: return serviceNames.has(name)
    case persistentVolumeClaims.resource: return claimNames.some((each) => name === each || name.endsWith(classSuffix + each))
    default: return plainNames.has(type.resource) && name === type.plural
  }
}
const isExtendedRequest = (name: string): boolean => name.startsWith(requestsPrefix) && !isNative(name)

/** What the object costs. */
export function usageOf(type: Counted, object: Resource): Quantities {
  if (!isCounted(type)) return {}
  const counted = { [countName(type)]: one }
  switch (type.resource) {
    case pods.resource: return { ...counted, ...podUsage(object as Pod) }
    case services.resource: return { ...counted, ...serviceUsage(object as Service) }
    case persistentVolumeClaims.resource: return { ...counted, ...claimUsage(object as PersistentVolumeClaim) }
    default: return plainNames.has(type.resource) ? { ...counted, [type.plural]: one } : counted
  }
}

/** A pod that has ended is an object like others and costs nothing else. */
function podUsage(pod: Pod): Quantities {
  return isTerminal(pod) ? {} : computeUsage(podQuantities(pod.spec, 'requests'), podQuantities(pod.spec, 'limits'))
}

function computeUsage(requests: Quantities, limits: Quantities): Quantities {
  const usage: Record<string, Quantity> = { pods: one }
  for (const [name, quantity] of Object.entries(requests)) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-')) usage[name] = usage[requestsPrefix + name] = quantity
    else if (!isNative(name)) usage[requestsPrefix + name] = quantity
  }
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const quantity = limits[name]
    if (quantity !== undefined) usage[`limits.${name}`] = quantity
  }
  return usage
}

function serviceUsage({ spec }: Service): Quantities {
  const ports = spec.ports ?? []
  const balanced = spec.type === 'LoadBalancer'
  const open = spec.type === 'NodePort' || (balanced && spec.allocateLoadBalancerNodePorts !== false) ? ports.length : balanced ? ports.filter(({ nodePort }) => nodePort !== undefined && nodePort !== 0).length : 0
  return { services: one, 'services.loadbalancers': balanced ? one : zero, 'services.nodeports': quantityOf(open) }
}

function claimUsage(claim: PersistentVolumeClaim): Quantities {
  const className = classOfClaim(claim)
  const asked = roundedUp(claim.spec.resources?.requests?.['storage'])
  const allocated = roundedUp(claim.status?.allocatedResources?.['storage'])
  const storage = asked !== undefined && allocated !== undefined && compareQuantities(allocated, asked) > 0 ? allocated : asked
  const amounts: Quantities = { persistentvolumeclaims: one, ...(storage !== undefined && { 'requests.storage': storage }) }
  if (className === '') return amounts
  return { ...amounts, ...Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [className + classSuffix + name, amount])) }
}
const whole = 1_000_000_000n
/** Storage is counted in whole bytes. */
function roundedUp(text: string | undefined): Quantity | undefined {
  const quantity = text === undefined ? undefined : parseQuantity(text)
  return quantity === undefined || quantity.nanos % whole === 0n ? quantity : { ...quantity, nanos: (quantity.nanos / whole + 1n) * whole }
}

/** cpu and memory: whoever limits them wants every container to say them. */
const mustBeSaid: readonly string[] = ['cpu', 'limits.cpu', 'limits.memory', 'memory', 'requests.cpu', 'requests.memory']

/** What containers of the pod leave unsaid of what a quota limits, as upstream prints it; undefined when nothing. */
export function unsaid(limited: readonly string[], { spec }: Pod): string | undefined {
  const missing = mustBeSaid.filter((name) => limited.includes(name)).map((name) => {
    const which = name.startsWith('limits.') ? 'limits' : 'requests'
    const resource = name.slice(name.indexOf('.') + 1)
    // What a pod says for all its containers, none of them has to say.
    const silent = spec.resources?.[which]?.[resource] !== undefined ? [] : [...spec.containers, ...(spec.initContainers ?? [])].filter((container) => container.resources?.[which]?.[resource] === undefined)
    return { name, containers: [...new Set(silent.map((container) => container.name))].sort() }
  }).filter(({ containers }) => containers.length > 0)
  return missing.length === 0 ? undefined : `must specify ${missing.map(({ name, containers }) => `${name} for: ${containers.join(',')}`).join('; ')}`
}

/** What objects of one kind cost together, by each of the names; 0 where none costs anything. */
export function totalUsage(type: Counted, objects: Iterable<Resource>, names: readonly string[]): Quantities {
  const total: Record<string, Quantity> = Object.fromEntries(names.map((name) => [name, zero]))
  for (const object of objects) {
    const usage = usageOf(type, object)
    for (const name of names) {
      const amount = usage[name]
      if (amount !== undefined) total[name] = addQuantities(total[name] ?? zero, amount)
    }
  }
  return total
}
