import { rm } from 'node:fs/promises'
import type { SandboxSpec } from '@kubeskiff/core/kubelet'
import { isPinned } from '../linux/namespaces.ts'
import { type ClusterNetwork, hostPortsAt } from '../network/index.ts'
import type { Attempts } from './attempts.ts'
import { complain, type Held, newAttempt, type Pod } from './held.ts'
import type { PodPlaces } from './places.ts'
import { readRecords, strayPods, type PodRecord } from './records.ts'
import { leaveStage } from './stage.ts'
import type { StartPlace } from './start.ts'
import { releaseVolumes } from './volumes/index.ts'

/** Takes over what an earlier run of ours has left: running containers go on, half-made things are told as failed. */
export function adopt(held: Held, attempts: Attempts, place: StartPlace): void {
  const { places, network, cni } = place
  for (const uid of strayPods(places.pods)) void sweep(places.pod(uid)).catch(complain(uid))
  for (const found of readRecords(places.pods)) {
    const uid = found.record.uid
    const at = places.pod(uid)
    const lost = found.record.sandbox.is === 'ready' && !found.record.spec.hostNetwork && !isPinned(`${at.namespaces}/net`)
    const pending = found.record.sandbox.is === 'pending'
    const record: PodRecord = lost || pending ? { ...found.record, sandbox: { is: 'failed', message: lost ? 'the sandbox was lost when the machine or its namespace went away' : 'stopped while the sandbox was made' } } : found.record
    const pod: Pod = { record, order: Promise.resolve(), containers: new Map() }
    held.pods.set(uid, pod)
    if (record.users !== undefined && record.sandbox.is !== 'gone') place.ranges.keep(uid, record.users)
    if (record.seLinuxLabel !== undefined) place.seLinux.keep(record.seLinuxLabel)
    if (record.sandbox.is === 'ready' && !record.spec.hostNetwork) keepAddresses(network, uid, record.spec, record.sandbox.addresses, cni?.opensHostPorts(uid, record.spec.node) === true)
    for (const container of found.containers) {
      const attempt = newAttempt(container)
      pod.containers.set(container.container, [...(pod.containers.get(container.container) ?? []), attempt])
      if (container.state.is === 'creating') {
        held.noteAttempt(uid, attempt, { ...container, state: { attempt: container.state.attempt, image: container.state.image, is: 'failed', reason: 'CreateContainerError', message: 'stopped while the container was created', at: place.now() } })
        attempt.order = attempts.clearAway(uid, attempt).catch(complain(uid))
      } else if (container.state.is === 'running') {
        attempts.settleIfEnded(uid, attempt)
      } else {
        attempt.ended.resolve()
      }
    }
  }
}

/** Nothing runs in it: a pod is written down before anything is made, and its record goes last but for its files. */
async function sweep({ directory, stage }: PodPlaces): Promise<void> {
  leaveStage(stage)
  releaseVolumes(directory)
  await rm(directory, { recursive: true, force: true })
}

function keepAddresses(network: ClusterNetwork, uid: string, spec: SandboxSpec, addresses: readonly string[], portsAreOpen: boolean): void {
  network.keep(spec.node, uid, addresses)
  if (spec.hostPorts.length > 0 && !portsAreOpen) void network.openHostPorts(spec.node, uid, hostPortsAt(addresses, spec.hostPorts))
}
