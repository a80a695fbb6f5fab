// For tests: controllers on a bare store and a virtual clock, and hands that play the kubelet.
import type { Controller, Pod, Resource } from '../api/index.ts'
import { pods } from '../api/index.ts'
import { invariant } from '../base/index.ts'
import { isTerminal } from '../rules/pods.ts'
import { timestamp } from '../rules/time.ts'
import { testWorld, type TestWorld } from './builders.ts'
import { createRunner, type Runner } from './runner.ts'

const stepsMost = 200_000

export interface Stage {
  readonly world: TestWorld
  readonly runner: Runner
  /** Runs until nobody has anything to do now. */
  settle(): void
  /** Moves time on, timer by timer, settling after each. */
  advance(ms: number): void
  /** Names of pods that pass, in order. */
  names(pass?: (pod: Pod) => boolean): readonly string[]
  pod(name: string): Pod
  /** Lets a pod run and be ready. */
  ready(name: string): void
  /** Lets a pod end. */
  end(name: string, phase: 'Succeeded' | 'Failed', exitCode?: number): void
  /** Events since the last call. */
  news(): readonly string[]
}

export function stage(controllers: readonly Controller<unknown>[], ...objects: readonly Resource[]): Stage {
  const world = testWorld()
  const { store, clock } = world
  const runner = createRunner({ controllers, view: store.view, changes: (after) => store.changes(after), submit: world.submit, clock })
  const settle = (): void => { for (let steps = 0; runner.step(); steps++) invariant(steps < stepsMost, 'the controllers settle') }
  const now = (): string => timestamp(clock.now())
  const pod = (name: string): Pod => {
    const found = store.view.get(pods, 'default', name)
    invariant(found !== undefined, `there is a pod ${name}`)
    return found
  }
  world.put(...objects)
  settle()
  return {
    world, runner, settle, pod,
    advance(ms) {
      const target = clock.now() + ms
      while (clock.advanceToNext(target)) settle()
      clock.advanceTo(target)
      settle()
    },
    names: (pass = () => true) => [...store.view.list(pods)].filter(pass).map(({ metadata }) => metadata.name),
    ready(name) {
      world.update(pods, name, (before) => ({ ...before, status: { ...before.status, phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now() }] } }))
      settle()
    },
    end(name, phase, exitCode = phase === 'Failed' ? 1 : 0) {
      invariant(!isTerminal(pod(name)), `${name} has not ended yet`)
      const terminated = { exitCode, finishedAt: now() }
      world.update(pods, name, (before) => ({ ...before, status: { ...before.status, phase, containerStatuses: [{ name: 'c', ready: false, restartCount: 0, image: '', imageID: '', state: { terminated } }] } }))
      settle()
    },
    news: () => world.events.splice(0),
  }
}
