// Which kernel settings a pod may have: those of its own namespaces that cannot harm its neighbours, as upstream's kubelet allows.
import type { Pod } from '../api/resources.ts'

const safe: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_local_reserved_ports', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_syncookies', 'net.ipv4.tcp_wmem',
])

/** Why a pod's kernel settings are not for it to make where a node allows no others than these, in upstream's words; undefined when they are. */
export function forbiddenSysctl({ spec }: Pod, allowed: readonly string[] = []): string | undefined {
  for (const { name } of spec.securityContext?.sysctls ?? []) {
    // Both ways of writing are the same setting: net/ipv4/tcp_rmem.
    const dotted = name.replaceAll('/', '.')
    if (!safe.has(dotted) && !allowed.some((pattern) => covers(pattern.replaceAll('/', '.'), dotted))) return `forbidden sysctl: ${JSON.stringify(name)} not allowlisted`
    if (spec.hostNetwork === true && dotted.startsWith('net.')) return `forbidden sysctl: ${JSON.stringify(name)} not allowed with host net enabled`
    if (spec.hostIPC === true && !dotted.startsWith('net.')) return `forbidden sysctl: ${JSON.stringify(name)} not allowed with host ipc enabled`
  }
  return undefined
}

/** An asterisk at the end stands for anything. */
const covers = (pattern: string, name: string): boolean => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern)
