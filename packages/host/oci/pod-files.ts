import type { SandboxSpec } from '@kubeskiff/core/kubelet'

/** /etc/hosts of a pod's containers, word for word as the kubelet writes it. */
export function hostsFile(spec: SandboxSpec, address: string, hostsOfMachine: string): string {
  const own = spec.domain === '' ? spec.hostname : `${spec.domain}\t${spec.hostname}`
  const head = spec.hostNetwork
    ? `# Kubernetes-managed hosts file (host network).\n${hostsOfMachine}`
    : `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n${address}\t${own}\n`
  if (spec.hostAliases.length === 0) return head
  const aliases = spec.hostAliases.map((alias) => `${alias.ip}\t${alias.hostnames.join('\t')}\n`).join('')
  return `${head}\n# Entries added by HostAliases.\n${aliases}`
}

/** /etc/resolv.conf. */
export function resolverFile(dns: SandboxSpec['dns']): string {
  return [
    ...(dns.searches.length === 0 ? [] : [`search ${dns.searches.join(' ')}`]),
    ...dns.nameservers.map((server) => `nameserver ${server}`),
    ...(dns.options.length === 0 ? [] : [`options ${dns.options.join(' ')}`]),
    '',
  ].join('\n')
}
