/** Labels that a kubelet may give its own node though their prefix is Kubernetes' own. */
const kubeletLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname', 'kubernetes.io/arch', 'kubernetes.io/os', 'beta.kubernetes.io/arch', 'beta.kubernetes.io/os', 'beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/zone',
])
const isWithin = (prefix: string, domain: string): boolean => prefix === domain || prefix.endsWith(`.${domain}`)

/** Whether a label of nodes is not for the node itself to set: whoever took one node over could draw others' pods to it. As NodeRestriction. */
export function isReservedNodeLabel(label: string): boolean {
  const prefix = label.includes('/') ? label.slice(0, label.indexOf('/')) : ''
  if (isWithin(prefix, 'node-restriction.kubernetes.io')) return true
  if (!isWithin(prefix, 'kubernetes.io') && !isWithin(prefix, 'k8s.io')) return false
  return !kubeletLabels.has(label) && !isWithin(prefix, 'kubelet.kubernetes.io') && !isWithin(prefix, 'node.kubernetes.io')
}
