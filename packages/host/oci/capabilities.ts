/** Linux capabilities in the order of their numbers, as in linux/capability.h. */
const names = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE',
  'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN',
  'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE',
  'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE',
]

/** What a container has unless it says otherwise, as containerd gives. */
const usual: ReadonlySet<string> = new Set([
  'CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE',
])

/** The capabilities of a container's processes: never more than this machine lets anyone have, or nothing would start. */
export function capabilitiesOf(security: { readonly privileged: boolean; readonly capabilitiesAdded: readonly string[]; readonly capabilitiesDropped: readonly string[] }, bound: bigint): readonly string[] {
  const added = new Set(security.capabilitiesAdded.map(bare))
  const dropped = new Set(security.capabilitiesDropped.map(bare))
  return names.filter((name, number) => {
    if ((bound >> BigInt(number) & 1n) === 0n) return false
    if (security.privileged) return true
    // As upstream: what is added one by one stays, even when ALL is dropped.
    if (added.has(name)) return !dropped.has(name) || dropped.has('ALL')
    if (dropped.has(name) || dropped.has('ALL')) return false
    return added.has('ALL') || usual.has(name)
  }).map((name) => `CAP_${name}`)
}

const bare = (name: string): string => name.toUpperCase().replace(/^CAP_/, '')
