import type { ChildProcess } from 'node:child_process'
import { resolve } from 'node:path'
import { existsSync } from 'node:fs'
import { isIP, isIPv6 } from 'node:net'
import { wordsOf } from '@kubeskiff/core/base'
import { nodes } from '@kubeskiff/core/api'
import { type PaceName, paceNames } from '@kubeskiff/core/kubelet'
import { type AddressFamilies, ipv4Only, type NodePool, poolNameDefault, readFamilies } from '@kubeskiff/core/rules'
import { type HostFilesChoice, hostFilesChoices } from '../agent/configuration.ts'
import type { KubeletSettings } from '../agent/kubelet-settings.ts'
import type { AccessFiles } from '../daemon/access-files.ts'
import { addressesOfSix, addressForOthers, machineAddresses } from '../daemon/cluster-info.ts'
import { type ControlPlane, hasReal, StartProblem, startControlPlane } from '../daemon/control-plane.ts'
import { missingPackages, whyNoneAfterInstalling, whyNoRealNodes } from '../daemon/debian-packages.ts'
import { type DataDirectory, dataDirectory, makeDataDirectory } from '../daemon/directory.ts'
import { newRealNodes, newSimulatedNodes } from '../daemon/nodes.ts'
import { isListening, type NetworkChoice, portDefault, readSettings, type Settings, writeSettings } from '../daemon/settings.ts'
import { type OverlayChoice, overlayChoices } from '../network/machines.ts'
import { whyNoWireguard } from '../network/wireguard.ts'
import { countBuffersWithTheHeap } from '../engine/index.ts'
import { ownDirectory } from '../journal/index.ts'
import { loopbackUp } from '../linux/netlink.ts'
import { follow, handOver, type InsideOptions, isOrdinaryUser, lacks, listenOutside, reducedMode, startInside, takeListener, theKeeper } from '../reduced/index.ts'
import { choice, parseOptions, UsageError, wholeNumber } from './arguments.ts'
import { detach, sameCommand, startedAt, stopWhenTold } from './background.ts'
import { applyFiles, helloImage, welcome } from './first-workload.ts'
import { commandName } from './name.ts'
import { kubeletSettingsIn } from './kubelet-file.ts'
import { handlersChoice, networkChoice, registriesChoice, registryOptions } from './machine-options.ts'
import { namesOfPool, nodesMax, realNodesMax } from './node.ts'
import { poolsInFile } from './pool-file.ts'

