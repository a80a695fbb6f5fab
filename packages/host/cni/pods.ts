import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import type { SandboxSpec } from '@kubeskiff/core/kubelet'
import { run } from '../linux/processes.ts'
import { namesIfThere, readIfThere, writePrivately } from '../files/index.ts'
import { capabilitiesOf } from './capabilities.ts'
import { add, addressesIn, type Attachment, check, collect, type PluginPlace, remove, status, strangers } from './chain.ts'
import { type NetworkConfiguration, readNetwork } from './conf.ts'

/** Where configurations and plugins are looked for. */
export interface CniFolders { readonly configurations: string; readonly plugins: readonly string[] }
/** As kubelets and containerd have them; Debian's packages put plugins into /usr/lib/cni. */
export const cniFoldersDefault: CniFolders = { configurations: '/etc/cni/net.d', plugins: ['/opt/cni/bin', '/usr/lib/cni'] }

/** A pod whose namespaces stand, and that has no interface yet. */
export interface CniPod {
  readonly uid: string
  readonly spec: SandboxSpec
  /** Path of its network namespace. */
  readonly namespace: string
}

/** The networks of pods, made by CNI plugins. */
export interface CniNetworks {
  /** Has the chain make the pod's interface; answers its addresses. Rejects in the runtime's words, with nothing left behind that the plugins can undo. */
  attach(pod: CniPod): Promise<{ readonly addresses: readonly string[]; readonly opensHostPorts: boolean }>
  /** Has the chain undo it, with what it was called with; a pod that it does not know is none of its own. Rejects where a plugin fails: that is tried again now and then. */
  detach(uid: string, node: string): Promise<void>
  /** Whether the pod's ports on its node were opened by a plugin. */
  opensHostPorts(uid: string, node: string): boolean
  /** Why a node's pods get no network now, in the runtime's words; undefined when they do. */
  trouble(node: string): string | undefined
  /** Looks after what an earlier agent left: undoes what belongs to no pod, tells plugins who is there, has them look at those. */
  sweep(isHere: (uid: string) => boolean): Promise<void>
  close(): void
}

export interface CniOptions {
  readonly folders: CniFolders
  /** A folder a node is made in it. */
  readonly stateDirectory: string
  readonly nodes: readonly string[]
  /** A node's network namespace, and the addresses that are its pods'. */
  readonly node: (name: string) => { readonly namespace: string; readonly podNetworks: readonly string[] } | undefined
  /** A node's pods get a network now, or none any more. */
  readonly onChange: (node: string) => void
  readonly onTrouble: (message: string) => void
}

/** The only interface that is asked for. */
const interfaceName = 'eth0'
/** How often folders are looked at, and how often plugins that can tell are asked how they are. */
const lookMs = 2_000
const statusEvery = 5
const moduleTimeoutMs = 10_000
const bridgeRules = '/proc/sys/net/bridge/bridge-nf-call-iptables'
const notInitialized = 'cni plugin not initialized'

