/** IPv4 networks and the addresses in them, as numbers and text. */

export function addressNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

export function addressText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

/** The first address of '10.244.1.0/24' and how many it holds. */
export function parseNetwork(network: string): { readonly first: number; readonly size: number } {
  const [address = '', prefix = '32'] = network.split('/')
  const size = 2 ** (32 - Number(prefix))
  return { first: Math.floor(addressNumber(address) / size) * size, size }
}

export function isInside(address: string, network: string): boolean {
  const { first, size } = parseNetwork(network)
  const value = addressNumber(address)
  return value >= first && value < first + size
}

/** The address `offset` places into a network. */
export function nthAddress(network: string, offset: number): string {
  return addressText(parseNetwork(network).first + offset)
}

/**
 * The next free address after `last`, going round, so that a pod's address is not given to another at once. The first two
 * (network, gateway) and the last (broadcast) are never given. Undefined when all are taken.
 */
export function nextAddress(network: string, last: string | undefined, taken: ReadonlySet<string>): string | undefined {
  const { first, size } = parseNetwork(network)
  const [low, count] = [first + 2, size - 3]
  const from = last === undefined || !isInside(last, network) ? 0 : addressNumber(last) - low + 1
  for (let step = 0; step < count; step += 1) {
    const candidate = addressText(low + ((from + step) % count))
    if (!taken.has(candidate)) return candidate
  }
  return undefined
}
