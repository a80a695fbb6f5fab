// Labels of nodes that have newer names: whoever selects by the old ones is told.

const newer: Readonly<Record<string, { readonly since: string; readonly name: string }>> = {
  'beta.kubernetes.io/arch': { since: 'v1.14', name: 'kubernetes.io/arch' }, 'beta.kubernetes.io/os': { since: 'v1.14', name: 'kubernetes.io/os' },
  'failure-domain.beta.kubernetes.io/region': { since: 'v1.17', name: 'topology.kubernetes.io/region' }, 'failure-domain.beta.kubernetes.io/zone': { since: 'v1.17', name: 'topology.kubernetes.io/zone' },
  'beta.kubernetes.io/instance-type': { since: 'v1.17', name: 'node.kubernetes.io/instance-type' },
}

/** 'deprecated since v1.14; use "kubernetes.io/os" instead'; undefined for all other labels. */
export function deprecation(label: string): string | undefined {
  const found = Object.hasOwn(newer, label) ? newer[label] : undefined
  return found && `deprecated since ${found.since}; use ${JSON.stringify(found.name)} instead`
}