const usage = `usage: skiff up [options]

  -f, --filename FILE   apply these manifests when the cluster is ready (may be repeated)
      --nodes N         how many real nodes this machine plays (a new cluster: 3)
      --simulate N      how many simulated nodes
      --simulate-pools FILE   simulated nodes of the pools in a YAML file
      --install         install the Debian packages that real nodes need and this machine lacks
      --port P          where the API listens (${portDefault})
      --listen ADDRESS  an address of this machine (or 'everywhere') at which other machines reach the API and may join; 'loopback' takes it back
      --overlay O       how pods on several machines reach each other: vxlan (default), wireguard (the same, and nobody on the wire reads it), routes (machines of one subnet)
      --data-dir DIR    where the cluster lives on the disk
      --runtime R       auto (default), oci (real containers or nothing), simulated
      --ip-families F   of a new cluster: IPv4 (default), IPv6, or both in their order, for example IPv4,IPv6
      --pace P          of pods on simulated nodes: natural (images take a second or two, as on real ones), instant (default with --clock virtual)
      --host-files F    what pods of real nodes see by hostPath: overlay (default: the machine's files, and each node keeps what is written), real (the machine's own)
      --network N       who makes the interfaces of pods on real nodes: built-in (default), cni (the plugins of /etc/cni/net.d, or of --cni-conf-dir and --cni-bin-dir DIR[:DIR])
      --kubelet-config FILE   of real nodes: a KubeletConfiguration; docs/kubelet-configuration.md tells which of its fields are followed ('' takes it back)
      --runtime-handler NAME=PROGRAM   what runs pods whose RuntimeClass has this handler, besides crun and runc (may be repeated; '' takes all back), for example gvisor=runsc
      --mirror R=URL    where images of a registry are asked for first (may be repeated; '' takes all back), for example docker.io=https://mirror.example.com
      --insecure-registry HOST:PORT   a registry without TLS (may be repeated; '' takes all back)
      --clock C         machine (default), virtual: simulated nodes only, so that 'skiff time' can turn it
      --detach          leave the cluster running in the background
      --bare            without the first workload
      --authentication-config FILE, --token-auth-file FILE   who else signs in: JWT issuers, static tokens
      --audit-policy-file FILE, --audit-log-path FILE        what is written down, and where ('-': standard output)
      --scheduler-config FILE   how pods are placed: a KubeSchedulerConfiguration
`
const options = {
  filename: { type: 'string', short: 'f', multiple: true }, nodes: { type: 'string' }, simulate: { type: 'string' }, 'simulate-pools': { type: 'string' }, install: { type: 'boolean' }, port: { type: 'string' }, listen: { type: 'string' }, overlay: { type: 'string' },
  'data-dir': { type: 'string' }, runtime: { type: 'string' }, clock: { type: 'string' }, pace: { type: 'string' }, 'host-files': { type: 'string' }, 'ip-families': { type: 'string' }, 'kubelet-config': { type: 'string' }, network: { type: 'string' }, 'cni-conf-dir': { type: 'string' }, 'cni-bin-dir': { type: 'string' }, 'runtime-handler': { type: 'string', multiple: true }, detach: { type: 'boolean' }, bare: { type: 'boolean' }, ...registryOptions,
  'authentication-config': { type: 'string' }, 'token-auth-file': { type: 'string' }, 'audit-policy-file': { type: 'string' }, 'audit-log-path': { type: 'string' }, 'scheduler-config': { type: 'string' }, help: { type: 'boolean', short: 'h' },
} as const
interface Wishes { readonly runtimeHandlers?: Readonly<Record<string, string>>; readonly nodes?: number; readonly simulate?: number; readonly pools?: readonly NodePool[]; readonly port?: number; readonly listen?: string; readonly overlay?: OverlayChoice; readonly runtime: 'auto' | 'oci' | 'simulated'; readonly pace?: PaceName; readonly hostFiles?: HostFilesChoice; readonly network?: NetworkChoice; readonly ipFamilies?: AddressFamilies; readonly kubelet?: KubeletSettings; readonly registries: Parameters<typeof registriesChoice>[0]; readonly install: boolean; readonly welcome: boolean; readonly access: AccessFiles }

const nodesDefault = 3
const readyTimeoutMs = 60_000

