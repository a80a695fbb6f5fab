import type { SandboxSpec } from '@kubeskiff/core/kubelet'

/** /etc/hosts of a pod's containers, word for word as the kubelet writes it. */
export function hostsFile(spec: SandboxSpec, addresses: readonly string[], hostsOfMachine: string): string {
  const short = spec.shortHostname ?? spec.hostname
  const own = spec.domain === '' ? short : `${short}.${spec.domain}\t${short}`
  const head = spec.hostNetwork
    ? `# Kubernetes-managed hosts file (host network).\n${hostsOfMachine}`
    : `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n${addresses.map((address) => `${address}\t${own}\n`).join('')}`
  if (spec.hostAliases.length === 0) return head
  const aliases = spec.hostAliases.map((alias) => `${alias.ip}\t${alias.hostnames.join('\t')}\n`).join('')
  return `${head}\n# Entries added by HostAliases.\n${aliases}`
}

/** A resolver's settings with those of the node's own before them; of an option that both name, the pod's counts. */
export function withNodeResolver(dns: SandboxSpec['dns'], text: string): SandboxSpec['dns'] {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/))
  const after = (key: string): readonly string[] => lines.filter(([first]) => first === key).flatMap(([, ...words]) => words)
  const last = (key: string): readonly string[] => lines.findLast(([first]) => first === key)?.slice(1) ?? []
  const named = new Set(dns.options.map((option) => option.split(':')[0]))
  return {
    nameservers: [...new Set([...after('nameserver'), ...dns.nameservers])].slice(0, nameserversMax),
    searches: [...new Set([...last('search'), ...dns.searches])],
    options: [...after('options').filter((option) => !named.has(option.split(':')[0])), ...dns.options],
  }
}
/** A resolver looks at no more. */
const nameserversMax = 3

/** /etc/resolv.conf. */
export function resolverFile(dns: SandboxSpec['dns']): string {
  return [
    ...(dns.searches.length === 0 ? [] : [`search ${dns.searches.join(' ')}`]),
    ...dns.nameservers.map((server) => `nameserver ${server}`),
    ...(dns.options.length === 0 ? [] : [`options ${dns.options.join(' ')}`]),
    '',
  ].join('\n')
}