/** Begins to look at the folders. Needs root. */
export function openCni(options: CniOptions): CniNetworks {
  const { folders, stateDirectory, nodes, onTrouble } = options
  const troubles = new Map<string, string | undefined>()
  const unwell = new Map<string, string | undefined>()
  const said = new Map<string, string>()
  const asking = new Set<string>()
  for (const node of nodes) mkdirSync(attachmentsOf(node), { recursive: true, mode: 0o700 })

  function attachmentsOf(node: string): string { return join(stateDirectory, node, 'attachments') }
  const recordOf = (uid: string, node: string, id: string): string => join(attachmentsOf(node), `${uid}.${id}.json`)
  function placeOf(node: string): PluginPlace {
    const found = options.node(node)
    if (found === undefined) throw new Error(`node ${node} has no network on this machine`)
    return { folders: folders.plugins, host: found.namespace, dataDirectory: join(stateDirectory, node, 'networks') }
  }
  /** All that is to be undone for a pod: one, and what of earlier tries could not be. */
  function attachmentsFor(uid: string, node: string): readonly Attachment[] {
    return namesIn(attachmentsOf(node)).filter((name) => name.startsWith(`${uid}.`)).flatMap((name) => {
      const text = readIfThere(join(attachmentsOf(node), name))
      return text === undefined ? [] : [JSON.parse(text) as Attachment] // written by us
    })
  }

  async function undo(uid: string, node: string): Promise<void> {
    for (const attachment of attachmentsFor(uid, node)) {
      await remove(attachment, placeOf(node)).catch((error: unknown) => {
        owed.set(uid, node)
        throw new Error(`failed to destroy network for sandbox ${JSON.stringify(attachment.id)}: ${wordsOf(error)}`)
      })
      rmSync(recordOf(uid, node, attachment.id), { force: true })
    }
  }

  /** Once, until it is something else. */
  function sayOnce(node: string, message: string): void {
    if (said.get(node) === message) return
    said.set(node, message)
    onTrouble(`node ${node}: ${message}`)
  }

  function look(node: string, asksPlugins: boolean): void {
    const network = readNetwork(folders.configurations, node)
    if (typeof network === 'string') { settle(node, notInitialized); sayOnce(node, network); return }
    if (said.get(node) !== undefined && troubles.get(node) === notInitialized) said.delete(node)
    settle(node, unwell.get(node))
    if (asksPlugins) ask(node, network)
  }
  function settle(node: string, trouble: string | undefined): void {
    if (troubles.has(node) && troubles.get(node) === trouble) return
    troubles.set(node, trouble)
    options.onChange(node)
  }
  function ask(node: string, network: NetworkConfiguration): void {
    const done = (trouble: string | undefined): void => { unwell.set(node, trouble); if (!isClosed) settle(node, trouble) }
    // A plugin may take longer than until it is asked again.
    if (asking.has(node)) return
    asking.add(node)
    // A node that has no network for now is unwell, too: nothing is thrown at the timer.
    void Promise.resolve().then(() => status(network, placeOf(node))).then(() => { done(undefined) }, (error: unknown) => { done(wordsOf(error)) }).finally(() => { asking.delete(node) })
  }

  /** What plugins could not undo yet. */
  const owed = new Map<string, string>()
  async function settleDebts(): Promise<void> {
    for (const [uid, node] of owed) {
      owed.delete(uid)
      await undo(uid, node).catch(() => undefined) // It is owed again.
    }
  }

  // Where frames of a bridge pass no packet rules, that shall not be a riddle. A machine that was made for nodes has the module by now.
  if (!existsSync(bridgeRules)) void run('modprobe', ['br_netfilter'], { timeoutMs: moduleTimeoutMs }).then(() => { if (!isClosed && !existsSync(bridgeRules)) onTrouble('the kernel module br_netfilter is not loaded: pods of one bridge reach no Service that leads to another of them, and policies do not hold between them (modprobe br_netfilter)') })
  let isClosed = false
  let looks = 0
  for (const node of nodes) look(node, false)
  const looking = setInterval(() => {
    looks += 1
    for (const node of nodes) look(node, looks % statusEvery === 0)
    if (looks % statusEvery === 0) void settleDebts()
  }, lookMs)

  return {
    async attach({ uid, spec, namespace }) {
      const { node } = spec
      // What a failed or lost sandbox has left.
      await undo(uid, node).catch((error: unknown) => { onTrouble(`pod ${uid}: ${wordsOf(error)}`) })
      const id = randomBytes(32).toString('hex')
      const failed = (error: unknown): Error => new Error(`rpc error: code = Unknown desc = failed to setup network for sandbox ${JSON.stringify(id)}: ${wordsOf(error)}`)
      const network = readNetwork(folders.configurations, node)
      if (typeof network === 'string') throw failed(notInitialized)
      const place = placeOf(node)
      try {
        const attachment: Attachment = { id, namespace, interface: interfaceName, args: argsOf(uid, id, spec), network, capabilities: capabilitiesOf(spec, options.node(node)?.podNetworks ?? []) }
        // Before anything is made: whatever happens then, somebody knows what to undo.
        writePrivately(recordOf(uid, node, id), JSON.stringify(attachment))
        const result = await add(attachment, place)
        const addresses = addressesIn(result, interfaceName)
        writePrivately(recordOf(uid, node, id), JSON.stringify({ ...attachment, result } satisfies Attachment))
        if (addresses.length === 0) throw new Error(`failed to find network info for sandbox ${JSON.stringify(id)}`)
        return { addresses, opensHostPorts: opens(network) }
      } catch (error) {
        // As containerd: what was made half is undone; where that fails, the next try or the next agent does it.
        await undo(uid, node).catch((trouble: unknown) => { onTrouble(`pod ${uid}: ${wordsOf(trouble)}`) })
        throw failed(error)
      }
    },
    detach: undo,
    opensHostPorts: (uid, node) => attachmentsFor(uid, node).some(({ network, result }) => result !== undefined && opens(network)),
    trouble: (node) => troubles.get(node),
    async sweep(isHere) {
      for (const node of nodes) {
        const valid: Attachment[] = []
        for (const uid of new Set(namesIn(attachmentsOf(node)).map((name) => name.split('.')[0] ?? ''))) {
          if (!isHere(uid)) await undo(uid, node).catch((error: unknown) => { onTrouble(`pod ${uid}: ${wordsOf(error)}`) })
          for (const attachment of attachmentsFor(uid, node)) {
            if (attachment.result === undefined) continue
            valid.push(attachment)
            await check(attachment, placeOf(node)).catch((error: unknown) => { onTrouble(`pod ${uid}: ${wordsOf(error)}`) })
          }
        }
        const network = readNetwork(folders.configurations, node)
        if (typeof network === 'string') continue
        for (const stranger of await strangers(network, placeOf(node))) onTrouble(`node ${node}: ${stranger}`)
        await collect(network, placeOf(node), valid).catch((error: unknown) => { onTrouble(`node ${node}: ${wordsOf(error)}`) })
      }
    },
    close() {
      isClosed = true
      clearInterval(looking)
    },
  }
}

const opens = ({ plugins }: NetworkConfiguration): boolean => plugins.some(({ capabilities }) => capabilities['portMappings'] === true)
const argsOf = (uid: string, id: string, { namespace, name }: SandboxSpec): string =>
  ['IgnoreUnknown=1', `K8S_POD_NAMESPACE=${namespace}`, `K8S_POD_NAME=${name}`, `K8S_POD_INFRA_CONTAINER_ID=${id}`, `K8S_POD_UID=${uid}`].join(';')
const namesIn = (directory: string): readonly string[] => namesIfThere(directory).filter((name) => name.endsWith('.json') && !name.startsWith('.'))