/** `skiff up`: starts the cluster, or brings it back, and stays with it until it is told to stop. */
export async function up(words: readonly string[]): Promise<number> {
  const values = parseOptions(words, options)
  if (values.help === true) { process.stdout.write(usage); return 0 }
  for (const file of values.filename ?? []) if (!existsSync(file)) throw new UsageError(`there is no file ${file}`)
  const clock = choice('--clock', values.clock, ['machine', 'virtual'])
  if (clock === 'virtual' && values.runtime === 'oci') throw new UsageError("--clock virtual is for simulated nodes: containers of real nodes live by this machine's clock")
  const runtime = clock === 'virtual' ? 'simulated' : values.runtime ?? 'auto'
  if (runtime !== 'auto' && runtime !== 'oci' && runtime !== 'simulated') throw new UsageError(`--runtime takes auto, oci or simulated, not '${runtime}'`)
  const pace = choice('--pace', values.pace, paceNames) ?? (clock === 'virtual' ? 'instant' : undefined)
  const hostFiles = choice('--host-files', values['host-files'], hostFilesChoices)
  const network = networkChoice(values)
  const ipFamilies = values['ip-families'] === undefined ? undefined : readFamilies(values['ip-families'].split(',').map((word) => word.trim()))
  if (values['ip-families'] !== undefined && ipFamilies === undefined) throw new UsageError(`--ip-families takes IPv4, IPv6, or both in their order (IPv4,IPv6), not '${values['ip-families']}'`)
  if (values.listen !== undefined && !isListening(values.listen)) throw new UsageError(`--listen takes loopback, everywhere or an address of this machine, not '${values.listen}'`)
  if (isIP(values.listen ?? '') !== 0 && !machineAddresses().includes(values.listen ?? '')) throw new UsageError(`this machine has no address ${values.listen} that others reach: it has ${machineAddresses().join(', ') || 'none'}`)
  const overlay = choice('--overlay', values.overlay, overlayChoices)
  const runtimeHandlers = handlersChoice(values['runtime-handler'])
  const wishes: Wishes = {
    runtime, install: values.install === true, welcome: values.bare !== true && values.filename === undefined, access: accessFiles(values), registries: values, ...(runtimeHandlers !== undefined && { runtimeHandlers }),
    ...(pace !== undefined && { pace }), ...(hostFiles !== undefined && { hostFiles }), ...(ipFamilies !== undefined && { ipFamilies }), ...(network !== undefined && { network }), ...(values.listen !== undefined && { listen: values.listen }), ...(overlay !== undefined && { overlay }), ...(values['kubelet-config'] !== undefined && { kubelet: kubeletSettingsIn(values['kubelet-config']) }),
    ...(values.nodes !== undefined && { nodes: wholeNumber('--nodes', values.nodes, 0, realNodesMax) }),
    ...(values.simulate !== undefined && { simulate: wholeNumber('--simulate', values.simulate, 0, nodesMax) }),
    ...(values['simulate-pools'] !== undefined && { pools: poolsInFile(values['simulate-pools']) }),
    ...(values.port !== undefined && { port: wholeNumber('--port', values.port, 1, 65_535) }),
  }
  const directory = dataDirectory(values['data-dir'])
  if (existsSync(directory.joined)) throw new UsageError(`this machine has joined another's cluster: '${commandName} join' goes on, '${commandName} down --purge' leaves for good`)
  makeDataDirectory(directory)

  const say = (line: string): void => { console.error(line) }
  const mode = reducedMode()
  const isInside = mode === undefined && isOrdinaryUser() && wantsReal(wishes, readSettings(directory.settings)) && whyNoRealNodes() === undefined && missingPackages().length === 0
  if (isInside) return upInside(['up', ...words.filter((word) => word !== '--detach')], directory, { ...wishes, detach: values.detach === true })
  if (values.detach === true) return detach(directory, sameCommand('up', words))
  const outside = mode === undefined ? undefined : await takeListener()
  if (mode !== undefined) { loopbackUp(); say(`reduced mode: ${lacks(mode)}`) }
  const settings = await settingsFor(directory, wishes, say)
  let plane: ControlPlane
  countBuffersWithTheHeap()
  try { plane = await startControlPlane({ directory, settings, say, ...(outside !== undefined && { outside }) }) } catch (error) {
    if (error instanceof StartProblem) { console.error(`skiff: ${error.message}`); return 1 }
    throw error
  }
  const stopped = stopWhenTold(() => plane.stop(), hasReal(settings) ? `pods go on running, '${commandName} down' stops them` : `'${commandName} up' goes on from here`, say)
  await nodesReady(plane, settings)
  say(`ready in ${((Date.now() - startedAt()) / 1000).toFixed(2)} s: ${settings.nodes.length} nodes, https://127.0.0.1:${plane.port}`)
  try {
    for (const line of await applyFiles(plane.cluster, values.filename ?? [])) say(line)
    if (!settings.welcomed && wishes.welcome) await welcome(plane, directory, say)
    if (!plane.settings().welcomed) writeSettings(directory.settings, { ...plane.settings(), welcomed: true })
  } catch (error) { say(`skiff: ${wordsOf(error)}`) }
  if (addressForOthers(settings.listen) !== undefined) say(`other machines join with what '${commandName} token create' prints`)
  console.log(`export KUBECONFIG=${directory.kubeconfig}`)
  process.send?.({ is: 'ready' })
  return stopped
}

function wantsReal({ runtime, nodes: asked, simulate, pools }: Wishes, before: Settings | undefined): boolean {
  if (runtime === 'simulated') return false
  return before === undefined ? asked !== 0 && !((simulate ?? pools) !== undefined && asked === undefined) : before.nodes.some((node) => !node.simulated) || (asked ?? 0) > 0
}

