import { canonicalQuantity } from '../../../../base/quantity.ts'
import type { Node as NodeModel, Taint } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type Node, nodes } from '../../../resources.ts'
import { checkLabelKey, checkLabelValue } from '../../../selectors/syntax.ts'
import { familyOf, isCidr } from '../../addresses.ts'
import { ageColumn, nameColumn, text, wideText } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { eachValue, filling, withDefaults, withField } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkRequiredOneOf, checkText, duplicate, forbidden, invalid } from '../../problems.ts'
import { proxySubresource } from '../proxy.ts'
import { checkResourceAmount } from '../resourcenames.ts'

const rolePrefix = 'node-role.kubernetes.io/'
const roleLabel = 'kubernetes.io/role'

function fill(draft: NodeModel): NodeModel {
  const shaped = withDefaults(draft, { spec: {}, status: {} })
  return withField(shaped, 'status', (status) => {
    const capacity = withField(status, 'capacity', (amounts) => eachValue(amounts, canonicalQuantity))
    const allocatable = withField(capacity, 'allocatable', (amounts) => eachValue(amounts, canonicalQuantity))
    return withDefaults(allocatable, { allocatable: allocatable.capacity })
  })
}

function check(next: Node, before: Node | undefined): readonly Problem[] {
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...checkTaints(next.spec.taints ?? []),
    ...checkAmounts(next), ...checkCIDRs(next),
    ...(before === undefined ? [] : checkChange(next, before)),
  ]
}

function checkTaints(taints: readonly Taint[]): readonly Problem[] {
  const seen = new Set<string>()
  return taints.flatMap((taint, index) => {
    // As upstream names it.
    const path = `metadata.taints[${index}]`
    const name = `${taint.key}:${taint.effect}`
    const again = seen.has(name)
    seen.add(name)
    return [
      ...checkText(`${path}.key`, taint.key ?? '', checkLabelKey),
      ...(checkLabelValue(taint.value ?? '').length === 0 ? [] : [invalid(`${path}.value`, taint.value, checkLabelValue(taint.value ?? '').join(';'))]),
      ...checkRequiredOneOf(`${path}.effect`, taint.effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
      ...(again ? [{ ...duplicate(path, taint), detail: 'taints must be unique by key and effect pair' }] : []),
    ]
  })
}

/** The ranges of a node's pods: one, or one of each family. */
function checkCIDRs({ spec: { podCIDRs = [] } }: Node): readonly Problem[] {
  const families = podCIDRs.map((range) => familyOf(range.split('/')[0] ?? ''))
  return [
    ...podCIDRs.flatMap((range, index) => (isCidr(range) ? [] : [invalid(`spec.podCIDRs[${index}]`, range, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')])),
    ...(podCIDRs.length > 2 || (podCIDRs.length === 2 && families[0] === families[1]) ? [invalid('spec.podCIDRs', podCIDRs, 'may specify no more than one CIDR for each IP family')] : []),
    ...podCIDRs.flatMap((range, index) => (podCIDRs.indexOf(range) < index ? [duplicate(`spec.podCIDRs[${index}]`, range)] : [])),
  ]
}

/** What a node got from others stays. */
function checkChange({ spec }: Node, before: Node): readonly Problem[] {
  const { podCIDRs = [], providerID, externalID } = spec
  const { podCIDRs: cidrsBefore = [], providerID: providerBefore, externalID: externalBefore } = before.spec
  return [
    ...(cidrsBefore.length > 0 && !sameMeaning(podCIDRs, cidrsBefore) ? [forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')] : []),
    ...(providerBefore && providerID !== providerBefore ? [forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid')] : []),
    ...(externalID === externalBefore ? [] : [forbidden('spec.externalID', 'may not be updated')]),
  ]
}

const checkAmounts = ({ status }: Node): readonly Problem[] =>
  (['capacity', 'allocatable'] as const).flatMap((field) => Object.entries(status[field] ?? {}).flatMap(([name, amount]) => checkResourceAmount(name, amount, `status.${field}.${name}`)))

function checkStatus(next: Node): readonly Problem[] {
  const seen = new Set<string>()
  return [
    ...checkAmounts(next),
    ...(next.status.addresses ?? []).flatMap((address, index) => {
      const key = `${address.type} ${address.address}`
      const again = seen.has(key)
      seen.add(key)
      return again ? [duplicate(`status.addresses[${index}]`, address)] : []
    }),
  ]
}

/** The roles of a node by its labels, sorted. */
export function rolesOf({ metadata: { labels = {} } }: Node): readonly string[] {
  const roles = Object.entries(labels).flatMap(([key, value]) =>
    (key.startsWith(rolePrefix) && key.length > rolePrefix.length ? [key.slice(rolePrefix.length)] : key === roleLabel && value !== '' ? [value] : []))
  return [...new Set(roles)].sort()
}

function statusOf({ spec, status }: Node): string {
  const ready = status.conditions?.find((condition) => condition.type === 'Ready')
  const health = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec.unschedulable === true ? `${health},SchedulingDisabled` : health
}

const addressOf = ({ status }: Node, type: string): string => status.addresses?.find((address) => address.type === type)?.address || '<none>'
const infoDescription = 'Set of ids/uuids to uniquely identify the node. More info: https://kubernetes.io/docs/reference/node/node-status/#info'

export const node: Kind<Node> = {
  ...nodes,
  singular: 'node', shortNames: ['no'], categories: [],
  hasStatus: true,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.Node', fill: filling(fill),
    columns: [
      nameColumn,
      text('Status', 'The status of the node', statusOf),
      text('Roles', 'The roles of the node', (object) => rolesOf(object).join(',') || '<none>'),
      ageColumn,
      text('Version', 'Kubelet Version reported by the node.', ({ status }) => status.nodeInfo?.kubeletVersion ?? ''),
      wideText('Internal-IP', 'List of addresses reachable to the node. Queried from cloud provider, if available.', (object) => addressOf(object, 'InternalIP')),
      wideText('External-IP', 'List of addresses reachable to the node. Queried from cloud provider, if available.', (object) => addressOf(object, 'ExternalIP')),
      wideText('OS-Image', infoDescription, ({ status }) => status.nodeInfo?.osImage || '<unknown>'),
      wideText('Kernel-Version', infoDescription, ({ status }) => status.nodeInfo?.kernelVersion || '<unknown>'),
      wideText('Container-Runtime', infoDescription, ({ status }) => status.nodeInfo?.containerRuntimeVersion || '<unknown>'),
    ],
    fields: { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable ?? false) },
  }],
  // Kubelets register with a status: only updates leave it alone.
  prepare: (next, before) => (before === undefined ? next : { ...next, status: before.status }),
  check,
  checkStatus,
  subresources: [{ name: 'status', is: 'status' }, proxySubresource],
}
