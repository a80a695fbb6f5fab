import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { wordsOf } from '@kubeskiff/core/base'
import type { SandboxSpec, VolumeSpec } from '@kubeskiff/core/kubelet'
import { endThoseNaming, isAlive, signal } from '../linux/processes.ts'
import type { CsiVolumes } from '../csi/index.ts'
import type { Attempts } from './attempts.ts'
import { removeGroup } from './cgroups.ts'
import { limitPod, podGroup } from './groups.ts'
import { complain, type Held, type Pod } from './held.ts'
import type { PodRecord } from './records.ts'
import { makeSandbox, pauseRoot } from './sandbox.ts'
import { leaveStage, makeStage } from './stage.ts'
import type { StartPlace } from './start.ts'
import { prepareVolume, releaseDisks, releaseVolumes, volumePath } from './volumes/index.ts'

/** What can be done to whole pods. */
export interface Pods {
  sandbox(uid: string, spec: SandboxSpec): void
  volumes(uid: string, generation: number, specs: readonly VolumeSpec[]): void
  teardown(uid: string, keepLogs: boolean): void
}

/** Half a minute, each wait twice as long as the one before. */
const triesMost = 5

/** What stands around a pod's containers: made before them, and taken away after them. */
export function createPods(held: Held, attempts: Attempts, place: StartPlace): Pods {
  const { places, network, handlers } = place

  const inOrder = (uid: string, act: (pod: Pod) => Promise<void>, otherwise: (message: string) => void): void => {
    const pod = held.pods.get(uid)
    if (pod === undefined) return otherwise(`pod ${uid} has no sandbox`)
    pod.order = pod.order.then(() => act(pod)).catch((error) => otherwise(wordsOf(error)))
  }

  function sandbox(uid: string, spec: SandboxSpec): void {
    const old = held.pods.get(uid)
    const record: PodRecord = { uid, spec, sandbox: { is: 'pending' }, volumes: old?.record.volumes, volumeSpecs: old?.record.volumeSpecs ?? [], pause: undefined, ...(old?.record.seLinuxLabel !== undefined && { seLinuxLabel: old.record.seLinuxLabel }) }
    const pod: Pod = old ?? { record, order: Promise.resolve(), containers: new Map() }
    pod.record = record
    held.pods.set(uid, pod)
    held.changed()
    const failed = (message: string, more: { readonly forDevices?: true } = {}): void => {
      held.note(pod, { ...pod.record, sandbox: { is: 'failed', message } })
      held.tell({ is: 'sandbox-failed', pod: uid, message, ...more, at: place.now() })
    }
    inOrder(uid, async () => {
      const at = places.pod(uid)
      mkdirSync(at.directory, { recursive: true })
      await place.cni?.detach(uid, spec.node).catch(complain(uid))
      // What a failed or lost sandbox has left.
      network.detach(uid, spec.node, at.namespaces)
      await endStrayPause(pod)
      // As containerd, which knows its runtimes by name.
      const tools = spec.handler === undefined ? handlers.usual : handlers.byName.get(spec.handler)
      if (tools === undefined) throw new Error(`rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for ${JSON.stringify(spec.handler)} is configured`)
      const users = spec.ownUsers === true ? place.ranges.take(uid) : undefined
      if (users !== undefined) makeStage(places)
      const seLinuxLabel = pod.record.seLinuxLabel ?? place.seLinux.podLabel(spec.seLinux)
      held.save(pod, { ...pod.record, spec, sandbox: { is: 'pending' }, runtime: { runtime: tools.runtime, flags: tools.flags, signals: tools.signals }, ...(users !== undefined && { users }), ...(seLinuxLabel !== undefined && { seLinuxLabel }) })
      const why = await unprepared(uid, spec)
      if (why !== undefined) return failed(why, { forDevices: true })
      // Before anything runs in it: where the limits cannot be set, nothing is to be taken back.
      if (spec.resources !== undefined && place.host.cgroups !== 'none') limitPod(podGroup(place.cgroupRoot, spec.qos, uid), spec.qos, { ...spec.resources, processesMost: place.podPidsLimit, quota: place.cpus?.has(uid) === true ? 'none' : place.choices.cpuQuota })
      const made = await makeSandbox(uid, spec, at, { network, ...(place.cni === undefined ? {} : { cni: place.cni }), ...(place.resolverFile !== undefined && { resolverFile: place.resolverFile }) }, users)
      const now = place.now()
      held.save(pod, { ...pod.record, sandbox: { is: 'ready', addresses: made.addresses, at: now }, pause: made.pause })
      held.tell({ is: 'sandbox-ready', pod: uid, addresses: made.addresses, at: now })
    }, failed)
  }

  /** Why the claims of the pod's devices are not prepared; undefined when they are, or there are none. */
  async function unprepared(uid: string, { claims, node, namespace, name }: SandboxSpec): Promise<string | undefined> {
    if (claims === undefined) return undefined
    try { await place.driversOf(node)?.prepare({ uid, namespace, name }, claims); return undefined } catch (error) { return wordsOf(error) }
  }

  /** A holder of processes that nobody has written down: who started it died, or the sandbox has failed since. */
  async function endStrayPause({ record: { uid, spec, pause } }: Pod): Promise<void> {
    if (spec.shareProcessNamespace && (pause === undefined || !isAlive(pause))) await endThoseNaming(pauseRoot(places.pod(uid), spec.ownUsers === true))
  }

  /** As upstream, a pod is not gone before others have given up what is its; who fails for long does not hold it for ever: they are asked again later. */
  async function patiently(act: (() => Promise<void>) | undefined, failed: (error: unknown) => void): Promise<void> {
    for (let tries = 0; act !== undefined && tries < triesMost; tries += 1) {
      try { await act(); return } catch (error) { failed(error) }
      await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** tries))
    }
  }

  function mounted(uid: string, node: string, volume: Extract<VolumeSpec, { readonly is: 'csi' }>): ReturnType<CsiVolumes['mount']> {
    const csi = place.csiOf(node)
    if (csi === undefined) throw new Error(`node ${node} has no CSI drivers`)
    return csi.mount(uid, volume)
  }

  function volumes(uid: string, generation: number, specs: readonly VolumeSpec[]): void {
    const failed = (failures: readonly { readonly volume: string; readonly message: string }[]): void => {
      const pod = held.pods.get(uid)
      if (pod !== undefined) held.note(pod, { ...pod.record, volumes: { generation, failed: failures.map(({ message }) => message).join('\n') } })
      held.tell({ is: 'volumes-failed', pod: uid, generation, failures, at: place.now() })
    }
    inOrder(uid, async (pod) => {
      const at = places.pod(uid)
      mkdirSync(at.volumes, { recursive: true })
      const stamp = new Date(place.now()).toISOString().replaceAll(/[-:T]/g, '_').replace('Z', `.${generation}`)
      const failures: { readonly volume: string; readonly message: string }[] = []
      const ungrown: { readonly volume: string; readonly message: string }[] = []
      const placed: VolumeSpec[] = []
      for (const spec of specs) {
        try {
          // From here on a hostPath is where its node has it, and a driver's volume where the driver has mounted it.
          const made = spec.is === 'csi' ? await mounted(uid, pod.record.spec.node, spec) : undefined
          const volume = spec.is === 'hostPath' ? { ...spec, path: place.hostFiles.place(pod.record.spec.node, spec.path) } : made?.placed ?? spec
          if (made?.ungrown !== undefined) ungrown.push({ volume: spec.name, message: made.ungrown })
          placed.push(volume)
          const why = await prepareVolume(volume, at.volumes, stamp, {
            ungrown: pod.record.volumes?.ungrown?.find((one) => one.volume === volume.name)?.message,
            isOwned: pod.record.volumeSpecs.some((one) => one.name === volume.name && groupOf(one) === groupOf(volume)),
          })
          if (volume.is === 'files') place.seLinux.relabelAgain(uid, volume.name, volumePath(volume, at.volumes))
          if (why !== undefined) ungrown.push({ volume: volume.name, message: why })
        } catch (error) {
          failures.push({ volume: spec.name, message: place.hostFiles.told(pod.record.spec.node, wordsOf(error)) })
        }
      }
      if (failures.length > 0) return failed(failures)
      const kept = placed.map((volume): VolumeSpec => (volume.is === 'files' ? { ...volume, files: [] } : volume))
      held.note(pod, { ...pod.record, volumeSpecs: kept, volumes: { generation, ...(ungrown.length > 0 && { ungrown }) } })
      held.tell({ is: 'volumes-ready', pod: uid, generation, at: place.now() })
    }, (message) => { failed([{ volume: '', message }]) })
  }

  function teardown(uid: string, keepLogs: boolean): void {
    const pod = held.pods.get(uid)
    const gone = (): void => held.tell({ is: 'torn-down', pod: uid, at: place.now() })
    if (pod === undefined) return gone()
    pod.order = pod.order.then(async () => {
      const all = [...pod.containers.values()].flat()
      await Promise.all(all.map((attempt) => (keepLogs ? attempts.end(uid, attempt) : attempts.dispose(uid, attempt))))
      const at = places.pod(uid)
      // While its namespaces are still pinned: plugins take their interfaces out of them.
      const { cni } = place
      await patiently(cni && (() => cni.detach(uid, pod.record.spec.node)), (error) => { complain(uid)(error); held.tell({ is: 'teardown-failed', pod: uid, message: `rpc error: code = Unknown desc = ${wordsOf(error)}`, at: place.now() }) })
      if (pod.record.pause !== undefined) signal(pod.record.pause, 'SIGKILL')
      await endStrayPause(pod)
      leaveStage(at.stage)
      place.ranges.release(uid)
      place.seLinux.release(uid, pod.record.seLinuxLabel)
      releaseVolumes(at.directory)
      await releaseDisks(pod.record.volumeSpecs, [...held.pods.values()].flatMap((other) => (other === pod ? [] : other.record.volumeSpecs)))
      const csi = place.csiOf(pod.record.spec.node)
      await patiently(csi && (() => csi.unmount(uid)), complain(uid))
      network.detach(uid, pod.record.spec.node, at.namespaces)
      place.devicesOf(pod.record.spec.node)?.release(uid)
      const drivers = pod.record.spec.claims === undefined ? undefined : place.driversOf(pod.record.spec.node)
      await patiently(drivers && (() => drivers.unprepare(uid)), complain(uid))
      await removeGroup(podGroup(place.cgroupRoot, pod.record.spec.qos, uid))
      if (keepLogs) {
        const changes = all.map((attempt) => places.pod(uid).attempt(attempt.record.container, attempt.record.state.attempt)).flatMap((own) => [own.upper, own.work])
        for (const directory of [at.volumes, ...changes]) await rm(directory, { recursive: true, force: true })
        const { seLinuxLabel: _, ...record } = pod.record
        held.note(pod, { ...record, sandbox: { is: 'gone' }, volumes: undefined, volumeSpecs: [], pause: undefined })
      } else {
        await rm(at.directory, { recursive: true, force: true })
        held.pods.delete(uid)
      }
      gone()
    }).catch(complain(uid))
  }

  return { sandbox, volumes, teardown }
}

const groupOf = (volume: VolumeSpec): number | undefined => ('group' in volume ? volume.group : undefined)
