import { Broken } from './broken.ts'
import { perform } from './acts.ts'
import { heal } from './liveness.ts'
import type { PlantedBug } from './planted.ts'
import { priorityClasses } from './templates.ts'
import { drawn, type SwarmOptions, swarmOf } from './swarm.ts'
import { deviceClass } from './device-invariants.ts'
import { offerDevices } from './workload-acts.ts'
import { createWorld, type SimulatedWorld } from './world.ts'

export interface SimulateOptions {
  readonly seed: number
  /** Turns and disturbances before the cluster may heal. */
  readonly steps: number
  readonly bug?: PlantedBug
}
export interface Simulated {
  readonly seed: number
  readonly steps: number
  readonly swarm: SwarmOptions
  readonly commits: number
  /** What was done to the cluster, in order. */
  readonly acts: readonly string[]
  readonly failure: { readonly step: number; readonly invariant: string; readonly message: string } | undefined
}

/** One run: a cluster is disturbed for some steps while invariants are watched, then heals and must settle. The same options give the same run. */
export function simulate(options: SimulateOptions): Simulated {
  const { seed, steps } = options
  const swarm = options.bug?.swarm?.(swarmOf(seed)) ?? swarmOf(seed)
  const world = createWorld(seed, swarm, options.bug)
  const acts: string[] = []
  let step = 0
  const done = (failure: Simulated['failure']): Simulated => ({ seed, steps, swarm, commits: world.cluster.store.view.revision, acts, failure })
  try {
    prepare(world)
    world.setFaulty(true)
    for (; step < steps; step++) {
      if (world.random.chance(swarm.disturbance) || !world.turn()) {
        const name = drawn(swarm.weights, world.random)
        if (name !== undefined) acts.push(`${step}: ${perform(world, name)}`)
      }
    }
    heal(world)
    return done(undefined)
  } catch (error) {
    if (error instanceof Broken) return done({ step, invariant: error.invariant, message: error.message })
    // A part that throws has met what it thought impossible: that is a failure as well.
    const message = error instanceof Error ? error.stack ?? error.message : String(error)
    return done({ step, invariant: 'no part throws', message })
  }
}

/** What controllers of a fresh cluster make, so that pods can be admitted from the first step on. */
function prepare(world: SimulatedWorld): void {
  for (let turns = 0; turns < 10_000 && world.turn(); turns++);
  world.request('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
  world.request('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  world.request('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': '' } })
  if (world.offersDevices) {
    world.request('POST', '/apis/resource.k8s.io/v1/deviceclasses', deviceClass)
    offerDevices(world, 'default')
  }
  for (const made of priorityClasses) world.request('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', made)
  for (let turns = 0; turns < 10_000 && world.turn(); turns++);
}

/** The fewest steps of a failing run that still break the same rule, found by halving. */
export function shortest(failing: Simulated, bug?: PlantedBug): Simulated {
  let best = failing
  let low = 0
  let high = Math.min(failing.steps, (failing.failure?.step ?? failing.steps) + 1)
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const run = simulate({ seed: failing.seed, steps: middle, ...(bug === undefined ? {} : { bug }) })
    if (run.failure !== undefined && run.failure.invariant === failing.failure?.invariant) { best = run; high = middle }
    else low = middle + 1
  }
  return best
}

/** A failing run in words: what broke, and how to see it again. */
export function report(run: Simulated): string {
  const { failure } = run
  if (failure === undefined) return `seed ${run.seed}: fine after ${run.steps} steps and ${run.commits} commits`
  return [
    `seed ${run.seed} breaks at step ${failure.step} of ${run.steps}: ${failure.message}`,
    `see it again: npm run sim -- --seed ${run.seed} --steps ${run.steps}`,
    'what was done to the cluster:', ...run.acts.map((act) => `  ${act}`),
  ].join('\n')
}
