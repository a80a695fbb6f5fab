import { addressAt, addressBlock } from '@kubeskiff/core/network'

/** The numbers of the address families, as of bits/socket.h. */
export const internet = 2
export const internetSix = 10
export const isSix = (address: string): boolean => address.includes(':')
export const socketFamily = (address: string): number => (isSix(address) ? internetSix : internet)

/** The bytes of an address of either family, as the kernel has them. Throws on what is none. */
export function addressBytes(address: string): Buffer {
  const block = addressBlock(`${address}/${isSix(address) ? 128 : 32}`)
  if (block === undefined) throw new Error(`${address} is no address`)
  return Buffer.from(block.first.toString(16).padStart(block.family === 'IPv6' ? 32 : 8, '0'), 'hex')
}

/** The address that four or sixteen bytes are. */
export function addressOfBytes(bytes: Buffer): string {
  return bytes.length === 4 ? bytes.join('.') : addressAt({ family: 'IPv6', first: BigInt(`0x${bytes.toString('hex')}`), prefix: 128, size: 1 }, 0)
}
