import { cronJobs, deployments, horizontalPodAutoscalers, jobs, nodes, pods, resourceQuotas } from '../api/index.ts'
import { failedAtMark } from '../api/simulated.ts'
import { Broken } from './broken.ts'
import { unsettled } from './settled.ts'
import { dedicated } from './templates.ts'
import { releaseAll } from './workload-acts.ts'
import type { SimulatedWorld } from './world.ts'

/** How long CronJobs go on in a healed cluster, how much time it then gets to settle, how long it is watched for doing nothing, and how many turns it may take. */
const cronMs = 12 * 60_000
const healMs = 2 * 3_600_000
const quietMs = 10 * 60_000
const turnsMax = 60_000
/** A settled cluster still forgets old Events. */
const quietCommitsMax = 150
const retryMs = 300_000
const lookMs = 15_000

/** Ends all faults, makes room, lets the cluster settle, and says what is not as it should be. Throws `Broken`. */
export function heal(world: SimulatedWorld): void {
  const { view } = world.cluster.store
  world.setFaulty(false)
  const played = new Set(world.nodeNames())
  for (const node of view.list(nodes)) {
    // Its deletion was refused when its machine went.
    if (!played.has(node.metadata.name)) { world.request('DELETE', `/api/v1/nodes/${node.metadata.name}`); continue }
    world.request('PATCH', `/api/v1/nodes/${node.metadata.name}`, { metadata: { annotations: { [failedAtMark]: null } }, spec: { unschedulable: false, taints: (node.spec.taints ?? []).filter(({ key }) => key !== dedicated) } })
  }
  releaseAll(world)
  for (const { metadata } of view.list(deployments)) world.request('PATCH', `/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}`, { spec: { paused: false } })
  suspendCronJobs(world, false)
  pass(world, cronMs)
  // Where a quota bounds, there may be no room for a Job.
  const bounded = new Set([...view.list(resourceQuotas)].map(({ metadata }) => metadata.namespace))
  report([...view.list(cronJobs)].filter(({ metadata, spec, status }) => metadata.deletionTimestamp === undefined && !bounded.has(metadata.namespace) && spec.concurrencyPolicy === 'Allow' && spec.schedule !== '@hourly' && world.clock.now() - Date.parse(status.lastScheduleTime ?? '1970-01-01T00:00:00Z') > cronMs)
    .map(({ metadata, status }) => `CronJob ${metadata.name} started nothing since ${status.lastScheduleTime}`))
  suspendCronJobs(world, true)
  for (const { metadata } of view.list(jobs)) world.request('PATCH', `/apis/batch/v1/namespaces/${metadata.namespace}/jobs/${metadata.name}`, { spec: { suspend: false } })
  pass(world, healMs)
  report(unsettled(world))
  const before = view.revision
  pass(world, quietMs)
  // Containers that fail again and again are restarted, and told of, again and again.
  const isUnruly = [...view.list(pods)].some(({ metadata, status }) => metadata.annotations?.['skiff.dev/live-for'] !== undefined && status.phase === 'Running')
  // A pod without room is tried again, and told of, every five minutes.
  const roomless = [...view.list(pods)].filter(({ spec, status }) => spec.nodeName === undefined && status.phase === 'Pending').length
  // An autoscaler that cannot do its work says so at each look.
  const puzzled = [...view.list(horizontalPodAutoscalers)].filter(({ status }) => status?.conditions?.some((one) => one.status === 'False' && one.type !== 'ScalingLimited') === true).length
  if (!isUnruly && view.revision - before > quietCommitsMax + roomless * (quietMs / retryMs) + puzzled * 3 * (quietMs / lookMs)) report([`${view.revision - before} commits in ${quietMs / 60_000} minutes, and nothing to do`])
}

function suspendCronJobs(world: SimulatedWorld, suspend: boolean): void {
  for (const { metadata } of world.cluster.store.view.list(cronJobs)) world.request('PATCH', `/apis/batch/v1/namespaces/${metadata.namespace}/cronjobs/${metadata.name}`, { spec: { suspend } })
}

/** Lets time pass, every timer at its own instant. */
function pass(world: SimulatedWorld, ms: number): void {
  const until = world.clock.now() + ms
  let turns = 0
  const settle = (): void => { while (world.turn()) if (++turns > turnsMax) report([`it still works after ${turnsMax} turns`]) }
  settle()
  while (world.clock.advanceToNext(until)) settle()
  world.clock.advanceTo(until)
  settle()
}

function report(faults: readonly string[]): void {
  if (faults.length > 0) throw new Broken('a healed cluster settles', faults.slice(0, 5).join('; '))
}
