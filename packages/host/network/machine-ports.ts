import { existsSync, writeFileSync } from 'node:fs'
import type { ServiceRoute } from '@kubeskiff/core/network'
import { routeFamily } from './rules.ts'
import { PacketTable } from './packet-table.ts'
import { createProgrammer } from './programmer.ts'

/** Node ports at the machine's own IPv4 addresses, loopback among them, for programs on the machine itself. */
export interface MachinePorts {
  /** The ports of a Service, in place of those that it had. */
  put(service: string, routes: readonly ServiceRoute[]): void
  flush(): Promise<void>
}

/**
 * What the machine's programs send to a node port of theirs goes to the hub, which knows where it leads. Only the output
 * hook: other machines reach nothing by it. Where a program of the machine listens on such a port, the Service has it.
 */
export function createMachinePorts({ table: name, cable, machineAddress, hubAddress }: { readonly table: string; readonly cable: string; readonly machineAddress: string; readonly hubAddress: string }): MachinePorts {
  const frame = `table ip ${name} {
  set node-ports { type inet_proto . inet_service; }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname "${cable}" ip daddr 127.0.0.0/8 drop
  }
  chain own {
    type nat hook output priority -100; policy accept;
    fib daddr type local meta l4proto . th dport @node-ports dnat to ${hubAddress}
  }
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${cable}" ct status dnat snat to ${machineAddress}
  }
}`
  const table = new PacketTable('ip', frame, name)
  const programmer = createProgrammer('/proc/thread-self/ns/net', () => [table])
  // Answers to what was sent from the loopback come back through the cable; the guard keeps everything else from it.
  const setting = `/proc/sys/net/ipv4/conf/${cable}/route_localnet`
  if (existsSync(setting)) writeFileSync(setting, '1')
  return {
    put(service, routes) {
      const ports = routes.flatMap((route) => { const { protocol, outside } = route; return (outside?.nodePort === undefined || protocol === 'SCTP' || routeFamily(route) !== 'ip' ? [] : [`${protocol.toLowerCase()} . ${outside.nodePort}`]) })
      table.put(service, ports.length === 0 ? undefined : { chains: new Map(), sets: new Map(), elements: new Map([['node-ports', new Map(ports.map((port) => [port, '']))]]) })
    },
    flush: () => programmer.flush(),
  }
}
