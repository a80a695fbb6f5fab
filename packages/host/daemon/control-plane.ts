import { hostname } from 'node:os'
import { existsSync, watch } from 'node:fs'
import { isIPv4, type Server as NetServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import type { Ask } from '@kubeskiff/core/api'
import { kubernetesVersion, wordsOf } from '@kubeskiff/core/base'
import { type Cluster, clusterDomainDefault, kindIndexes, wireCluster } from '@kubeskiff/core/cluster'
import { nodeAddresses, type NodeShape } from '@kubeskiff/core/kubelet'
import { clusterRanges, ipv4Only, nthOf } from '@kubeskiff/core/rules'
import { createStore } from '@kubeskiff/core/store'
import { networksMark } from '../agent/machine-marks.ts'
import { createAgentHub } from '../agent-link/index.ts'
import { Certificates, kubeconfig, openTokenSigner } from '../credentials/index.ts'
import { type RealClock, selfPumpingLoop, SteeredClock, systemRandom } from '../engine/index.ts'
import { writePrivately } from '../files/index.ts'
import { openHttpServer, withFetches } from '../http/index.ts'
import { attachJournal, openEmbeddedJournal, ownDirectory } from '../journal/index.ts'
import { openAccess, withIssuers } from './access-files.ts'
import { addressesOfSix, addressForOthers, agentPath, joiningInfo, leavePath, machineAddresses, reachedAt, urlOf } from './cluster-info.ts'
import type { DataDirectory } from './directory.ts'
import { agentChoices, choicesPath, choicesRequests } from './machine-choices.ts'
import { createMeasuring, withMeasures } from './measuring.ts'
import { leaveRequests, removeNodeObject } from './machines.ts'
import { familiesIn, joinedPodNetworks, machineAddressesIn, networksOf, shapesOf, withOtherMachines } from './nodes.ts'
import { processMetrics } from './process-metrics.ts'
import { readSettings, type Settings, writeSettings } from './settings.ts'
import { simulatedStreams } from './simulated-streams.ts'
import { startAgent } from './agent-process.ts'
import { countWaiting, createSteering } from './steering.ts'
import { isTurned, keepCourse, readCourse } from './time-file.ts'
import { timePath, timeRequests } from './time-requests.ts'
import { answerAsks, podTokens } from './tokens.ts'
import { volumesOfMachines } from './volumes.ts'
import { createPoster, withPosts } from '../webhooks/index.ts'

export interface ControlPlaneOptions {
  readonly directory: DataDirectory
  readonly settings: Settings
  /** One line about something that a person should know. */
  readonly say: (line: string) => void
  /** The machine's time, unless a test has its own. */
  readonly clock?: RealClock
  /** A socket of another network that listens for us. */
  readonly outside?: NetServer
}

export interface ControlPlane {
  readonly cluster: Cluster
  readonly port: number
  readonly settings: () => Settings
  /** Nodes whose agent is connected now. */
  readonly linked: () => readonly string[]
  /** Ends all work in order: nothing that was acknowledged is lost, pods go on running. */
  stop(): Promise<void>
}
/** Why it can't start, in words for a person. */
export class StartProblem extends Error {}

/** As upstream: its storage is compacted every five minutes. */
const historyMs = 300_000
const issuer = 'https://kubernetes.default.svc.cluster.local'

/** Starts the control plane of a data directory, and the node agent where there are real nodes. */
export async function startControlPlane({ directory, settings: initial, say, outside: listener, clock = new SteeredClock(readCourse(directory.time)) }: ControlPlaneOptions): Promise<ControlPlane> {
  const ownership = await ownDirectory(directory.root)
  if (ownership.is === 'taken') throw new StartProblem(ownership.message)
  if (clock instanceof SteeredClock && hasReal(initial) && isTurned(clock.course)) {
    ownership.release()
    throw new StartProblem(`the time of this cluster has been turned (${directory.time}): containers of real nodes live by the machine's`)
  }
  let settings = initial
  const certificates = new Certificates(directory.credentials, () => clock.machineNow())
  // What a running cluster was made with: a change in the file is for the next start, which refuses it.
  const families = initial.ipFamilies ?? ipv4Only
  const nodesSee = machineAddressesIn(families)
  const everywhere = settings.listen === 'everywhere'
  // Where other machines reach us; undefined: nowhere.
  const outward = addressForOthers(settings.listen)
  const addresses = [...new Set(['127.0.0.1', ...families.map((family) => nthOf(clusterRanges[family].services, 1)), ...nodesSee, ...(everywhere ? machineAddresses() : []), ...(outward === undefined ? [] : [outward])])]
  const [authority, server, admin] = [await certificates.authority(), await certificates.server({ names: ['localhost', hostname(), 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${clusterDomainDefault}`], addresses }), await certificates.admin()]
  const frontProxy = await certificates.frontProxy()
  // Where pods reach us. With IPv6 the machine may lead nowhere but to its nodes, whatever address others reach it at.
  const apiAddress = outward !== undefined && (isIPv4(outward) || !hasReal(settings)) && isIPv4(outward) === (families[0] === 'IPv4') ? outward : hasReal(settings) ? nodesSee[0] ?? '' : '127.0.0.1'
  const signer = openTokenSigner(directory.credentials)

  const store = createStore({ indexes: kindIndexes, journaled: true })
  const journal = await openEmbeddedJournal(directory.root)
  const attached = await attachJournal(store, journal, { onTrouble: (why) => { say(why === undefined ? 'the journal takes writes again' : `writes are refused: ${why}`) } })

  const madeWith = familiesIn(store.view, settings.nodes)
  if (madeWith !== undefined && madeWith !== families.join()) {
    await attached.close()
    ownership.release()
    throw new StartProblem(`${directory.settings} says ipFamilies ${families.join()}, but this cluster was made with ${madeWith}, and its nodes and Services have such addresses: mend the file`)
  }

  const loop = selfPumpingLoop((error) => { throw error })
  const shapes = (): readonly NodeShape[] => shapesOf(settings.nodes, directory.agent, families, { kubelet: settings.kubelet })
  const access = await openAccess(settings.access ?? {}, issuer, say).catch(async (error: unknown) => {
    await attached.close()
    ownership.release()
    throw new StartProblem(wordsOf(error))
  })
  const poster = createPoster({ view: store.view, random: systemRandom() })
  const networks = networksOf(families)
  const hub = createAgentHub()
  const volumesBelow = join(directory.agent, 'volumes')
  const measure = createMeasuring({ askKubelet: hub.askKubelet, now: () => clock.machineNow() })
  const answer = withIssuers(access, () => clock.now(), withPosts(poster, withMeasures(measure, withFetches(frontProxy.client, answerAsks({ signer, certificates, volumes: volumesOfMachines({ volumesBelow, hub, view: () => store.view, ownNetwork: networksMark(networks) }), now: () => clock.now() })))))
  const outside = countWaiting()
  const cluster = wireCluster({
    store, clock, random: systemRandom(), loop, authority: authority.certificate, frontProxyAuthority: frontProxy.authority.certificate, historyMs, outsideNow: () => clock.machineNow(), processMetrics: () => processMetrics(http.is === 'listening' ? http.inFlight() : { mutating: 0, readOnly: 0 }), nodes: shapes().filter((shape) => shape.simulated),
    version: { ...kubernetesVersion, gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: process.version, compiler: 'skiff', platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}` },
    issuer: { issuer, audiences: [issuer], keySet: JSON.stringify(signer.jwks), algorithms: ['ES256'] },
    address: `127.0.0.1:${settings.port}`, advertised: { address: apiAddress, port: settings.port, names: hasReal(settings) || outward !== undefined },
    ...(outward !== undefined && { allottedPodNetworks: joinedPodNetworks, joining: joiningInfo({ url: urlOf(outward, settings.port), families, authority: authority.certificate, address: outward, overlay: settings.overlay ?? 'vxlan', clusterDomain: clusterDomainDefault, volumesBelow }) }),
    ask: (ask: Ask, done) => { outside.count(answer(ask)).then(done, (error: unknown) => { say(`${ask.what}: ${wordsOf(error)}`) }) },
    ...(access.tokens !== undefined && { tokens: access.tokens }), ...(access.authenticators !== undefined && { authenticators: access.authenticators }),
    ...(access.anonymous !== undefined && { anonymous: access.anonymous }), ...(access.audit !== undefined && { audit: access.audit }),
    ...(access.scheduling !== undefined && { scheduling: access.scheduling }),
    pace: settings.pace ?? 'natural', simulatedReports: true, volumesBelow, balancedNetworks: [networks, ...(networks.second === undefined ? [] : [networks.second])].map(({ balancedNetwork }) => balancedNetwork), ipFamilies: families, podTokens: podTokens(signer, issuer, () => clock.now()),
  })

  const steering = clock instanceof SteeredClock ? createSteering({ clock, loop, cluster, waiting: () => ({ requests: http.is === 'listening' ? http.inFlight() : noRequests, outside: outside.waiting() }), real: () => settings.nodes.filter((node) => !node.simulated).map(({ name }) => name), keep: (course) => { keepCourse(directory.time, course) } }) : undefined
  const http = await openHttpServer({
    handler: cluster.server.handler, store, answer, open: simulatedStreams({ store, clock, others: (connect) => hub.open(connect) }), askKubelet: hub.askKubelet, host: everywhere ? '0.0.0.0' : '127.0.0.1', port: settings.port, now: () => clock.machineNow(),
    tls: { certificate: server.certificate, key: server.key, authority: authority.certificate }, frontProxy: frontProxy.client,
    upgrades: new Map([[agentPath, hub.upgrade]]), own: new Map([[leavePath, leaveRequests(cluster, () => settings.nodes.map(({ name }) => name))], [choicesPath, choicesRequests(() => settings)], ...(steering === undefined ? [] : [[timePath, timeRequests(steering)] as const])]), ...(access.log !== undefined && { audit: access.log.write }), onError: (error) => { say(`a request failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`) },
  })
  const letGo = async (): Promise<void> => {
    if (http.is !== 'problem') await http.close()
    hub.close()
    poster.close()
    await steering?.stop()
    cluster.stop()
    clock.stop()
    await attached.close()
    await access.log?.close()
    ownership.release()
  }
  if (http.is === 'problem') {
    await letGo()
    throw new StartProblem(http.message)
  }
  if (listener !== undefined) http.alsoFrom(listener)
  // Only now: a start that fails must not change what another owner of the directory follows, nor what is tried next.
  writeSettings(directory.settings, settings)
  writePrivately(directory.kubeconfig, kubeconfig({ name: 'skiff', server: `https://127.0.0.1:${http.port}`, authority: authority.certificate, client: admin }))

  if (everywhere && existsSync(addressesOfSix)) http.alsoOn('::')
  else if (outward !== undefined && !everywhere) http.alsoOn(outward)

  const launchAgent = async () => {
    const real = shapes().filter((shape) => !shape.simulated)
    if (real.length === 0) return undefined
    // It is there when the agent has made the nodes' network.
    for (const address of nodesSee) if (!everywhere) http.alsoOn(address)
    const nodes = await Promise.all(real.map(async (shape) => ({ shape, ...(await certificates.node(shape.name)), serving: await certificates.nodeServer(shape.name, nodeAddresses(shape)) })))
    return startAgent(directory.agent, { url: `https://127.0.0.1:${http.port}`, agentPath, authority: authority.certificate, nodes, observer: await certificates.client('network', { commonName: 'skiff:network', organizations: [] }), stateDirectory: directory.agent, clusterDns: networks.dnsAddress, clusterDomain: clusterDomainDefault, network: outward === undefined ? networks : withOtherMachines(networks), ...(outward !== undefined && { machine: { ...reachedAt([outward], families), overlay: settings.overlay ?? 'vxlan' } }), ...agentChoices(settings) }, say)
  }
  let agent = await launchAgent().catch(async (error: unknown) => {
    await letGo()
    throw new StartProblem(wordsOf(error))
  })

  /** Takes over what `skiff node` wrote. */
  const follow = async (): Promise<void> => {
    const next = readSettings(directory.settings)
    if (next === undefined) return
    const before = new Map(settings.nodes.map((node) => [node.name, node]))
    const after = new Set(next.nodes.map(({ name }) => name))
    const realChanged = settings.nodes.filter((node) => !node.simulated).map(({ name }) => name).join() !== next.nodes.filter((node) => !node.simulated).map(({ name }) => name).join()
    const removed = settings.nodes.filter(({ name }) => !after.has(name))
    settings = next
    for (const node of removed) {
      if (node.simulated) cluster.removeNode(node.name)
      void removeNodeObject(cluster, node.name)
    }
    for (const shape of shapes()) if (shape.simulated && !before.has(shape.name)) cluster.addNode(shape)
    if (!realChanged) return
    await agent?.stop()
    agent = await launchAgent()
  }
  let following: Promise<void> = Promise.resolve()
  const watcher = watch(dirname(directory.settings), (_event, file) => {
    if (file === basename(directory.settings)) following = following.then(follow).catch((error: unknown) => { say(`${directory.settings}: ${wordsOf(error)}`) })
  })

  return {
    cluster, port: http.port, settings: () => settings, linked: () => hub.nodes(),
    stop: async () => {
      watcher.close()
      await following
      await agent?.stop()
      await letGo()
    },
  }
}

const noRequests = { mutating: 0, readOnly: 0 } as const
export const hasReal = (settings: Settings): boolean => settings.nodes.some((node) => !node.simulated)
