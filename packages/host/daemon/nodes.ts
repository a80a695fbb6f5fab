import { readFileSync } from 'node:fs'
import { arch, cpus, hostname, release, totalmem } from 'node:os'
import type { NodeShape } from '@kubeskiff/core/kubelet'
import type { NodeSettings } from './settings.ts'

export const networks = { nodeNetwork: '172.30.0.0/24', podNetwork: '10.244.0.0/16', serviceNetwork: '10.96.0.0/16' } as const
/** This machine's own address on the network of its nodes: where pods reach the API. */
export const machineAddress = '172.30.0.1'
/** Addresses of nodes that this machine plays start here, as its network gives them. */
const firstRealOffset = 11

export interface NewNodes {
  readonly simulated: boolean
  readonly prefix?: string
  readonly cpu?: string
  readonly memory?: string
  readonly pods?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: NodeSettings['taints']
}

/** Settings of `count` nodes with names that are not taken. Real ones have what the machine has. */
export function newNodes(taken: readonly NodeSettings[], count: number, how: NewNodes): readonly NodeSettings[] {
  const names = new Set(taken.map(({ name }) => name))
  const prefix = how.prefix ?? (how.simulated ? 'sim' : 'node')
  const made: NodeSettings[] = []
  const indexes = new Set(taken.filter(({ simulated }) => simulated === how.simulated).map(({ index }) => index))
  let index = 0
  for (let number = 1; made.length < count; number++) {
    const name = `${prefix}-${number}`
    if (names.has(name)) continue
    while (indexes.has(index)) index++
    made.push({
      name, simulated: how.simulated, index: index++, cpu: how.cpu ?? (how.simulated ? '8' : String(cpus().length)), memory: how.memory ?? (how.simulated ? '32Gi' : `${Math.floor(totalmem() / 1024)}Ki`),
      pods: how.pods ?? 110, labels: how.labels ?? {}, taints: how.taints ?? [],
    })
  }
  return made
}

/** The shapes that kubelets play. Real nodes share one /16 of pod addresses, simulated ones have their own. */
export function shapesOf(nodes: readonly NodeSettings[], stateDirectory: string): readonly NodeShape[] {
  return nodes.map((node) => {
    const { index } = node
    const capacity = { cpu: node.cpu, memory: node.memory, pods: String(node.pods), 'ephemeral-storage': '100Gi' }
    const common = { name: node.name, capacity, labels: node.labels, taints: node.taints }
    return node.simulated
      ? { ...common, simulated: true, address: `172.31.${index >> 8}.${index & 255}`, podCidr: `10.${128 + (index >> 8)}.${index & 255}.0/24` }
      : { ...common, simulated: false, address: `172.30.0.${firstRealOffset + index}`, podCidr: `10.244.${index}.0/24`, info: machineInfo(), stateDirectory }
  })
}

function machineInfo(): NonNullable<NodeShape['info']> {
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readOr('/etc/os-release'))?.[1] ?? hostname()
  return {
    architecture: arch() === 'x64' ? 'amd64' : arch(), operatingSystem: 'linux', osImage: system, kernelVersion: release(),
    machineID: readOr('/etc/machine-id').trim(), bootID: readOr('/proc/sys/kernel/random/boot_id').trim(),
  }
}
function readOr(path: string): string {
  try { return readFileSync(path, 'utf8') } catch {
    return '' // a machine without that file: the field stays empty
  }
}
