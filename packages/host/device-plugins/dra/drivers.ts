import { join } from 'node:path'
import type { ResourceClaim } from '@kubeskiff/core/api'
import type { SandboxSpec } from '@kubeskiff/core/kubelet'
import { ask, givingBack, kubeletDirectory, type PluginHandler, rpcText } from '../../plugins/index.ts'
import { type HeldClaim, HeldClaims } from './claims.ts'
import { type DeviceHealth, DevicesHealth } from './health.ts'
import { type ClaimReference, type PreparedDevice, readPrepared, readUnprepared, writeClaims } from './messages.ts'
import { DriverPlugins } from './plugins.ts'

/** The DRA drivers of one node. */
export interface DeviceDrivers {
  /** Takes on the drivers that register. */
  readonly plugins: PluginHandler
  /** Has drivers prepare the claims of a pod; what is prepared already is not asked for again. Rejects in upstream's words. */
  prepare(pod: ClaimReference, claims: NonNullable<SandboxSpec['claims']>): Promise<void>
  /** The CDI devices that requests of prepared claims stand for. Throws where a claim is not prepared. */
  devices(namespace: string, wanted: readonly ClaimUse[]): readonly string[]
  /** The devices themselves, and how they are; none where the claim is not prepared. */
  claimed(namespace: string, wanted: ClaimUse): readonly ClaimedDevice[]
  /** Has drivers undo what they prepared for this pod and no other. Rejects in upstream's words: it is to be asked again. */
  unprepare(pod: string): Promise<void>
  /** The same for pods that are here no more. */
  retain(isHere: (pod: string) => boolean): Promise<void>
  close(): void
}

/** All that a claim holds, or what was asked for by one of its requests. */
export interface ClaimUse { readonly claim: string; readonly request?: string }
export interface ClaimedDevice extends PreparedDevice, DeviceHealth { readonly driver: string }

export interface DriverOptions {
  /** Where `plugins` stand: what drivers know as /var/lib/kubelet. */
  readonly directory: string
  /** What is prepared is written down here. */
  readonly file: string
  /** Reads a claim. Rejects with the server's words. */
  readonly fetchClaim: (namespace: string, name: string) => Promise<ResourceClaim>
  /** Removes the ResourceSlices of the node that a driver has published, or all. */
  readonly wipeSlices: (driver: string | undefined) => void
  readonly onTrouble: (message: string) => void
  /** Devices of these pods are well or unwell now, or it is not known any more. */
  readonly onHealth?: (pods: readonly string[]) => void
  /** How long a driver may be away before its slices go; as upstream's unless it is said. */
  readonly wipeAfterMs?: number
}

/** As upstream's. */
const callTimeoutMs = 45_000
const wipeAfterDefaultMs = 30_000

