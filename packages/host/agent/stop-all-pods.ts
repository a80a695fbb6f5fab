import { RealClock } from '../engine/index.ts'
import { leaveNothing } from '../oci/index.ts'
import { removeNetwork } from '../network/index.ts'
import type { AgentConfiguration } from './configuration.ts'
import { networkDirectory, openMachine } from './machine.ts'

const graceSeconds = 2
/** Longer than a pod waits for a plugin that fails to undo what it has done. */
const timeoutMs = 45_000

/** Stops every pod that runs here, with a short grace, and takes the nodes' networks away. Volumes of claims stay. */
export async function stopAllPods(configuration: AgentConfiguration): Promise<void> {
  const clock = new RealClock()
  const { network, cni, runtime } = openMachine(configuration, clock)
  const left = new Set(runtime.observed().pods.keys())
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => { reject(new Error(`pods that do not stop: ${[...left].join(', ')}`)) }, timeoutMs)
    const end = (): void => { if (left.size === 0) { clearTimeout(timer); resolve() } }
    const running = (uid: string): number => [...(runtime.observed().pods.get(uid)?.containers.values() ?? [])].flat().filter((each) => each.is === 'running').length
    runtime.onEvent((event) => {
      if (event.is === 'exited' && running(event.pod) === 0) runtime.submit({ do: 'teardown', pod: event.pod })
      if (event.is === 'torn-down') { left.delete(event.pod); end() }
    })
    for (const uid of left) {
      if (running(uid) === 0) { runtime.submit({ do: 'teardown', pod: uid }); continue }
      for (const [container, attempts] of runtime.observed().pods.get(uid)?.containers ?? []) {
        for (const each of attempts) if (each.is === 'running') runtime.submit({ do: 'stop', pod: uid, container, attempt: each.attempt, graceSeconds })
      }
    }
    end()
  })
  runtime.close()
  leaveNothing(configuration.stateDirectory)
  cni?.close()
  await network.close()
  removeNetwork(networkDirectory(configuration))
  clock.stop()
}
