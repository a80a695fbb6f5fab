// The ways between machines as WireGuard's: who is behind the device is told by keys, and nobody on the wire reads or changes what goes by.
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { delimiter, join } from 'node:path'
import { existsSync } from 'node:fs'
import { readIfThere, writePrivately } from '../files/index.ts'
import { SystemCallError } from '../linux/libc.ts'
import { addLink, moveLink, openLink, removeLink } from '../linux/links.ts'
import { closeNetlink, linkNumber, type NetlinkSocket, openNetlinkHere } from '../linux/netlink.ts'

/** The port that WireGuard's own tools take. */
const port = 51_820
const commandMs = 10_000
/** How often a machine is heard of that has nothing to say. It begins at once: else one whose device was made anew would not be understood for the 15 seconds that others hold on to what they agreed on with it before. */
const keepAliveSeconds = 25
const unknownKind = 95
/** Two clusters may ask at once. */
const probed = `skiff-p${process.pid}`

export interface WireguardPeer { readonly key: string; readonly remote: string; readonly networks: readonly string[] }

/** A machine's key pair, in WireGuard's writing; the private half is in `file` and goes nowhere else. */
export function wireguardKey(file: string): { readonly private: string; readonly public: string } {
  const kept = readIfThere(file)
  if (kept !== undefined) return JSON.parse(kept) as ReturnType<typeof wireguardKey> // written below
  const { x = '', d = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  const pair = { private: Buffer.from(d, 'base64url').toString('base64'), public: Buffer.from(x, 'base64url').toString('base64') }
  writePrivately(file, JSON.stringify(pair))
  return pair
}
/** Whether a text is a key, of 32 bytes. */
export const isWireguardKey = (text: string): boolean => /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text)

/** Why this machine has no WireGuard, and what to do; undefined when it has. */
export function whyNoWireguard(): string | undefined {
  if (!isInstalled('wg')) return '--overlay wireguard needs the command wg: install the package wireguard-tools'
  return kernelHasIt() || isInstalled('wireguard-go') ? undefined : "--overlay wireguard needs WireGuard in the kernel, and this one's has none: use another kernel, or install the package wireguard-go, which is slower"
}
const isInstalled = (program: string): boolean => (process.env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)))

/** Asked by making a device: that loads the module where it is one. */
function kernelHasIt(): boolean {
  const here = openNetlinkHere()
  try {
    addLink(here, { kind: 'wireguard', name: probed })
    removeLink(here, linkNumber(here, probed) ?? 0)
    return true
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === unknownKind) return false
    throw error
  } finally { closeNetlink(here) }
}

/** Makes the device in the hub's namespace; its packets leave from the machine's, where `here` is. */
export function addWireguard(here: NetlinkSocket, inside: NetlinkSocket, { name, namespace, mtu }: { readonly name: string; readonly namespace: string; readonly mtu: number }): void {
  // Of an agent that was killed before it had moved it.
  const left = linkNumber(here, name)
  if (left !== undefined) removeLink(here, left)
  if (kernelHasIt()) addLink(here, { kind: 'wireguard', name })
  else {
    // It goes on by itself, whatever is typed in the terminal that skiff runs in, and ends when its device is taken away.
    must('setsid', ['wireguard-go', name])
    // It answers once it has begun: then its device may go to another namespace.
    must('wg', ['show', name, 'listen-port'])
  }
  moveLink(here, linkNumber(here, name) ?? 0, namespace)
  openLink(inside, linkNumber(inside, name) ?? 0, mtu)
}

/** Says who is behind the device, in place of whom it knew, by a file that is left at `file`. Connections that are there stay. */
export function setWireguardPeers({ namespace, name, file, key }: { readonly namespace: string; readonly name: string; readonly file: string; readonly key: string }, peers: readonly WireguardPeer[]): void {
  writePrivately(file, [`[Interface]\nPrivateKey = ${key}\nListenPort = ${port}\n`, ...peers.map((peer) => `[Peer]\nPublicKey = ${peer.key}\nEndpoint = ${peer.remote.includes(':') ? `[${peer.remote}]` : peer.remote}:${port}\nAllowedIPs = ${peer.networks.join(', ')}\nPersistentKeepalive = ${keepAliveSeconds}\n`)].join('\n'))
  must('nsenter', [`--net=${namespace}`, '--', 'wg', 'syncconf', name, file])
}

function must(program: string, words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8', timeout: commandMs })
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${error?.message ?? stderr.trim()}`)
}
