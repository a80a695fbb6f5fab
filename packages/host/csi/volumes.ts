// Has CSI drivers mount the volumes of a node's pods, and undo that. Order, paths and messages: upstream's CSI volume plugin.
import { mkdirSync, rmdirSync, unlinkSync, lstatSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { VolumeAttachment } from '@kubeskiff/core/api'
import { wordsOf } from '@kubeskiff/core/base'
import type { VolumeSpec } from '@kubeskiff/core/kubelet'
import { attachmentName, csiVolumeName } from '@kubeskiff/core/rules'
import { mountsBelow } from '../linux/mounts.ts'
import { givingBack, kubeletDirectory, type PluginHandler } from '../plugins/index.ts'
import { type CsiDriver, CsiDrivers, type CsiNodeInfo } from './drivers.ts'
import { HeldVolumes, keyOf } from './held.ts'
import { type Ability, type Capability, modeOf, readStats, type VolumeStats, writeExpansion, writePlace, writePublishing, writeStaging, writeStatsWish } from './messages.ts'
import { stagingOf, targetOf } from './paths.ts'

export type CsiVolume = Extract<VolumeSpec, { readonly is: 'csi' }>
type Texts = Readonly<Record<string, string>>

/** The CSI volumes of one node. */
export interface CsiVolumes {
  /** Takes on the drivers that register. */
  readonly plugins: PluginHandler
  /** Has a volume mounted for a pod; what stands already is not asked for again. Says where it stands then, and why its file system has not followed it, where it has not. Rejects in upstream's words. */
  mount(pod: string, volume: CsiVolume): Promise<{ readonly placed: VolumeSpec; readonly ungrown?: string }>
  /** Has all volumes of a pod unmounted, and those that no other pod has given up. Rejects in upstream's words: it is to be asked again. */
  unmount(pod: string): Promise<void>
  /** The same for pods that are here no more. */
  retain(isHere: (pod: string) => boolean): Promise<void>
  /** The volumes that somebody has attached and pods use, by their names in the node's status. */
  inUse(): readonly string[]
  /** What the driver counts of a volume of a pod, by its path here: as far as it does. Undefined for what is no driver's. Rejects where the driver does not answer. */
  stats(path: string): Promise<VolumeStats | undefined>
  close(): void
}

export interface CsiOptions {
  readonly node: string
  /** What drivers know as /var/lib/kubelet. */
  readonly directory: string
  /** What is mounted is written down here. */
  readonly file: string
  /** Names the mounts that we see. */
  readonly mounts: string
  readonly install: (driver: string, info: CsiNodeInfo) => Promise<void>
  readonly uninstall: (driver: string) => Promise<void>
  /** How often a driver is to be asked how many volumes it can take; undefined: it does not change. */
  readonly askAgainMs: (driver: string) => number | undefined
  /** The texts of a Secret. Rejects with the server's words. */
  readonly fetchSecret: (namespace: string, name: string) => Promise<Texts>
  readonly fetchAttachment: (name: string) => Promise<VolumeAttachment>
  /** `inUse` tells something else now. */
  readonly onUse: () => void
  /** Whether the node's status tells that a volume is in use. */
  readonly isTold: (volume: string) => boolean
  readonly onTrouble: (message: string) => void
}

/** The status of the node is written within moments; one that is not is not waited for any longer. */
const toldTries = 250
const toldMs = 20

/** The CSI drivers and volumes of a node; no driver has registered yet. */
export function openCsi(options: CsiOptions): CsiVolumes {
  const placeOf = (path: string): string => (path.startsWith(`${kubeletDirectory}/`) ? join(options.directory, path.slice(kubeletDirectory.length)) : path)
  const drivers = new CsiDrivers({ ...options, placeOf })
  const held = new HeldVolumes(options.file, options.mounts)
  /** What is asked about one volume is asked in order. */
  const turns = new Map<string, Promise<unknown>>()
  const inTurn = <Answer>(key: string, act: () => Promise<Answer>): Promise<Answer> => {
    const mine = (turns.get(key) ?? Promise.resolve()).then(act)
    const settled = mine.catch(() => undefined).finally(() => { if (turns.get(key) === settled) turns.delete(key) })
    turns.set(key, settled)
    return mine
  }

  async function mount(pod: string, spec: CsiVolume): Promise<{ readonly placed: VolumeSpec; readonly ungrown?: string }> {
    const { driver: name, handle, volume, isBlock, attached, isInline = false } = spec
    const words = isBlock ? { first: 'MapVolume.SetUpDevice', second: 'MapVolume.MapPodDevice' } : { first: 'MountVolume.MountDevice', second: 'MountVolume.SetUp' }
    const failing = <Answer>(step: string, act: () => Promise<Answer>): Promise<Answer> =>
      act().catch((error: Error) => { throw new Error(`${step} failed for volume "${spec.shown ?? spec.name}" : ${error.message}`) })
    const target = targetOf(spec, pod)
    const before = held.get(keyOf(spec))
    const mine = before?.pods[pod]
    let now = before ?? { driver: name, handle, volume, isBlock, isInline, attached, staged: 'no' as const, pods: {} }
    const isPublished = mine?.placed !== undefined && mine.turn === spec.turn
    // Nothing is to be asked of the driver, which may not have come back yet.
    if (isPublished && spec.expandTo === undefined) return { placed: { ...mine.placed, name: spec.name } }
    const { driver, abilities } = await failing(isInline || isPublished ? words.second : words.first, () => driverOf(name, isInline ? 'mounter.SetUpAt failed to get CSI client' : 'attacher.MountDevice failed to create newCsiDriverClient'))
    const capability = capabilityOf(spec, abilities)
    const given = placed(spec, placeOf(target), abilities)
    const staging = abilities.has('stages') && !isInline ? stagingOf(spec) : ''
    if (!isPublished) {
      now = held.put({ ...now, pods: { ...now.pods, [pod]: mine ?? { target } } })
      const attachment = attached ? await failing(words.first, () => attachmentOf(spec)) : {}
      if (staging !== '' && now.staged !== 'yes') {
        now = held.put({ ...now, staged: 'maybe' })
        await failing(words.first, async () => {
          const secrets = await secretsAt(spec.secrets.stage, 'NodeStageSecretRef')
          mkdirSync(placeOf(staging), { recursive: true, mode: 0o750 })
          await driver.call('NodeStageVolume', writeStaging({ volume: handle, attachment, staging, capability, secrets, attributes: spec.attributes }), nothing)
        })
        now = held.put({ ...now, staged: 'yes' })
      }
      await failing(words.second, async () => {
        const secrets = await secretsAt(spec.secrets.publish, 'NodePublishSecretRef')
        const tokens: Texts = spec.tokens === undefined ? {} : { 'csi.storage.k8s.io/serviceAccount.tokens': spec.tokens }
        const attributes = { ...spec.attributes, ...spec.podAttributes, ...(spec.tokensAreSecrets !== true && tokens) }
        mkdirSync(dirname(placeOf(target)), { recursive: true, mode: 0o750 })
        await driver.call('NodePublishVolume', writePublishing({ volume: handle, attachment, staging, target, capability, readOnly: spec.readOnly, secrets: { ...secrets, ...(spec.tokensAreSecrets === true && tokens) }, attributes }), nothing)
      })
      held.put({ ...now, pods: { ...now.pods, [pod]: { target, placed: given, ...(spec.turn !== undefined && { turn: spec.turn }) } } })
    }
    const ungrown = spec.expandTo === undefined || spec.readOnly || !abilities.has('expands') ? undefined : await expand(spec, driver, capability, { target, staging }, spec.expandTo)
    return { placed: given, ...(ungrown !== undefined && { ungrown }) }
  }

  async function driverOf(name: string, what: string): Promise<{ readonly driver: CsiDriver; readonly abilities: ReadonlySet<Ability> }> {
    try {
      const driver = drivers.of(name)
      return { driver, abilities: await driver.abilities() }
    } catch (error) { throw new Error(`kubernetes.io/csi: ${what}: ${wordsOf(error)}`) }
  }

  /** What its attacher tells of an attached volume; first the node has to have told that it is used, so that nobody detaches it. */
  async function attachmentOf({ driver, handle }: CsiVolume): Promise<Texts> {
    const used = csiVolumeName(driver, handle)
    options.onUse()
    for (let tries = 0; !options.isTold(used); tries += 1) {
      if (tries === toldTries) throw new Error(`volume ${used} has not been added to the list of VolumesInUse in the node's volume status`)
      await new Promise((resolve) => { setTimeout(resolve, toldMs) })
    }
    const name = attachmentName(driver, handle, options.node)
    const { metadata, status } = await options.fetchAttachment(name)
    if (metadata.deletionTimestamp !== undefined) throw new Error('volume attachment is being deleted')
    if (status.attached !== true) throw new Error(status.attachError?.message ?? `volume ${handle} is not attached: VolumeAttachment ${name}`)
    return status.attachmentMetadata ?? {}
  }

  async function secretsAt(place: CsiVolume['secrets']['stage'], what: string): Promise<Texts> {
    if (place?.name === undefined) return {}
    const { namespace = '', name } = place
    return options.fetchSecret(namespace, name).catch((error: Error) => { throw new Error(`fetching ${what} ${namespace}/${name} failed: ${error.message}`) })
  }

  async function expand(spec: CsiVolume, driver: CsiDriver, capability: Capability, at: { readonly target: string; readonly staging: string }, bytes: number): Promise<string | undefined> {
    try {
      const secrets = await secretsAt(spec.secrets.expand, 'NodeExpandSecretRef')
      await driver.call('NodeExpandVolume', writeExpansion({ volume: spec.handle, path: at.target, bytes, staging: at.staging, capability, secrets }), nothing)
      return undefined
    } catch (error) { return wordsOf(error) } // told with the claim, and asked again
  }

  async function release(pod: string, key: string): Promise<void> {
    const volume = held.get(key)
    const mine = volume?.pods[pod]
    if (volume === undefined || mine === undefined) return
    const driver = drivers.of(volume.driver)
    await driver.call('NodeUnpublishVolume', writePlace({ volume: volume.handle, path: mine.target }), nothing).catch((error: Error) => { throw new Error(`kubernetes.io/csi: ${volume.isBlock ? 'blockMapper.unpublishVolume' : 'Unmounter.TearDownAt'} failed: ${error.message}`) })
    leave(placeOf(mine.target), volume.isBlock ? placeOf(`${kubeletDirectory}/plugins/kubernetes.io`) : placeOf(`${kubeletDirectory}/pods`))
    const { [pod]: _, ...others } = volume.pods
    if (Object.keys(others).length > 0) { held.put({ ...volume, pods: others }); return }
    // As long as that is not done the volume is this pod's.
    held.put({ ...volume, staged: volume.staged === 'no' ? 'no' : 'maybe', pods: { [pod]: { target: mine.target } } })
    if (volume.staged !== 'no') {
      const path = stagingOf(volume)
      await driver.call('NodeUnstageVolume', writePlace({ volume: volume.handle, path }), nothing).catch((error: Error) => { throw new Error(`kubernetes.io/csi: ${volume.isBlock ? 'blockMapper.unstageVolume' : 'attacher.UnmountDevice'} failed: ${error.message}`) })
      leave(placeOf(path), placeOf(`${kubeletDirectory}/plugins/kubernetes.io`))
    }
    held.remove(volume)
    if (volume.attached) options.onUse()
  }

  async function unmount(pod: string): Promise<void> {
    const failures: string[] = []
    for (const volume of held.of(pod)) {
      await inTurn(keyOf(volume), () => release(pod, keyOf(volume))).catch((error: Error) => { failures.push(`UnmountVolume.TearDown failed for volume "${volume.volume}" : ${error.message}`) })
    }
    if (failures.length > 0) throw new Error(failures.join('\n'))
  }

  return {
    plugins: drivers,
    mount: (pod, volume) => inTurn(keyOf(volume), () => mount(pod, volume)),
    unmount,
    retain: givingBack({ pods: () => held.pods(), giveBack: unmount, what: 'volumes', onTrouble: options.onTrouble }),
    inUse: () => held.all().filter(({ attached }) => attached).map(({ driver, handle }) => csiVolumeName(driver, handle)).sort(),
    async stats(path) {
      for (const volume of held.all()) {
        const mine = Object.values(volume.pods).find(({ target }) => placeOf(target) === path)
        if (mine === undefined) continue
        const { driver, abilities } = await driverOf(volume.driver, 'NodeGetVolumeStats')
        return abilities.has('tellsStats') ? driver.call('NodeGetVolumeStats', writeStatsWish({ volume: volume.handle, path: mine.target, staging: volume.staged === 'no' ? '' : stagingOf(volume) }), readStats) : {}
      }
      return undefined
    },
    close() { drivers.close() },
  }
}

const nothing = (): object => ({})

function capabilityOf(spec: CsiVolume, abilities: ReadonlySet<Ability>): Capability {
  const mode = modeOf(spec.accessMode, abilities.has('tellsWriters'))
  if (spec.isBlock) return { mode }
  return { mode, mount: { fsType: spec.fsType, options: spec.options, group: abilities.has('givesToGroup') && spec.group !== undefined ? String(spec.group) : '' } }
}

/** What the container is given: a folder, or a device. */
function placed({ name, shown, isBlock, group, groupOnMismatch, mayGive, readOnly }: CsiVolume, path: string, abilities: ReadonlySet<Ability>): VolumeSpec {
  const called = { name, ...(shown !== undefined && { shown }) }
  if (isBlock) return { ...called, is: 'disk', path, ...(group !== undefined && { group }) }
  const gives = group !== undefined && mayGive === true && !readOnly && !abilities.has('givesToGroup')
  return { ...called, is: 'directory', path, ...(gives && { group, ...(groupOnMismatch === true && { groupOnMismatch }) }) }
}

/** Removes what a driver has left of a place, and the folders above it that hold nothing. What is mounted still, or holds something, is left alone. */
function leave(place: string, until: string): void {
  if (mountsBelow(place).length > 0) return
  try {
    const found = lstatSync(place, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) rmdirSync(place)
    else if (found !== undefined) unlinkSync(place)
    for (let above = dirname(place); above.startsWith(`${until}/`); above = dirname(above)) rmdirSync(above)
  } catch {
    return // Not empty: it is somebody's.
  }
}
