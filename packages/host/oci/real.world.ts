import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Clock } from '@kubeskiff/core/base'
import type { Check, ContainerSpec, RuntimeCommand, RuntimeEvent, SandboxSpec, VolumeSpec } from '@kubeskiff/core/kubelet'
import { buildImage, openImageStore, type ImageStore } from '../images/index.ts'
import { detach, mountsBelow, probeHost } from '../linux/index.ts'
import { createNetwork, removeNetwork, type ClusterNetwork } from '../network/index.ts'
import { createOciRuntime, leaveNothing, type OciRuntime } from './index.ts'
import type { OpenProcess } from './streams.ts'

/** For tests of real containers: a network of two nodes, a runtime, an image, and words to drive them. */
export interface RealWorld {
  runtime: OciRuntime
  network: ClusterNetwork
  readonly images: ImageStore
  readonly directory: string
  readonly events: RuntimeEvent[]
  /** Sandbox and volumes; resolves when both are ready. Answers the pod's address. */
  pod(uid: string, spec?: Partial<SandboxSpec>, volumes?: readonly VolumeSpec[]): Promise<string>
  /** Starts a container; resolves when it runs or failed to. */
  start(pod: string, container: string, spec: Partial<ContainerSpec>, attempt?: number): Promise<RuntimeEvent>
  exited(pod: string, container: string): Promise<Extract<RuntimeEvent, { is: 'exited' }>>
  check(pod: string, container: string, check: Check, timeoutSeconds?: number): Promise<{ readonly ok: boolean; readonly output: string }>
  exec(pod: string, container: string, ...command: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>
  log(pod: string, container: string): Promise<string>
  teardown(pod: string): Promise<void>
  /** As an agent that dies and comes back: a new network and runtime on what the old ones left. */
  restart(): void
  event<Kind extends RuntimeEvent['is']>(is: Kind, matches: (event: Extract<RuntimeEvent, { is: Kind }>) => boolean): Promise<Extract<RuntimeEvent, { is: Kind }>>
  close(): Promise<void>
}

export const testImage = 'skiff.test/busybox:1'
const eventTimeoutMs = 30_000
const settings = { nodeNetwork: '172.30.0.0/24', podNetwork: '10.244.0.0/16', serviceNetwork: '10.96.0.0/16', balancedNetwork: '172.30.1.0/24', dnsAddress: '10.96.0.10', reachableFromHost: true, egress: false }
const clock: Clock = { now: () => Date.now(), wake: () => undefined, onWake: () => () => undefined }

/** Makes a directory with the tests' image in its store. Where packages can be fetched: outside of private networks. */
export async function prepareRealWorld(): Promise<string> {
  const directory = mkdtempSync(`${tmpdir()}/skiff-real-`)
  const cacheDirectory = `${tmpdir()}/kubeskiff-test-packages`
  mkdirSync(cacheDirectory, { recursive: true })
  const greeting = { path: '/greeting', is: 'file', content: 'hello from the image\n' } as const
  await buildImage({ reference: testImage, base: 'busybox', files: [greeting], settings: { Cmd: ['sh'], Env: ['FROM_IMAGE=yes'] } }, openImageStore(`${directory}/images`), { cacheDirectory })
  return directory
}

/** A world in a directory that `prepareRealWorld` made. Call inside private mount and network namespaces. */
export function makeRealWorld(directory: string, cgroupRoot: string): RealWorld {
  const images = openImageStore(`${directory}/images`)
  const events: RuntimeEvent[] = []
  const waiting = new Set<(event: RuntimeEvent) => void>()

  const open = (): { readonly network: ClusterNetwork; readonly runtime: OciRuntime } => {
    const network = createNetwork(settings, `${directory}/network`)
    const runtime = createOciRuntime({ stateDirectory: `${directory}/state`, network, images, registry: {}, host: probeHost(), clock, cgroupRoot })
    network.addNode({ name: 'north', podNetworks: ['10.244.1.0/24'] })
    network.addNode({ name: 'south', podNetworks: ['10.244.2.0/24'] })
    runtime.onEvent((event) => {
      events.push(event)
      for (const wait of waiting) wait(event)
    })
    return { network, runtime }
  }

  const event: RealWorld['event'] = (is, matches) => {
    const asked = new Error(`no event ${is} came`)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(wait)
        reject(asked)
      }, eventTimeoutMs).unref()
      const wait = (candidate: RuntimeEvent): void => {
        if (!isOf(candidate, is) || !matches(candidate)) return
        clearTimeout(timer)
        waiting.delete(wait)
        resolve(candidate)
      }
      waiting.add(wait)
    })
  }

  const world: RealWorld = {
    ...open(), images, directory, events, event,
    async pod(uid, spec = {}, volumes = []) {
      const failed = event('sandbox-failed', (one) => one.pod === uid).then((one) => { throw new Error(one.message) })
      const badVolumes = event('volumes-failed', (one) => one.pod === uid).then((one) => { throw new Error(one.failures[0]?.message) })
      for (const never of [failed, badVolumes]) never.catch(() => undefined)
      const ready = event('sandbox-ready', (one) => one.pod === uid)
      const mounted = event('volumes-ready', (one) => one.pod === uid)
      world.runtime.submit({ do: 'sandbox', pod: uid, spec: aSandbox({ name: uid, hostname: uid, ...spec }) })
      world.runtime.submit({ do: 'volumes', pod: uid, generation: 1, volumes })
      const sandbox = await Promise.race([ready, failed])
      await Promise.race([mounted, badVolumes])
      return sandbox.addresses[0] ?? ''
    },
    start(pod, container, spec, attempt = 0) {
      const answer = Promise.race([event('started', (one) => one.pod === pod && one.container === container), event('start-failed', (one) => one.pod === pod && one.container === container)])
      const command: RuntimeCommand = { do: 'start', pod, container, attempt, spec: aContainer(spec) }
      world.runtime.submit(command)
      return answer
    },
    exited(pod, container) {
      const known = events.findLast((one): one is Extract<RuntimeEvent, { is: 'exited' }> => one.is === 'exited' && one.pod === pod && one.container === container)
      return known === undefined ? event('exited', (one) => one.pod === pod && one.container === container) : Promise.resolve(known)
    },
    async check(pod, container, check, timeoutSeconds = 30) {
      const id = `check-${checks += 1}`
      const answer = event('checked', (one) => one.id === id)
      world.runtime.submit({ do: 'check', pod, container, attempt: 0, id, check, timeoutSeconds })
      const { ok, output } = await answer
      return { ok, output }
    },
    exec: async (pod, container, ...command) => collect(world.runtime.openExec(pod, container, command, { stdin: false, tty: false })),
    log: (pod, container) => text(world.runtime.openLog(pod, container, {}, { follow: false, timestamps: false })),
    async teardown(pod) {
      const gone = event('torn-down', (one) => one.pod === pod)
      world.runtime.submit({ do: 'teardown', pod })
      await gone
    },
    restart() {
      world.runtime.close()
      world.network.close()
      Object.assign(world, open())
    },
    async close() {
      await Promise.all([...world.runtime.observed().pods.keys()].map((uid) => world.teardown(uid)))
      world.runtime.close()
      world.network.close()
      removeNetwork(`${directory}/network`)
      leaveNothing(`${directory}/state`)
      for (const point of mountsBelow(directory)) detach(point)
    },
  }
  return world
}

