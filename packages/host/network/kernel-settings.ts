import { writeFileSync } from 'node:fs'
import { inUserNamespace, lastGroup } from '../linux/own-users.ts'
import { writeOwnSettings } from '../linux/sysctls.ts'
import type { Family } from './packet-table.ts'

/** Makes the namespace that this thread is in pass packets on, whatever way they came. */
export function prepareRouter(families: readonly Family[]): void {
  setting('net.ipv4.ip_forward', '1')
  for (const scope of ['all', 'default']) setting(`net.ipv4.conf.${scope}.rp_filter`, '0')
  // Ports that a pod has at its node's loopback; packets to it from elsewhere are dropped by the packet rules.
  setting('net.ipv4.conf.all.route_localnet', '1')
  prepareSix(families)
  if (families.includes('ip6')) setting('net.ipv6.conf.all.forwarding', '1')
}

/** As containerd: low ports and ping need no privilege inside a pod. */
export function preparePod(families: readonly Family[], sysctls: readonly { readonly name: string; readonly value: string }[]): void {
  prepareSix(families)
  setting('net.ipv4.ip_unprivileged_port_start', '0')
  setting('net.ipv4.ping_group_range', `0 ${inUserNamespace() ? lastGroup() : 2147483647}`)
  writeOwnSettings(sysctls)
}

/** What devices will be made with: no IPv6 at all, or addresses that are given and not asked around for. */
function prepareSix(families: readonly Family[]): void {
  if (!families.includes('ip6')) { setting('net.ipv6.conf.default.disable_ipv6', '1'); return }
  for (const [name, value] of [['disable_ipv6', '0'], ['accept_dad', '0'], ['dad_transmits', '0'], ['accept_ra', '0'], ['autoconf', '0']] as const) setting(`net.ipv6.conf.default.${name}`, value)
}

/** The machine's own end of a cable, whatever the machine does elsewhere. */
export function openSix(device: string): void {
  for (const [name, value] of [['disable_ipv6', '0'], ['accept_dad', '0'], ['accept_ra', '0']] as const) setting(`net.ipv6.conf.${device}.${name}`, value)
}

function setting(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, value)
  } catch (error) {
    // A kernel without IPv6 has no such file.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
