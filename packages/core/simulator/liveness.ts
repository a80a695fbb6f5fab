import { byUid, deployments, jobs, nodes, type Pod, pods, statefulSets } from '../api/index.ts'
import { failedAtMark } from '../api/simulated.ts'
import { Broken } from './invariants.ts'
import type { SimulatedWorld } from './world.ts'

/** How much time a healed cluster gets to settle, and how many turns. */
const healMs = 2 * 3_600_000
const turnsMax = 400_000

/** Ends all faults, makes room, lets the cluster settle, and says what is not as it should be. Throws `Broken`. */
export function heal(world: SimulatedWorld): void {
  world.setFaulty(false)
  for (const node of world.cluster.store.view.list(nodes)) {
    world.request('PATCH', `/api/v1/nodes/${node.metadata.name}`, { metadata: { annotations: { [failedAtMark]: null } }, spec: { unschedulable: false } })
  }
  const until = world.clock.now() + healMs
  let turns = 0
  const settle = (): void => { while (world.turn()) if (++turns > turnsMax) throw new Broken('a healed cluster settles', `it still works after ${turnsMax} turns`) }
  settle()
  while (world.clock.advanceToNext(until)) settle()
  world.clock.advanceTo(until)
  settle()
  const faults = unsettled(world)
  if (faults.length > 0) throw new Broken('a healed cluster settles', faults.slice(0, 5).join('; '))
}

function unsettled(world: SimulatedWorld): readonly string[] {
  const { view } = world.cluster.store
  const faults: string[] = []
  const say = (fine: boolean, fault: string): void => { if (!fine) faults.push(fault) }
  const all = [...view.list(pods)]
  const waiting = new Set(all.filter((pod) => (pod.spec.nodeName ?? '') === '').map((pod) => pod.metadata.ownerReferences?.[0]?.name))
  for (const { metadata, spec, status } of view.list(deployments)) {
    const wanted = spec.replicas ?? 1
    // A cluster without room for all is full, not broken.
    const full = [...waiting].some((name) => name?.startsWith(metadata.name) === true)
    say(full || (status.observedGeneration === metadata.generation && (status.updatedReplicas ?? 0) === wanted && (status.availableReplicas ?? 0) === wanted && (status.replicas ?? 0) === wanted), `Deployment ${metadata.name} wants ${wanted} and says ${JSON.stringify({ ...status, conditions: undefined })}`)
  }
  for (const { metadata, spec, status } of view.list(statefulSets)) {
    const wanted = spec.replicas ?? 1
    say(waiting.has(metadata.name) || ((status.readyReplicas ?? 0) === wanted && (status.replicas ?? 0) === wanted), `StatefulSet ${metadata.name} wants ${wanted} and says ${JSON.stringify(status)}`)
  }
  for (const { metadata, status } of view.list(jobs)) {
    say(waiting.has(metadata.name) || (status.conditions?.some((one) => (one.type === 'Complete' || one.type === 'Failed') && one.status === 'True') ?? false), `Job ${metadata.name} says ${JSON.stringify(status)}`)
  }
  for (const pod of all) {
    const { name, deletionTimestamp, ownerReferences } = pod.metadata
    say(deletionTimestamp === undefined, `Pod ${name} is still being deleted`)
    const owner = ownerReferences?.[0]
    say(owner === undefined || [...view.by(byUid, owner.uid)].length > 0, `Pod ${name} has outlived its owner ${owner?.kind} ${owner?.name}`)
    say((pod.spec.nodeName ?? '') === '' || isDoneOrReady(pod), `Pod ${name} on ${pod.spec.nodeName} is ${pod.status.phase}: ${JSON.stringify(pod.status.containerStatuses?.map((one) => one.state))}`)
  }
  const uids = new Set(all.map((pod) => pod.metadata.uid))
  for (const [uid, running] of world.runtime.observed().pods) say(uids.has(uid), `the runtime still has pod ${running.spec.name}, which is no more`)
  return faults
}

function isDoneOrReady(pod: Pod): boolean {
  if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return true
  return pod.status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
}
