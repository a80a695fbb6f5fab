import { join } from 'node:path'
import { type Actor, csiDrivers, endpointSlices, nodes, persistentVolumeClaims, persistentVolumes, pods as podType, podsByNode, type Resource, type ResourceType, runtimeClasses, services } from '@kubeskiff/core/api'
import { createKubelet } from '@kubeskiff/core/kubelet'
import { nameIndexes } from '@kubeskiff/core/network'
import { isTerminal } from '@kubeskiff/core/rules'
import { createStore } from '@kubeskiff/core/store'
import { connectAgent } from '../agent-link/index.ts'
import { type Connection, createEventRecorder, openConnection, startFeed, submitOverHttp } from '../client/index.ts'
import { RealClock, selfPumpingLoop } from '../engine/index.ts'
import { fileSystemOf } from '../metrics/index.ts'
import { openSockets, serveDns } from '../network/index.ts'
import { certificatesOverHttp } from './certificates.ts'
import { type AgentConfiguration, dnsAddresses, dnsServers } from './configuration.ts'
import { collectImages, type ImageCollection } from './image-collection.ts'
import { kubeletAccess } from './kubelet-access.ts'
import { deviceHealthOf } from './device-health.ts'
import { driversOverHttp } from './drivers.ts'
import { openDevicePlugins, servePodResources } from '../device-plugins/index.ts'
import { kubeletApi } from './kubelet-api.ts'
import { serveKubelet } from './kubelet-server.ts'
import { showingLeases } from './leases.ts'
import { devicePluginsDirectory, imagesDirectory, openMachine, podResourcesDirectory } from './machine.ts'
import { followMachines } from './machines.ts'
import { openCpus } from './exclusive-cpus.ts'
import { imageLimitsOf, manifestLookMs, thresholdsOf, transitionMsOf } from './kubelet-effects.ts'
import { watchPressure } from './pressure.ts'
import { nameServer } from './names.ts'
import { NodePods } from './pods.ts'
import { countRuntime } from './runtime-counts.ts'
import { followPolicies } from './policies.ts'
import { isStatic } from './mirrors.ts'
import { StaticPods } from './static-pods.ts'
import { keepRotating, NodeCredentials } from './rotation.ts'
import { followServices } from './services.ts'
import { openOn } from './streams.ts'
import { tokensOverHttp } from './tokens.ts'
import { volumesOnLink } from './volumes.ts'

/** What every node may read, and all nodes of this machine read once. */
const shared: readonly ResourceType<Resource>[] = [nodes, services, endpointSlices, persistentVolumes, persistentVolumeClaims, runtimeClasses, csiDrivers]
/** An agent keeps no past: its store only needs to bridge from one turn to the next. */
const historyMax = 2_000
const dnsPort = 53
/** Revisions of what the API does not know begin here: its own are all smaller. */
const revisionsBelow = 2 ** 52

