import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import type { SandboxSpec } from '@kubeskiff/core/kubelet'
import { memoryMount } from '../linux/mounts.ts'
import { makeNamespaces, nameHost, namespaceLink } from '../linux/namespaces.ts'
import { identify, type ProcessIdentity } from '../linux/processes.ts'
import { holdUserNamespace, type IdRange } from '../linux/users.ts'
import type { CniNetworks } from '../cni/index.ts'
import { writeOwnSettings } from '../linux/sysctls.ts'
import { type ClusterNetwork, hostPortsAt } from '../network/index.ts'
import type { PodPlaces } from './places.ts'
import { hostsFile, resolverFile, withNodeResolver } from './pod-files.ts'

const sharedMemoryBytes = 64 * 1024 * 1024
const pauseTries = 5000

/** What stands around a pod's containers once its sandbox is made. */
export interface Sandbox { readonly addresses: readonly string[]; readonly pause: ProcessIdentity | undefined }

/** Makes a pod's namespaces, address, shared memory and its own files under /etc. Its interface is ours, or that of CNI plugins where there are some. */
export async function makeSandbox(uid: string, spec: SandboxSpec, at: PodPlaces, { network, cni, resolverFile: named }: { readonly network: ClusterNetwork; readonly cni?: CniNetworks; /** The machine's file of resolvers; '': none. */ readonly resolverFile?: string }, users?: IdRange): Promise<Sandbox> {
  const node = network.node(spec.node)
  if (node === undefined) throw new Error(`node ${spec.node} has no network on this machine`)
  for (const directory of [at.directory, at.volumes]) mkdirSync(directory, { recursive: true })
  let { addresses } = node
  if (spec.hostNetwork) {
    makeNamespaces(at.namespaces, spec.hostIpc ? ['uts'] : ['ipc', 'uts'], () => { nameHost(spec.hostname); writeOwnSettings(spec.sysctls) })
  } else {
    const holder = users === undefined ? undefined : await holdUserNamespace(users)
    const place = { pod: uid, node: spec.node, directory: at.namespaces, hostname: spec.hostname, ipc: !spec.hostIpc, sysctls: spec.sysctls, ...(holder !== undefined && { holder: holder.pid }) }
    let opensHostPorts = false
    try {
      if (cni === undefined) {
        addresses = network.allocate(spec.node, uid)
        network.attach({ ...place, addresses })
      } else network.enclose(place)
    } finally { holder?.end() }
    if (cni !== undefined) {
      const attached = await cni.attach({ uid, spec, namespace: `${at.namespaces}/net` })
      addresses = attached.addresses
      opensHostPorts = attached.opensHostPorts
    }
    await network.attached({ node: spec.node, namespace: spec.namespace, name: spec.name, addresses })
    if (spec.hostPorts.length > 0 && !opensHostPorts) {
      await network.openHostPorts(spec.node, uid, hostPortsAt(addresses, spec.hostPorts))
    }
  }
  if (!existsSync(at.sharedMemory)) {
    mkdirSync(at.sharedMemory)
    memoryMount(at.sharedMemory, { sizeBytes: sharedMemoryBytes, mode: 0o1777, executable: false })
  }
  writeFileSync(at.hosts, hostsFile(spec, addresses, spec.hostNetwork ? readFileSync('/etc/hosts', 'utf8') : ''))
  writeFileSync(at.hostname, `${spec.hostname}\n`)
  writeFileSync(at.resolver, resolverFile(spec.dns.fromNode === true ? withNodeResolver(spec.dns, nodeResolver(named)) : spec.dns))
  for (const file of [at.hosts, at.hostname, at.resolver]) chmodSync(file, 0o644)
  return { addresses, pause: spec.shareProcessNamespace ? await startPause(at, users !== undefined) : undefined }
}

/** Where the machine's resolver is only a way to others, theirs: pods do not reach its loopback. */
function nodeResolver(named: string | undefined): string {
  if (named !== undefined) return named === '' ? '' : readFileSync(named, 'utf8')
  const behind = '/run/systemd/resolve/resolv.conf'
  return readFileSync(existsSync(behind) ? behind : '/etc/resolv.conf', 'utf8')
}

/**
 * The first process of a process namespace that a pod's containers share: it buries orphans and shows nothing of the
 * machine (its root is an empty directory). Its namespace is joined through /proc.
 */
async function startPause(at: PodPlaces, hasUsers: boolean): Promise<ProcessIdentity> {
  const empty = pauseRoot(at, hasUsers)
  mkdirSync(empty, { recursive: true })
  const script = '$0 = "/pause"; chroot $ARGV[0] or die; chdir "/"; $SIG{CHLD} = "IGNORE"; $SIG{TERM} = sub { exit 0 }; sleep while 1'
  const [program = '', ...words] = [...(hasUsers ? ['nsenter', `--user=${at.namespaces}/user`, '--'] : []), 'unshare', '--pid', '--fork', '--kill-child=KILL', 'perl', '-e', script, empty]
  const child = spawn(program, words, { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
  const outer = child.pid === undefined ? undefined : identify(child.pid)
  const mine = readlinkSync('/proc/self/ns/pid')
  for (let tries = 0; outer !== undefined && tries < pauseTries && child.exitCode === null; tries += 1) {
    const theirs = namespaceLink(sharedProcessNamespace(outer))
    if (theirs !== undefined && theirs !== mine) return outer
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  child.kill('SIGKILL')
  throw new Error('the process that holds the shared process namespace did not start')
}

/** The empty directory that is the root of a pod's pause: its processes name it, as nobody else's do, not even those of a pod of this uid in another cluster of this machine. */
export const pauseRoot = (at: PodPlaces, hasUsers: boolean): string => `${hasUsers ? at.stage : at.directory}/pause`

/** The path of the process namespace that `pause` holds: of the child it forked into it. */
export function sharedProcessNamespace(pause: ProcessIdentity): string {
  return `/proc/${pause.pid}/ns/pid_for_children`
}
