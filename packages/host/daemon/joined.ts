// A machine that plays nodes of a cluster whose control plane is elsewhere.
import { randomUUID, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { connect, isIPv6 } from 'node:net'
import { join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import type { Node } from '@kubeskiff/core/api'
import { nodeAddresses, type NodeShape, nodeLabels } from '@kubeskiff/core/kubelet'
import { placeIn } from '@kubeskiff/core/rules'
import type { AgentConfiguration, AgentNode } from '../agent/configuration.ts'
import { machineMark } from '../agent/machine-marks.ts'
import { NodeCredentials, requestCertificate } from '../agent/rotation.ts'
import { type Connection, openConnection, requestObject } from '../client/index.ts'
import { Certificates, type KeyPair } from '../credentials/index.ts'
import { readIfThere, writePrivately } from '../files/index.ts'
import { ownDirectory } from '../journal/index.ts'
import { nthAddress } from '../network/addresses.ts'
import { whyNoWireguard } from '../network/wireguard.ts'
import { type AgentProcess, startAgent } from './agent-process.ts'
import { addressesOfSix, agentPath, type ClusterInfo, infoPath, leavePath, machineAddresses, reachedAt, readJoiningInfo, urlOf } from './cluster-info.ts'
import type { DataDirectory } from './directory.ts'
import { discover, JoinProblem } from './discovery.ts'
import { type Joined, type JoinedNode, keepJoined } from './joined-file.ts'
import { agentChoices, type AskedChoices, changedChoices, choicesPath, type MachineChoices, whyNotFollowed } from './machine-choices.ts'
import { familiesOf, firstRealOffset, joinedNodeNetwork, newRealNodes, shapesOf } from './nodes.ts'

export interface Wish {
  readonly url: string
  readonly token: string
  readonly caHash: string
  readonly names: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** One, or one a family. Absent: that from which the control plane is reached. */
  readonly addresses?: readonly string[]
  readonly own: AskedChoices
}

const signedWithinMs = 20_000
const givenWithinMs = 20_000
const pollMs = 100
const connectWithinMs = 10_000
/** How often a machine looks whether it still has its address. */
const addressLookMs = 5_000

class NameTaken extends JoinProblem {
  constructor(node: string) { super(`node ${JSON.stringify(node)} is in the cluster already, of another machine: join under another name, or delete that node first`) }
}

/** Gets each node its credentials, and writes down what was joined. Throws a JoinProblem when it can't be; then nothing has been written. */
export async function joinCluster(directory: DataDirectory, wish: Wish): Promise<Joined> {
  const { url, names } = wish
  const { authority, info } = await discover(url, wish.caHash)
  const families = familiesOf(info.network)
  if (families.includes('IPv6') && !existsSync(addressesOfSix)) throw new JoinProblem('nodes of this cluster have IPv6 addresses, and the kernel of this machine has IPv6 turned off (ipv6.disable=1?)')
  const said = wish.addresses?.toSorted((one, other) => Number(fits(other, info)) - Number(fits(one, info))) ?? [await foundAddress(url, info)]
  if (!fits(said[0], info)) throw new JoinProblem(ofWrongFamily(info))
  const reached = reachedAt(said, families)
  const connection = openConnection({ url, authority, token: wish.token })
  const pairs = new Map<string, KeyPair>()
  try {
    for (const name of names) pairs.set(name, await requestCertificate({ connection, node: name, now: Date.now, pollMs, withinMs: signedWithinMs }))
  } catch (error) {
    const why = wordsOf(error)
    throw new JoinProblem(why === 'Unauthorized' ? "the cluster does not know the token, or it has expired: make another with 'skiff token create' on the control plane's machine" : why)
  } finally { connection.close() }
  mkdirSync(directory.credentials, { recursive: true, mode: 0o700 })
  for (const [name, pair] of pairs) writePrivately(credentialsFile(directory, name), JSON.stringify(pair))
  const nodes = names.flatMap((name, index) => newRealNodes([], { name: 'node', count: 1, labels: wish.labels }).map((node): JoinedNode => ({ ...node, name, index, podCidrs: [] })))
  return keepJoined(directory, { version: 1, machine: randomUUID(), url, authority, info, ...reached, ...(wish.addresses === undefined && { isAddressFound: true }), nodes, nodeNetworks: [], own: changedChoices({}, wish.own), cluster: {} })
}

/** What was joined, with what is said of this machine now. */
export function changed(joined: Joined, { own, addresses }: Pick<Wish, 'own' | 'addresses'>): Joined {
  const { address, second, isAddressFound, ...rest } = joined
  const reached = addresses === undefined ? { address, ...(second !== undefined && { second }), ...(isAddressFound !== undefined && { isAddressFound }) } : reachedAt(addresses, familiesOf(joined.info.network))
  return { ...rest, ...reached, own: changedChoices(joined.own, own) }
}

/** The same cluster, whose control plane is found elsewhere now. Throws a JoinProblem when another answers there, or nobody. */
export async function movedTo(url: string, joined: Joined): Promise<Joined> {
  const connection = openConnection({ url, authority: joined.authority })
  try {
    await connection.request('GET', infoPath, { timeoutMs: connectWithinMs })
    return { ...joined, url }
  } catch (error) {
    throw new JoinProblem(`the cluster that this machine has joined does not answer at ${url} (${wordsOf(error)}): it was at ${joined.url}; 'skiff down --purge' leaves it for good`)
  } finally { connection.close() }
}
const credentialsFile = (directory: DataDirectory, name: string): string => join(directory.credentials, `joined-${name}.json`)

export interface JoinedMachine {
  readonly joined: Joined
  /** Whether all its nodes are Ready, by the control plane's word. */
  ready(): Promise<boolean>
  stop(): Promise<void>
}

/** Plays the nodes of what was joined: new ones register, and those of an earlier run are taken over with what runs on them. */
export async function startJoined(directory: DataDirectory, before: Joined, say: (line: string) => void): Promise<JoinedMachine> {
  const ownership = await ownDirectory(directory.root)
  if (ownership.is === 'taken') throw new JoinProblem(ownership.message)
  let connections: readonly { readonly name: string; readonly connection: Connection }[] = []
  try {
    const credentials = before.nodes.map(({ name }) => credentialsOf(directory, before, name))
    for (const own of credentials) {
      if (new X509Certificate(own.certificate).validToDate.getTime() <= Date.now()) throw new JoinProblem(`the certificate of node ${own.node} has ended: delete the node ('kubectl delete node ${own.node}'), and join again with a new token`)
    }
    connections = credentials.map((own) => ({ name: own.node, connection: openConnection({ url: before.url, authority: before.authority, certificate: own.certificate, key: own.key }) }))
    const joined = keepJoined(directory, await whereReached(await registered(before, new Map(connections.map(({ name, connection }) => [name, connection])), say), say))
    const unsealed = joined.info.overlay === 'wireguard' ? whyNoWireguard() : undefined
    if (unsealed !== undefined) throw new JoinProblem(unsealed.replace('--overlay wireguard needs', 'packets between the machines of this cluster are sealed (--overlay wireguard), which needs'))
    const unfollowed = whyNotFollowed({ ...joined.cluster, ...joined.own }.kubelet ?? {})
    if (unfollowed !== undefined) throw new JoinProblem(`this machine cannot play its nodes as the cluster says (${unfollowed}): say how it shall ('skiff join --kubelet-config FILE')`)
    let current = joined
    /** None while one could not be started at another address: that is tried at the next look. */
    let agent: AgentProcess | undefined = await startAgent(directory.agent, await configurationOf(directory, joined, credentials), say)
    let following: Promise<void> = Promise.resolve()
    /** Where an address was found and is another now, the others are told, by an agent that begins anew. */
    const follow = async (): Promise<void> => {
      if (agent !== undefined && (current.isAddressFound !== true || machineAddresses().includes(current.address))) return
      const next = await whereReached(current, say)
      if (agent !== undefined && next.address === current.address) return
      current = keepJoined(directory, next)
      const ended = agent
      agent = undefined
      await ended?.stop()
      agent = await startAgent(directory.agent, await configurationOf(directory, current, credentials), say)
    }
    const looking = setInterval(() => { following = following.then(follow).catch((error: unknown) => { say(wordsOf(error)) }) }, addressLookMs)
    return {
      joined,
      ready: async () => {
        const found = await Promise.all(connections.map(async ({ name, connection }) => requestObject(connection, 'GET', nodePath(name)) as Promise<Node>))
        return found.every(({ status }) => status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true)
      },
      stop: async () => {
        clearInterval(looking)
        await following
        for (const { connection } of connections) connection.close()
        await agent?.stop()
        ownership.release()
      },
    }
  } catch (error) {
    if (error instanceof NameTaken && before.nodeNetworks.length === 0) rmSync(directory.joined)
    for (const { connection } of connections) connection.close()
    ownership.release()
    throw error
  }
}

/** Takes the nodes out of the cluster; their pods are stopped by then. Answers what could not be done. */
export async function leave(directory: DataDirectory, joined: Joined): Promise<readonly string[]> {
  const said: string[] = []
  for (const { name } of joined.nodes) {
    const { certificate, key } = credentialsOf(directory, joined, name)
    const connection = openConnection({ url: joined.url, authority: joined.authority, certificate, key })
    try {
      const found = await connection.request('GET', nodePath(name), { timeoutMs: connectWithinMs })
      const other = found.status === 200 ? (JSON.parse(found.body) as Node).metadata.annotations?.[machineMark] : undefined
      // It was taken out meanwhile, and its name is another's now.
      if (other !== undefined && other !== joined.machine) continue
      const { status, body } = await connection.request('POST', leavePath, { timeoutMs: connectWithinMs })
      if (status !== 200) said.push(`node ${name} stays in the cluster: ${body.trim()}`)
    } catch (error) {
      said.push(`node ${name} stays in the cluster, which does not answer (${wordsOf(error)}): 'kubectl delete node ${name}' takes it out`)
    } finally { connection.close() }
  }
  return said
}

function credentialsOf(directory: DataDirectory, { authority }: Joined, node: string): NodeCredentials {
  const given = readIfThere(credentialsFile(directory, node))
  if (given === undefined) throw new JoinProblem(`${credentialsFile(directory, node)} is gone: join again with a token`)
  mkdirSync(directory.agent, { recursive: true, mode: 0o700 })
  return new NodeCredentials({ node, given: JSON.parse(given) as KeyPair, authority, directory: join(directory.agent, 'pki') })
}

const nodePath = (name: string): string => `/api/v1/nodes/${name}`

/** The nodes with the networks of their pods, as the control plane has given them. When it can't be reached, what is known goes on. */
async function registered(joined: Joined, connections: ReadonlyMap<string, Connection>, say: (line: string) => void): Promise<Joined> {
  try {
    const nodes: JoinedNode[] = []
    for (const node of joined.nodes) {
      const connection = connections.get(node.name)
      nodes.push(connection === undefined ? node : { ...node, podCidrs: await givenTo(node, connection, joined) })
    }
    const first = nodes[0]
    const connection = connections.get(first?.name ?? '')
    const [info, cluster] = [await newestInfo(connection, joined.info), await newestChoices(connection, joined.cluster)]
    // The network goes with the machine as long as anything may run in it.
    const isNew = joined.nodeNetworks.length === 0 || first?.podCidrs.join() !== joined.nodes[0]?.podCidrs.join()
    return { ...joined, info, cluster, nodes, nodeNetworks: isNew ? first?.podCidrs.map(joinedNodeNetwork) ?? [] : joined.nodeNetworks }
  } catch (error) {
    if (error instanceof JoinProblem || joined.nodes.some(({ podCidrs }) => podCidrs.length === 0)) throw error
    say(`the control plane at ${joined.url} cannot be reached (${wordsOf(error)}): what runs goes on`)
    return joined
  }
}

/** What the cluster tells machines now: it may have been started otherwise since this one joined. */
async function newestInfo(connection: Connection | undefined, known: ClusterInfo): Promise<ClusterInfo> {
  const { status, body } = await connection?.request('GET', infoPath) ?? { status: 0, body: '' }
  return (status === 200 ? readJoiningInfo(body).info : undefined) ?? known
}

/** What is said there of nodes, for machines that say nothing else. */
async function newestChoices(connection: Connection | undefined, known: MachineChoices): Promise<MachineChoices> {
  const { status, body } = await connection?.request('GET', choicesPath) ?? { status: 0, body: '' }
  return status === 200 ? JSON.parse(body) as MachineChoices : known
}

/** The pods' networks of a node, one a family. The node is made when it is not there. */
async function givenTo(node: JoinedNode, connection: Connection, { machine, info }: Joined): Promise<readonly string[]> {
  const families = familiesOf(info.network).length
  const until = Date.now() + givenWithinMs
  while (Date.now() < until) {
    const { status, body } = await connection.request('GET', nodePath(node.name))
    if (status === 401) throw new JoinProblem(`the cluster does not know node ${node.name} any more: join again with a new token`)
    const found = status === 200 ? JSON.parse(body) as Node : undefined
    const other = found?.metadata.annotations?.[machineMark]
    // Two that asked at once were both given certificates.
    if (machine !== undefined && other !== undefined && other !== machine) throw new NameTaken(node.name)
    const given = found?.spec.podCIDRs ?? []
    if (given.length >= families) return given.slice(0, families)
    if (status === 404) {
      await requestObject(connection, 'POST', '/api/v1/nodes', {
        apiVersion: 'v1', kind: 'Node', metadata: { name: node.name, labels: nodeLabels(placed(node)), ...(machine !== undefined && { annotations: { [machineMark]: machine } }) }, ...(node.taints.length > 0 && { spec: { taints: node.taints } }),
      })
    }
    await new Promise((resolve) => { setTimeout(resolve, pollMs) })
  }
  throw new JoinProblem(`node ${node.name} was given no network for its pods: a cluster has ${joinedNodesMax} for nodes of other machines`)
}
const joinedNodesMax = 64
const placed = (node: JoinedNode): NodeShape => ({ name: node.name, simulated: false, address: '', podCidr: '', capacity: {}, labels: node.labels })

async function configurationOf(directory: DataDirectory, joined: Joined, credentials: readonly NodeCredentials[]): Promise<AgentConfiguration> {
  const { info, nodeNetworks } = joined
  const [nodeNetwork = '', secondNetwork = ''] = nodeNetworks
  const shares = new Map(joined.nodes.map(({ name, podCidrs }) => [name, podCidrs]))
  const families = familiesOf(info.network)
  const choices = { ...joined.cluster, ...joined.own }
  const shapes = shapesOf(joined.nodes, directory.agent, families, {
    kubelet: choices.kubelet, placeOf: ({ name, index }) => placeIn(families, (family) => { const at = families.indexOf(family); return { address: nthAddress(nodeNetworks[at] ?? '', firstRealOffset + index), podCidr: shares.get(name)?.[at] ?? '' } }),
  })
  // Whoever asks these kubelets at their address meets an authority of this machine's own, as upstream's without signed serving certificates.
  const own = new Certificates(directory.credentials, Date.now)
  const nodes = await Promise.all(shapes.map(async (shape): Promise<AgentNode[]> => {
    const client = credentials.find(({ node }) => node === shape.name)
    return client === undefined ? [] : [{ shape, certificate: client.certificate, key: client.key, serving: await own.nodeServer(shape.name, nodeAddresses(shape)) }]
  }))
  return {
    url: joined.url, agentPath, authority: joined.authority, nodes: nodes.flat(), stateDirectory: directory.agent, clusterDns: info.network.dnsAddress, clusterDomain: info.clusterDomain,
    network: { ...info.network, nodeNetwork, ...(info.network.second !== undefined && { second: { ...info.network.second, nodeNetwork: secondNetwork } }) }, machine: { address: joined.address, ...(joined.second !== undefined && { second: joined.second }), overlay: info.overlay }, volumesBelow: info.volumesBelow, ...agentChoices(choices),
  }
}

/** Where others reach this machine now: its address may have changed since. One that was said stays, or packets would take another way than they shall. */
async function whereReached(joined: Joined, say: (line: string) => void): Promise<Joined> {
  const { address, second, isAddressFound, ...rest } = joined
  const there = machineAddresses()
  const families = familiesOf(joined.info.network)
  const [fit, other] = [address, second].filter((one) => one !== undefined && there.includes(one)).toSorted((one, two) => Number(fits(two, joined.info)) - Number(fits(one, joined.info)))
  if (fits(fit, joined.info)) return { ...rest, ...(isAddressFound !== undefined && { isAddressFound }), ...reachedAt([fit ?? '', ...(other === undefined ? [] : [other])], families) }
  if (isAddressFound !== true) throw new JoinProblem(fit === undefined ? `this machine has no address ${address} now, at which other machines were to reach it: bring it up, or say another ('skiff join --address ADDRESS')` : ofWrongFamily(joined.info))
  const found = await foundAddress(joined.url, joined.info).catch((error: unknown) => { say(wordsOf(error)); return address })
  if (found !== address) say(`other machines reach this one at ${found} now, not at ${address}`)
  return { ...rest, isAddressFound, ...reachedAt([found], families) }
}
const fits = (address: string | undefined, { address: control }: ClusterInfo): boolean => address !== undefined && isIPv6(address) === isIPv6(control ?? '')
const ofWrongFamily = ({ address = '' }: ClusterInfo): string => `machines of this cluster reach each other by ${isIPv6(address) ? 'IPv6' : 'IPv4'}, as the control plane's at ${address}: say such an address of this one ('skiff join --address ADDRESS')`

/** The address of this machine from which it reaches the control plane, of the family by which machines reach each other. */
async function foundAddress(url: string, info: ClusterInfo): Promise<string> {
  const near = await addressTowards(url)
  if (fits(near, info)) return near
  const found = await addressTowards(urlOf(info.address ?? '', Number(new URL(url).port || 443))).catch(() => undefined)
  if (found === undefined) throw new JoinProblem(ofWrongFamily(info))
  return found
}

/** The address of this machine from which it reaches a server. */
function addressTowards(url: string): Promise<string> {
  const { hostname: written, port } = new URL(url)
  const hostname = written.replace(/^\[(.*)\]$/, '$1')
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 443), timeout: connectWithinMs })
    socket.on('connect', () => { resolve(socket.localAddress ?? ''); socket.destroy() })
    socket.on('timeout', () => { socket.destroy(new Error('no answer in time')) })
    socket.on('error', (error) => { reject(new JoinProblem(`${url} cannot be reached: ${error.message}`)) })
  })
}