/** Plays the nodes of a configuration until it is stopped. Containers go on without it. */
export async function startAgentNodes(configuration: AgentConfiguration, say: (message: string) => void): Promise<{ stop(): void }> {
  const clock = new RealClock()
  const loop = selfPumpingLoop((error) => { throw error })
  const store = createStore({ historyMax, indexes: nameIndexes })
  let nodeChanged = (_node: string): void => {}
  let podsChanged = (_uids: readonly string[]): void => {}
  const devicePlugins = new Map(configuration.nodes.map(({ shape: { name } }) => [name, openDevicePlugins({ directory: devicePluginsDirectory(configuration.stateDirectory, name), onChange: (pods) => { nodeChanged(name); podsChanged(pods) }, onTrouble: say })]))
  const cpus = openCpus(configuration)
  const { network, cni, images, runtime, hostFiles } = openMachine(configuration, clock, { cpus, devicesOf: (node) => devicePlugins.get(node), driversOf: (node) => drivers.of(node), csiOf: (node) => drivers.csiOf(node), networkChanged: (node) => { nodeChanged(node) }, say })
  const credentials = configuration.nodes.map(({ shape, certificate, key }) => new NodeCredentials({ node: shape.name, given: { certificate, key }, authority: configuration.authority, directory: join(configuration.stateDirectory, 'pki') }))
  const connections = new Map<string, Connection>(credentials.map((own) => [own.node, openConnection({
    url: configuration.url, authority: configuration.authority, get certificate() { return own.certificate }, get key() { return own.key },
  })]))
  const drivers = driversOverHttp({ stateDirectory: configuration.stateDirectory, connections, view: store.view, onHealth: (uids) => { podsChanged(uids) }, onUse: (node) => { nodeChanged(node) }, onTrouble: say })
  const deviceHealth = new Map([...devicePlugins].map(([node, plugins]) => [node, deviceHealthOf(plugins, drivers.of(node))]))
  const first = [...connections.values()][0]
  if (first === undefined) throw new Error('an agent plays at least one node')
  const connectionOf = (actor: Actor): Connection => connections.get(actor.user.replace(/^system:node:/, '')) ?? first

  const sizeOf = async (directory: string): Promise<number | undefined> => (await fileSystemOf(directory))?.capacityBytes
  const thresholds = thresholdsOf(configuration.kubelet ?? {}, { nodefs: await sizeOf(configuration.stateDirectory), imagefs: await sizeOf(imagesDirectory(configuration)) })
  // What runs may be looked at and spoken with before the view is whole.
  const open = openOn(runtime, ({ namespace, name, uid }) => {
    const held = store.view.get(podType, namespace, name)
    return held !== undefined && isStatic(held) ? held.metadata.uid : uid
  }, { isShut: configuration.kubelet?.enableDebuggingHandlers === false })
  const counts = countRuntime(runtime, () => clock.now(), (namespace, name) => store.view.get(podType, namespace, name)?.spec.containers.map((container) => container.name))
  const answerKubelet = kubeletApi({ configuration, view: store.view, runtime, thresholds, networkOf: (node) => network.node(node)?.namespace, open, placeOf: (node, path) => hostFiles.place(node, path), certificateOf: (node) => credentials.find((own) => own.node === node)?.certificate, counts: counts.text, now: () => clock.now() })
  const link = connectAgent({ url: configuration.url, path: configuration.agentPath, authority: configuration.authority, nodes: credentials.map((own) => ({ name: own.node, get certificate() { return own.certificate }, get key() { return own.key } })), open, kubelet: answerKubelet, ...(configuration.volumesBelow !== undefined && { volumes: volumesOnLink(configuration.volumesBelow) }), onTrouble: say })
  const stopServers = configuration.nodes.flatMap(({ shape, serving }) => {
    const node = network.node(shape.name)
    if (node === undefined) return []
    const access = kubeletAccess(shape.name, connections.get(shape.name) ?? first, () => clock.now())
    return node.addresses.map((address) => serveKubelet({ node: shape.name, namespace: node.namespace, address, ...serving, authority: configuration.authority, access, answer: answerKubelet, view: store.view, open, onTrouble: say }))
  })

  const feeds = shared.map((type) => startFeed({ connection: first, store, type, onTrouble: say }))
  let revision = revisionsBelow
  const statics = new Map([...connections].map(([node, connection]) => [node, new StaticPods({
    node, connection, store, directory: configuration.kubelet?.staticPodPath || join(configuration.stateDirectory, 'manifests', node), lookMs: manifestLookMs(configuration.kubelet ?? {}), runs: (uid) => runtime.observed().pods.has(uid), nextRevision: () => ++revision, now: () => clock.now(), onTrouble: say,
  })]))
  const pods = [...connections].map(([node, connection]) => new NodePods({ node, connection, store, divert: (changes) => statics.get(node)?.divert(changes) ?? changes, onTrouble: say }))
  const names = configuration.nodes.map(({ shape }) => shape.name)
  const observer = configuration.observer === undefined ? undefined : openConnection({ url: configuration.url, authority: configuration.authority, ...configuration.observer })
  const policies = followPolicies({ connection: observer ?? first, view: store.view, network, nodes: names, dnsAddresses: dnsAddresses(configuration), onTrouble: say })
  const handlers = await runtime.handlers()
  let collection: ImageCollection | undefined
  let stopPressure = (): void => {}
  let podResources: readonly ReturnType<typeof servePodResources>[] = []
  // Pods of the view are compared with what runs: first the view must be whole, or all would look like strays.
  const kubeletReady = Promise.all([...feeds, ...pods, policies].map((feed) => feed.filled)).then(async () => {
    const ring = (): void => { loop.ring('kubelets') }
    const overHttp = showingLeases(submitOverHttp(connectionOf, createEventRecorder(() => clock.now())), store, connectionOf)
    const submit = [...statics.values()].reduce((next, each) => each.submitting(next), overHttp)
    await Promise.all([...statics.values()].map((each) => each.start()))
    const living = cpus === undefined ? undefined : new Set(names.flatMap((name) => [...store.view.by(podsByNode, name)].filter((pod) => !isTerminal(pod)).map(({ metadata }) => metadata.uid)))
    cpus?.retain((uid) => living?.has(uid) === true)
    const kubelet = createKubelet({
      nodes: configuration.nodes.map(({ shape }) => ({ ...shape, handlers })), view: store.view, changes: (after) => store.changes(after), runtime: counts.runtime, clock, ring,
      submit, cluster: { dns: configuration.clusterDns, servers: dnsServers(configuration), domain: configuration.clusterDomain },
      ...(cpus === undefined ? {} : { exclusive: cpus }),
      ...(cni === undefined ? {} : { networkTrouble: (node: string) => cni.trouble(node) }),
      extended: (node) => devicePlugins.get(node)?.resources() ?? {}, deviceHealth: (node) => deviceHealth.get(node),
      volumesInUse: (node) => drivers.csiOf(node)?.inUse() ?? [],
      certificates: certificatesOverHttp({ connectionOf, store, onTrouble: say, now: () => clock.now() }),
      tokens: tokensOverHttp(connectionOf, (message) => { say(message) }, () => clock.now()),
    })
    nodeChanged = (node) => { kubelet.nodeChanged(node); ring() }
    podsChanged = (uids) => { for (const uid of uids) kubelet.podChanged(uid) }
    podResources = [...devicePlugins].map(([node, plugins]) => servePodResources({ directory: podResourcesDirectory(configuration.stateDirectory, node), pods: () => store.view.by(podsByNode, node), plugins, drivers: drivers.of(node), cpus, onTrouble: say, now: () => performance.now() }))
    drivers.keep((uid) => { const found = runtime.observed().pods.get(uid); return found !== undefined && found.sandbox.is !== 'gone' })
    cni?.sweep((uid) => runtime.observed().pods.has(uid)).catch((error: unknown) => { say(`CNI plugins: ${String(error)}`) })
    for (const plugins of devicePlugins.values()) plugins.retain((uid) => runtime.observed().pods.has(uid))
    // A node that was taken from this machine leaves nothing running: no kubelet answers for its pods any more.
    for (const [uid, { spec }] of runtime.observed().pods) if (!connections.has(spec.node)) runtime.submit({ do: 'teardown', pod: uid })
    const collected = collectImages({ images, directory: imagesDirectory(configuration), runtime, store, submit, nodes: names, limits: imageLimitsOf(configuration.kubelet ?? {}), now: () => clock.now() })
    collection = collected
    stopPressure = watchPressure({ kubelet, view: store.view, nodes: names, measurable: () => runtime.measurable(), stateDirectory: configuration.stateDirectory, imagesDirectory: imagesDirectory(configuration), reclaim: async () => { await runtime.removeEnded(); await collected.removeUnused() }, thresholds, transitionMs: transitionMsOf(configuration.kubelet ?? {}), onTrouble: say })
    store.onCommit(() => { ring(); for (const each of statics.values()) each.look() })
    loop.add('kubelets', () => kubelet.step())
  })

  const answer = nameServer({ view: store.view, zone: configuration.clusterDomain })
  // Rules and names that an earlier agent has left stand until the whole view is there to replace them.
  await Promise.all([...feeds.map((feed) => feed.filled), policies.filled])
  const stopMachines = configuration.machine === undefined ? () => {} : followMachines({ store, network, machine: configuration.machine, cluster: configuration.authority, connections, onTrouble: say })
  // On every node, for its pods, and on the hub, for the machine.
  const namespaces = [network.hub.namespace, ...names.flatMap((name) => network.node(name)?.namespace ?? [])]
  const sockets = namespaces.flatMap((namespace) => dnsAddresses(configuration).map((address) => openSockets(namespace, { address, port: dnsPort })))
  for (const each of sockets) serveDns(each, answer)
  const stopServices = followServices({ store, network, nodes: names, onTrouble: say })
  await kubeletReady
  const stopRotating = credentials.map((own) => keepRotating({ credentials: own, connection: connections.get(own.node) ?? first, now: () => clock.now(), say, chance: Math.random() }))
  say(`playing ${names.join(', ')}`)
  return {
    stop: () => {
      link.close()
      collection?.stop()
      for (const stop of stopRotating) stop()
      for (const stop of stopServers) stop()
      stopPressure()
      for (const each of [...podResources, ...devicePlugins.values()]) each.close()
      drivers.close()
      for (const each of statics.values()) each.close()
      stopServices()
      stopMachines()
      for (const each of sockets) each.close()
      policies.stop()
      observer?.close()
      for (const feed of [...feeds, ...pods]) feed.stop()
      for (const connection of connections.values()) connection.close()
      runtime.close()
      cni?.close()
      network.close()
      clock.stop()
    },
  }
}