/** As an ordinary user: the same command in namespaces of his own, where he is root, with a socket of the machine's loopback. */
async function upInside(words: readonly string[], directory: DataDirectory, wishes: Wishes & { readonly detach: boolean }): Promise<number> {
  if (wishes.listen !== undefined) throw new UsageError('--listen needs root (sudo): an ordinary user has the loopback only')
  const port = wishes.port ?? readSettings(directory.settings)?.port ?? portDefault
  const ownership = await ownDirectory(directory.root)
  if (ownership.is === 'taken') { console.error(`skiff: ${ownership.message}`); return 1 }
  ownership.release()
  const server = await listenOutside(port)
  if (typeof server === 'string') { console.error(`skiff: ${server}`); return 1 }
  const keeper = await theKeeper(directory.keeper)
  // What the first workload is made of can be fetched through the machine's network only.
  if (wishes.welcome && readSettings(directory.settings)?.welcomed !== true) await follow(startInside({ keeper, words: ['image', 'build', helloImage, '--base', 'busybox'], directory: directory.root, network: false }))
  const start = (background?: InsideOptions['background']): ChildProcess => {
    const child = startInside({ keeper, words, directory: directory.root, network: true, ...(background !== undefined && { background }) })
    handOver(child, server)
    return child
  }
  return wishes.detach ? detach(directory, (log, environment) => start({ log, environment })) : follow(start())
}

/** The settings of a new cluster, or those it had with what was asked for now. */
async function settingsFor(directory: DataDirectory, wishes: Wishes, say: (line: string) => void): Promise<Settings> {
  const before = readSettings(directory.settings)
  const real = wantsReal(wishes, before) && await canHaveRealNodes(wishes, before === undefined, say)
  const known = before?.nodes ?? []
  let nodes = before === undefined ? [] : known
  const have = (simulated: boolean): number => nodes.filter((node) => node.simulated === simulated).length
  const grow = (simulated: boolean, wanted: number): void => {
    if (wanted > have(simulated)) nodes = [...nodes, ...(simulated ? newSimulatedNodes(nodes, [{ count: wanted - have(true) }]) : newRealNodes(nodes, { count: wanted - have(false) }))]
    else nodes = [...nodes.filter((node) => node.simulated !== simulated), ...nodes.filter((node) => node.simulated === simulated).slice(0, wanted)]
  }
  if (before === undefined) {
    if (real) grow(false, wishes.nodes ?? nodesDefault)
    grow(true, wishes.simulate ?? (real || wishes.pools !== undefined ? 0 : wishes.nodes ?? nodesDefault))
  } else {
    if (!real && have(false) > 0) throw new UsageError('this cluster has real nodes, which this machine cannot play now: mend what is said above, or use another --data-dir')
    if (wishes.nodes !== undefined) grow(!real, wishes.nodes)
    if (wishes.simulate !== undefined) grow(true, wishes.simulate)
  }
  for (const pool of wishes.pools ?? []) {
    // What is there of a pool already counts.
    const missing = (pool.count ?? 1) - namesOfPool(nodes, pool.name ?? poolNameDefault).length
    if (missing > 0) nodes = [...nodes, ...newSimulatedNodes(nodes, [{ ...pool, count: missing }])]
  }
  if (have(true) > nodesMax) throw new UsageError(`a cluster has at most ${nodesMax} simulated nodes, not ${have(true)}`)
  const ipFamilies = before === undefined ? wishes.ipFamilies : before.ipFamilies
  if (before !== undefined && wishes.ipFamilies !== undefined && wishes.ipFamilies.join() !== (ipFamilies ?? ipv4Only).join()) {
    throw new UsageError(`this cluster was made with --ip-families ${(ipFamilies ?? ipv4Only).join()} and keeps them: its Services and pods have addresses by now; use another --data-dir, or 'down --purge' first`)
  }
  if (have(false) > 0 && ipFamilies?.includes('IPv6') === true && !existsSync(addressesOfSix)) throw new UsageError('real nodes with IPv6 need a kernel that has it turned on, and this one has not (ipv6.disable=1?): leave out IPv6, or use --runtime simulated')
  const access = { ...before?.access, ...wishes.access }
  const pace = wishes.pace ?? before?.pace
  const hostFiles = wishes.hostFiles ?? before?.hostFiles
  const network = wishes.network ?? before?.network
  const outward = addressForOthers(wishes.listen ?? before?.listen)
  if (outward !== undefined && have(false) === 0 && isIPv6(outward) !== ((ipFamilies ?? ipv4Only)[0] === 'IPv6')) throw new UsageError(`other machines' pods reach this cluster at an ${(ipFamilies ?? ipv4Only)[0]} address, and --listen says ${outward}: choose one, or have this machine play a node`)
  const [listen, overlay] = [wishes.listen ?? before?.listen, wishes.overlay ?? before?.overlay]
  const unsealed = outward !== undefined && overlay === 'wireguard' && have(false) > 0 ? whyNoWireguard() : undefined
  if (unsealed !== undefined) throw new UsageError(unsealed)
  const kubelet = wishes.kubelet ?? before?.kubelet
  const registries = registriesChoice(wishes.registries, before?.registries)
  const runtimeHandlers = wishes.runtimeHandlers ?? before?.runtimeHandlers
  return {
    version: 1, port: wishes.port ?? before?.port ?? portDefault, ...(listen !== undefined && { listen }), ...(overlay !== undefined && { overlay }), nodes, ...(ipFamilies !== undefined && { ipFamilies }), ...(pace !== undefined && { pace }), ...(hostFiles !== undefined && { hostFiles }), ...(network !== undefined && { network }), ...(kubelet !== undefined && Object.keys(kubelet).length > 0 && { kubelet }),
    ...(runtimeHandlers !== undefined && Object.keys(runtimeHandlers).length > 0 && { runtimeHandlers }), ...(registries !== undefined && Object.keys(registries).length > 0 && { registries }), ...(Object.keys(access).length > 0 && { access }),
    welcomed: before?.welcomed ?? false,
  }
}

