// The addresses and node ports of Services. As upstream's allocators: what is asked for is taken when it is free, anything else
// comes at random from the upper part of the range first, so that the lower part stays free for those who ask.
import { servicesByClusterIP } from '../../../indexes.ts'
import type { Circumstances } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { ipAddresses, type Service, serviceCIDRs, services } from '../../../resources.ts'
import type { Index } from '../../../view.ts'
import { type Block, familyOf, formatAddress, formatBlock, parseAddress, parseBlock, sizeOf } from '../../addresses.ts'
import { isAllocated } from '../../networking/ipaddress/index.ts'
import { invalid } from '../../problems.ts'

/** Where ClusterIPs come from when nothing else is said. */
export const serviceRangesDefault: readonly string[] = ['10.96.0.0/16']
/** Where node ports come from, both ends included. */
export const nodePortRange = { first: 30000, last: 32767 } as const
/** Below this offset no port is given to those who did not ask for it. */
const staticPorts = 86
const tries = 64

/** Services by each address that a balancer has given them. */
export const servicesByBalancedIP: Index<Service> = { name: 'services by balanced ip', type: services, values: ({ status }) => (status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : [])) }
/** Services by each of their node ports: '30080/TCP'. */
export const servicesByNodePort: Index<Service> = {
  name: 'services by node port', type: services,
  values: ({ spec }) => [...(spec.ports ?? []).filter(({ nodePort }) => nodePort).map(({ nodePort, protocol }) => `${nodePort}/${protocol ?? 'TCP'}`), ...(spec.healthCheckNodePort ? [`${spec.healthCheckNodePort}/TCP`] : [])],
}

/** Which addresses of the cluster's own range upstream's clusters give to these two. */
const known: ReadonlyMap<string, bigint> = new Map([['default/kubernetes', 1n], ['kube-system/kube-dns', 10n]])

export type Allocated = { readonly service: Service } | { readonly problem: Problem }

/** The service with a ClusterIP of each of its families, those it asks for or others; what it had before it keeps unasked. */
export function withAddresses(service: Service, before: Service | undefined, circumstances: Circumstances): Allocated {
  const { clusterIPs = [], ipFamilies = [] } = service.spec
  // Only a missing second address comes later; headless ones stay so, and what is no address at all is refused by the check.
  if (clusterIPs[0] === 'None' || before?.spec.clusterIP === 'None' || clusterIPs.some((address) => familyOf(address) === undefined)) return { service }
  const given: string[] = []
  for (const [index, family] of ipFamilies.entries()) {
    const asked = clusterIPs[index]
    if (asked !== undefined) {
      const problem = before?.spec.clusterIPs?.includes(asked) === true ? undefined : addressProblem(asked, service, circumstances)
      if (problem !== undefined) return { problem: invalid('spec.clusterIPs', clusterIPs, `failed to allocate IP ${asked}: ${problem}`) }
      given.push(asked)
      continue
    }
    const address = freeAddress(service, family, circumstances)
    if (address === undefined) return { problem: invalid('spec.clusterIPs', clusterIPs, 'failed to allocate a serviceIP: range is full') }
    given.push(address)
  }
  const [clusterIP] = given
  return given.length <= clusterIPs.length || clusterIP === undefined ? { service } : { service: { ...service, spec: { ...service.spec, clusterIP, clusterIPs: given } } }
}

/** The families that the cluster has ClusterIPs of, the first one first. */
export const clusterFamilies = ({ serviceRanges = serviceRangesDefault }: Circumstances): readonly string[] => serviceRanges.flatMap((range) => parseBlock(range)?.family ?? [])

/** The cluster's own range of a family, and those that ServiceCIDRs add once they are ready. There are few. */
function rangesOf(family: string, { view, serviceRanges = serviceRangesDefault }: Circumstances): readonly Block[] {
  const more = [...view.list(serviceCIDRs)].filter(({ metadata, status }) =>
    metadata.deletionTimestamp === undefined && status.conditions?.some(({ type, status: said }) => type === 'Ready' && said === 'True') === true).flatMap(({ spec }) => spec.cidrs ?? [])
  return [...new Set([...serviceRanges, ...more])].flatMap((cidr) => parseBlock(cidr) ?? []).filter((block) => block.family === family)
}

function addressProblem(address: string, service: Service, circumstances: Circumstances): string | undefined {
  const { view } = circumstances
  const parsed = parseAddress(address)
  const ranges = rangesOf(parsed?.family ?? '', circumstances)
  // Neither the first nor, in IPv4, the last of a range is given.
  const holds = (block: Block): boolean => parsed !== undefined && parsed.number > block.first && parsed.number < block.first + sizeOf(block) - lastOnes(block)
  if (!ranges.some(holds)) return `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${ranges.map(formatBlock).join(', ')}`
  for (const other of view.by(servicesByClusterIP, address)) if (!isSame(other, service)) return 'provided IP is already allocated'
  return isHeldByOthers(address, circumstances) ? 'provided IP is already allocated' : undefined
}

/** An IPAddress that is no Service's keeps its address from all of them. */
function isHeldByOthers(address: string, { view }: Circumstances): boolean {
  const found = view.get(ipAddresses, '', address)
  return found !== undefined && !isAllocated(found)
}

