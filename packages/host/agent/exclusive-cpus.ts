import { join } from 'node:path'
import { ExclusiveCpus, readCheckpoint, readTopology } from '../cpus/index.ts'
import { canPin } from '../oci/groups.ts'
import type { AgentConfiguration } from './configuration.ts'
import { cpuPolicyOf } from './kubelet-effects.ts'

/** Who has CPUs to himself on this machine; undefined where nobody may. Throws when what an earlier agent has assigned does not fit what was said now, or the machine. */
export function openCpus({ stateDirectory, kubelet = {} }: Pick<AgentConfiguration, 'stateDirectory' | 'kubelet'>): ExclusiveCpus | undefined {
  const file = join(stateDirectory, 'cpu_manager_state')
  const policy = cpuPolicyOf(kubelet)
  if (policy === undefined) {
    readCheckpoint(file, 'none')
    return undefined
  }
  if (!canPin()) throw new Error('cpuManagerPolicy static needs control groups with the controller cpuset: this machine has none that can be used')
  return new ExclusiveCpus({ cpus: readTopology(), policy, file })
}