/** The drivers of a node, none of which has registered yet. What they published before is taken away, as upstream does when a kubelet starts: they publish it again. */
export function openDeviceDrivers(options: DriverOptions): DeviceDrivers {
  const { directory, file, onTrouble, wipeAfterMs = wipeAfterDefaultMs } = options
  const held = new HeldClaims(file)
  const wipes = new Map<string, NodeJS.Timeout>()
  const placeOf = (path: string): string => (path.startsWith(`${kubeletDirectory}/`) ? join(directory, path.slice(kubeletDirectory.length)) : path)
  const health = new DevicesHealth((driver, isChanged) => { options.onHealth?.(held.podsWith(driver, isChanged)) }, () => Date.now())
  const plugins = new DriverPlugins(placeOf, health, (driver, isUsable) => {
    if (isUsable) { clearTimeout(wipes.get(driver)); wipes.delete(driver); return }
    if (!wipes.has(driver)) wipes.set(driver, setTimeout(() => { wipes.delete(driver); options.wipeSlices(driver) }, wipeAfterMs))
  })
  options.wipeSlices(undefined)

  /** One at a time: claims may be several pods'. */
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <Answer>(act: () => Promise<Answer>): Promise<Answer> => {
    const mine = turn.then(act)
    turn = mine.catch(() => undefined)
    return mine
  }

  async function prepare(pod: ClaimReference, claims: NonNullable<SandboxSpec['claims']>): Promise<void> {
    // Nothing is written down before all of this holds: the pod can go without a driver then.
    const found: { readonly claim: ResourceClaim; readonly drivers: readonly string[] }[] = []
    for (const { name, isOwn } of claims) {
      const claim = await options.fetchClaim(pod.namespace, name).catch((error: Error) => { throw new Error(`fetch ResourceClaim ${name}: ${error.message}`) })
      const { uid, ownerReferences = [] } = claim.metadata
      if (isOwn && !ownerReferences.some((owner) => owner.controller === true && owner.uid === pod.uid)) throw new Error(`ResourceClaim ${pod.namespace}/${name} was not created for pod ${pod.namespace}/${pod.name} (pod is not owner)`)
      if (claim.status?.reservedFor?.some((user) => user.uid === pod.uid) !== true) throw new Error(`pod ${pod.name} (${pod.uid}) is not allowed to use ResourceClaim ${name} (${uid})`)
      if (claim.status.allocation === undefined) throw new Error(`ResourceClaim ${name}: not allocated`)
      const drivers = [...new Set((claim.status.allocation.devices?.results ?? []).map(({ driver }) => driver))]
      for (const driver of drivers) plugins.of(driver)
      found.push({ claim, drivers })
    }
    const open: HeldClaim[] = []
    for (const { claim: { metadata: { name, uid } }, drivers } of found) {
      const before = held.get(pod.namespace, name)
      if (before !== undefined && before.uid !== uid) throw new Error(`old ResourceClaim with same name ${name} and different UID ${before.uid} still exists (previous pod force-deleted?!)`)
      const claim: HeldClaim = before === undefined
        ? { namespace: pod.namespace, name, uid, pods: [pod.uid], drivers: Object.fromEntries(drivers.map((driver) => [driver, []])), isPrepared: false }
        : { ...before, pods: [...new Set([...before.pods, pod.uid])] }
      held.put(claim)
      if (!claim.isPrepared) open.push(claim)
    }
    const answered = new Map<string, HeldClaim['drivers']>()
    for (const [driver, asked] of byDriver(open)) {
      const { client, service } = plugins.of(driver)
      const answer = await ask(await client, `${service}/NodePrepareResources`, writeClaims(asked), readPrepared, callTimeoutMs).catch((error: Error) => { throw new Error(`NodePrepareResources: ${rpcText(error)}`) })
      complete('NodePrepareResources', asked, answer)
      for (const claim of asked) answered.set(claim.uid, { ...answered.get(claim.uid), [driver]: answer.get(claim.uid)?.devices ?? [] })
    }
    if (open.length > 0) held.put(...open.map((claim) => ({ ...claim, drivers: answered.get(claim.uid) ?? {}, isPrepared: true })))
  }

  async function unprepare(pod: string): Promise<void> {
    const claims = held.of(pod)
    if (claims.length === 0) return
    const last = claims.filter(({ pods }) => pods.length === 1)
    for (const [driver, asked] of byDriver(last)) {
      const { client, service } = plugins.of(driver)
      const answer = await ask(await client, `${service}/NodeUnprepareResources`, writeClaims(asked), readUnprepared, callTimeoutMs).catch((error: Error) => { throw new Error(`NodeUnprepareResources: ${rpcText(error)}`) })
      complete('NodeUnprepareResources', asked, answer)
    }
    held.put(...claims.filter((claim) => !last.includes(claim)).map((claim) => ({ ...claim, pods: claim.pods.filter((uid) => uid !== pod) })))
    held.remove(...last)
  }

  return {
    plugins,
    prepare: (pod, claims) => inTurn(() => prepare(pod, claims)).catch((error: Error) => { throw new Error(`prepare dynamic resources: ${error.message}`) }),
    devices: (namespace, wanted) => [...new Set(wanted.flatMap(({ claim: name, request }) => {
      const claim = held.get(namespace, name)
      if (claim === undefined) throw new Error(`internal error: unable to get claim info for ResourceClaim ${name} in namespace ${namespace}`)
      return Object.values(claim.drivers).flat().filter((device) => isFor(device, request)).flatMap(({ cdi }) => cdi)
    }))],
    claimed: (namespace, { claim, request }) => Object.entries(held.get(namespace, claim)?.drivers ?? {})
      .flatMap(([driver, devices]) => devices.filter((device) => isFor(device, request)).map((device) => ({ ...device, driver, ...health.of(driver, device.pool, device.device) }))),
    unprepare: (pod) => inTurn(() => unprepare(pod)).catch((error: Error) => { throw new Error(`unprepare dynamic resources: ${error.message}`) }),
    retain: givingBack({ pods: () => held.pods(), giveBack: (pod) => inTurn(() => unprepare(pod)), what: 'devices', onTrouble }),
    close() {
      plugins.close()
      health.close()
      for (const timer of wipes.values()) clearTimeout(timer)
    },
  }
}

const isFor = ({ requests }: PreparedDevice, request: string | undefined): boolean => request === undefined || requests.length === 0 || requests.some((each) => each === request || each.startsWith(`${request}/`))

function byDriver(claims: readonly HeldClaim[]): ReadonlyMap<string, readonly HeldClaim[]> {
  const found = new Map<string, HeldClaim[]>()
  for (const claim of claims) for (const driver of Object.keys(claim.drivers)) found.set(driver, [...found.get(driver) ?? [], claim])
  return found
}

/** Throws where a driver did not do all that it was asked for, in upstream's words. */
function complete(call: string, asked: readonly ClaimReference[], answer: ReadonlyMap<string, { readonly error: string }>): void {
  for (const [uid, { error }] of answer) {
    const claim = asked.find((one) => one.uid === uid)
    if (claim === undefined) throw new Error(`${call} returned result for unknown claim UID ${uid}`)
    if (error !== '') throw new Error(`${call} failed for ResourceClaim ${claim.name}: ${error}`)
  }
  if (answer.size < asked.length) throw new Error(`${call} skipped ${asked.length - answer.size} ResourceClaims`)
}