function freeAddress(service: Service, family: string, circumstances: Circumstances): string | undefined {
  const { view, random } = circumstances
  const isFree = (address: string): boolean => view.by(servicesByClusterIP, address)[Symbol.iterator]().next().done === true && !isHeldByOthers(address, circumstances)
  const [own, ...more] = rangesOf(family, circumstances)
  if (own === undefined) return undefined
  const place = known.get(`${service.metadata.namespace}/${service.metadata.name}`)
  const reserved = place === undefined ? undefined : formatAddress(own.family, own.first + place)
  if (reserved !== undefined && isFree(reserved)) return reserved
  for (const range of [own, ...more]) {
    const found = freeIn(range, isFree, random)
    if (found !== undefined) return found
  }
  return undefined
}

function freeIn(block: Block, isFree: (address: string) => boolean, random: Circumstances['random']): string | undefined {
  const size = Number(sizeOf(block) < sizeMost ? sizeOf(block) : sizeMost)
  const usable = size - 1 - Number(lastOnes(block))
  const lower = lowerPartOf(size)
  const upper = usable + 1 - lower
  if (upper <= 0) return undefined
  const start = random.below(upper)
  // A few draws, then a walk: the walk ends even when the range is nearly full.
  for (let step = 0; step < tries + usable; step++) {
    const offset = step === 0 ? lower + start : step < tries ? lower + random.below(upper) : 1 + ((lower - 1 + start + step - tries) % usable)
    const address = formatAddress(block.family, block.first + BigInt(offset))
    if (isFree(address)) return address
  }
  return undefined
}
/** The broadcast address is IPv4's only. */
const lastOnes = ({ family }: Block): bigint => (family === 'IPv4' ? 1n : 0n)
/** Of a larger range only so many are given. */
const sizeMost = 1n << 32n
/** As upstream: below this offset of a range no address is given to those who did not ask for it, while there are others. */
const lowerPartOf = (size: number): number => (size <= 16 ? 1 : Math.min(Math.max(16, Math.floor(size / 16)), 256))

/** The service with a node port for each of its ports that lacks one, and the asked ones checked. */
export function withNodePorts(service: Service, circumstances: Circumstances): Allocated {
  const { view, random } = circumstances
  const ports = service.spec.ports ?? []
  const taken = new Set<number>(ports.flatMap(({ nodePort }) => (nodePort ? [nodePort] : [])))
  const isFree = (port: number, protocol: string): boolean => {
    for (const other of view.by(servicesByNodePort, `${port}/${protocol}`)) if (!isSame(other, service)) return false
    return true
  }
  const given = [...ports]
  for (const [index, port] of ports.entries()) {
    const protocol = port.protocol ?? 'TCP'
    const path = `spec.ports[${index}].nodePort`
    if (port.nodePort) {
      if (port.nodePort < nodePortRange.first || port.nodePort > nodePortRange.last) {
        return { problem: invalid(path, port.nodePort, `provided port is not in the valid range. The range of valid ports is ${nodePortRange.first}-${nodePortRange.last}`) }
      }
      if (!isFree(port.nodePort, protocol)) return { problem: invalid(path, port.nodePort, 'provided port is already allocated') }
      continue
    }
    // One number serves the same port of two protocols.
    const twin = given.slice(0, index).find((other) => other.port === port.port && other.protocol !== port.protocol && other.nodePort)
    const number = twin?.nodePort !== undefined && isFree(twin.nodePort, protocol) ? twin.nodePort : freePort((candidate) => !taken.has(candidate) && isFree(candidate, protocol), random)
    if (number === undefined) return { problem: invalid(path, 0, 'failed to allocate a nodePort: range is full') }
    taken.add(number)
    given[index] = { ...port, nodePort: number }
  }
  return { service: { ...service, spec: { ...service.spec, ports: given } } }
}

/** The service with the port where nodes tell a balancer whether they have pods. */
export function withHealthCheckPort(service: Service, { view, random }: Circumstances): Allocated {
  const asked = service.spec.healthCheckNodePort
  const own = new Set((service.spec.ports ?? []).map(({ nodePort }) => nodePort))
  const isFree = (port: number): boolean => !own.has(port) && [...view.by(servicesByNodePort, `${port}/TCP`)].every((other) => isSame(other, service))
  const path = 'spec.healthCheckNodePort'
  if (!asked) {
    const port = freePort(isFree, random)
    return port === undefined ? { problem: invalid(path, 0, 'failed to allocate a nodePort: range is full') } : { service: { ...service, spec: { ...service.spec, healthCheckNodePort: port } } }
  }
  return isFree(asked) ? { service } : { problem: invalid(path, asked, `failed to allocate requested HealthCheck NodePort ${asked}: provided port is already allocated`) }
}

function freePort(isFree: (port: number) => boolean, random: Circumstances['random']): number | undefined {
  const size = nodePortRange.last - nodePortRange.first + 1
  const start = random.below(size - staticPorts)
  for (let step = 0; step < size; step++) {
    const port = nodePortRange.first + ((staticPorts + start + step) % size)
    if (isFree(port)) return port
  }
  return undefined
}

const isSame = (left: Service, right: Service): boolean => left.metadata.namespace === right.metadata.namespace && left.metadata.name === right.metadata.name
