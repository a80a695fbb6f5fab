import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { run } from '../linux/processes.ts'
import type { Layout } from './layout.ts'

/** Lets pods reach the world beyond the machine: turns on its forwarding, and masks their addresses by its own. */
export function letOut(table: string, layouts: readonly Layout[], { six = false }: { /** Of IPv6, though no default route leads there. */ readonly six?: boolean } = {}): Promise<void> {
  const led = layouts.filter(({ family }) => family === 'ip' || six || leadsOutSix())
  for (const { family } of led) {
    if (family === 'ip') writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
    else forwardSix()
  }
  const script = led.map(({ family, nodeNetwork, clusterNetworks }) => `table ${family} ${table} {}\ndelete table ${family} ${table}\ntable ${family} ${table} {\n  chain leaving {\n    type nat hook postrouting priority srcnat; policy accept;\n    ${family} saddr ${nodeNetwork} ${family} daddr != { ${clusterNetworks.join(', ')} } masquerade\n  }\n}\n`).join('')
  return run('nft', ['-f', '-'], { input: script }).then((result) => {
    if (result.code !== 0) process.stderr.write(`pods cannot reach the outside: ${result.stderr.trim()}\n`)
  })
}

/** Takes what a cluster of this name has left on the machine. */
export function removeTable(table: string): void {
  // It is there only where something was made: a refusal says that there is none.
  for (const family of ['ip', 'ip6']) spawnSync('nft', ['delete', 'table', family, table], { stdio: 'ignore' })
}

/** Whether the machine itself has a way out by IPv6: a default route that is no refusal. */
function leadsOutSix(): boolean {
  try {
    return readFileSync('/proc/net/ipv6_route', 'utf8').split('\n').some((line) => line.startsWith(`${'0'.repeat(32)} 00 `) && !line.endsWith(' lo'))
  } catch {
    return false // a kernel without IPv6
  }
}

/** Has the machine pass packets of IPv6 on. One that does no longer hears where its router is, unless it is told to. */
export function forwardSix(): void {
  const devices = '/proc/sys/net/ipv6/conf'
  for (const device of readdirSync(devices)) {
    const heeds = `${devices}/${device}/accept_ra`
    try {
      if (readFileSync(heeds, 'utf8').trim() === '1') writeFileSync(heeds, '2')
    } catch (error) {
      // Devices of others come and go meanwhile.
      if (existsSync(heeds)) throw error
    }
  }
  writeFileSync(`${devices}/all/forwarding`, '1')
}