/** The files that were named, as they will be found from any folder; '' takes one back. */
function accessFiles(values: Readonly<Record<string, unknown>>): AccessFiles {
  const named: Record<string, string> = {}
  for (const [option, field] of [['authentication-config', 'authenticationConfig'], ['token-auth-file', 'tokenAuthFile'], ['audit-policy-file', 'auditPolicyFile'], ['audit-log-path', 'auditLogPath'], ['scheduler-config', 'schedulerConfig']] as const) {
    const value = values[option]
    if (typeof value === 'string') named[field] = value === '' || value === '-' ? value : resolve(value)
  }
  return named
}

/** Whether this machine can play real nodes; installs what is missing when it may; says in one line why not. */
async function canHaveRealNodes({ runtime, install }: Wishes, fresh: boolean, say: (line: string) => void): Promise<boolean> {
  const why = await whyNoneAfterInstalling(install, say)
  if (why === undefined) return true
  if (runtime === 'oci') throw new UsageError(why)
  if (fresh) say(`the nodes are simulated: ${why}`)
  else say(why)
  return false
}

async function nodesReady({ cluster, linked }: ControlPlane, settings: Settings): Promise<void> {
  // Nodes become Ready about in their order: each is asked for until it is, and no more then. There may be thousands.
  const waiting = settings.nodes.map(({ name, simulated }) => ({ name, simulated }))
  const isReady = ({ name, simulated }: (typeof waiting)[number]): boolean =>
    // A real node that was Ready when the last daemon ended is Ready again when its agent is back.
    (simulated || linked().includes(name)) && cluster.store.view.get(nodes, '', name)?.status.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True'
  await new Promise<void>((resolve) => {
    const look = (): void => {
      for (let first = waiting[0]; first !== undefined && isReady(first); first = waiting[0]) waiting.shift()
      if (waiting.length === 0) { quiet(); clearTimeout(timer); resolve() }
    }
    // A link is no commit and rings no bell: look now and then, too, until all are there.
    const looking = setInterval(look, readyLookMs)
    const timer = setTimeout(() => {
      quiet()
      console.error(`still not Ready: ${waiting.filter((node) => !isReady(node)).map(({ name }) => name).slice(0, 5).join(', ')}`)
      resolve()
    }, readyTimeoutMs)
    const silence = cluster.store.onCommit(look)
    const quiet = (): void => { silence(); clearInterval(looking) }
    look()
  })
}
const readyLookMs = 10