let checks = 0

function isOf<Kind extends RuntimeEvent['is']>(event: RuntimeEvent, is: Kind): event is Extract<RuntimeEvent, { is: Kind }> {
  return event.is === is
}

export async function text(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let all = ''
  for await (const chunk of stream) all += chunk.toString()
  return all
}

export async function collect(opened: OpenProcess): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const [stdout, stderr, ending] = await Promise.all([text(opened.stdout), opened.stderr === undefined ? '' : text(opened.stderr), opened.ended])
  return 'code' in ending ? { code: ending.code, stdout, stderr } : { code: -1, stdout, stderr: ending.failed }
}

export function aSandbox(spec: Partial<SandboxSpec>): SandboxSpec {
  return {
    node: 'north', namespace: 'default', name: 'pod', hostname: 'pod', domain: '', hostNetwork: false, hostPid: false, hostIpc: false, shareProcessNamespace: false,
    dns: { nameservers: ['10.96.0.10'], searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'], options: ['ndots:5'] },
    hostAliases: [], sysctls: [], hostPorts: [], qos: 'BestEffort', labels: {}, annotations: {}, ...spec,
  }
}

export function aContainer(spec: Partial<ContainerSpec>): ContainerSpec {
  return {
    image: testImage, command: ['sleep', '1000'], args: [], env: [], workingDir: '', mounts: [], stdin: false, stdinOnce: false, tty: false,
    resources: { cpuMillisRequested: 0, memoryBytesRequested: 0 },
    terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', ...spec,
    security: { ...plain, ...spec.security },
  }
}

const plain: ContainerSpec['security'] = { supplementalGroups: [], privileged: false, readOnlyRoot: false, allowPrivilegeEscalation: true, mustRunAsNonRoot: false, capabilitiesAdded: [], capabilitiesDropped: [] }
/** The security context of an ordinary container, with what a test is about. */
export const security = (changed: Partial<ContainerSpec['security']>): ContainerSpec['security'] => ({ ...plain, ...changed })
