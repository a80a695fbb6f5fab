// Network devices by rtnetlink, as of linux/if_link.h: those that need nothing said, and what is done with any.
import { closeSync, openSync } from 'node:fs'
import { ask, attribute, linkHeader, type NetlinkSocket, number, text } from './netlink.ts'

const newLink = 16
const goneLink = 17
const [create, exclusive] = [0x400, 0x200]

/** Makes a device of a kind that needs nothing said. */
export function addLink(socket: NetlinkSocket, { kind, name }: { readonly kind: string; readonly name: string }): void {
  ask(socket, newLink, create | exclusive, Buffer.concat([linkHeader(0), attribute(3, text(name)), attribute(18, attribute(1, text(kind)))]), `device ${name}`)
}

/** Moves a device into the namespace at `namespace`, down. */
export function moveLink(socket: NetlinkSocket, index: number, namespace: string): void {
  const descriptor = openSync(namespace, 'r')
  try { ask(socket, newLink, 0, Buffer.concat([linkHeader(index), attribute(28, number(descriptor))]), `device ${index}`) } finally { closeSync(descriptor) }
}

/** Has a device take packets, of so many bytes at most. */
export function openLink(socket: NetlinkSocket, index: number, mtu: number): void {
  ask(socket, newLink, 0, Buffer.concat([linkHeader(index, true), attribute(4, number(mtu))]), `device ${index}`)
}

/** Takes a device away. */
export function removeLink(socket: NetlinkSocket, index: number): void {
  ask(socket, goneLink, 0, linkHeader(index), `device ${index}`)
}
