import { existsSync } from 'node:fs'
import { readYaml } from '@kubeskiff/core/api/text'
import { kubeletFault, type KubeletSettings, kubeletSettingsOf } from '../agent/kubelet-settings.ts'
import { namesIfThere } from '../files/index.ts'
import { textOf, UsageError } from './arguments.ts'

/** What a KubeletConfiguration in a YAML or JSON file says of real nodes; nothing where no file is named. */
export function kubeletSettingsIn(file: string): KubeletSettings {
  if (file === '') return {}
  const reading = readYaml(textOf(file))
  if (!reading.ok) throw new UsageError(`${file} cannot be read as YAML`)
  const fault = kubeletFault(reading.value)
  if (fault !== undefined) throw new UsageError(`${file}: ${fault}`)
  const settings = kubeletSettingsOf(reading.value as object) // as the check has found
  if (settings.singleProcessOOMKill === false && !existsSync('/sys/fs/cgroup/cgroup.controllers')) throw new UsageError(`${file}: invalid configuration: singleProcessOOMKill must not be explicitly set to false when using cgroup v1`)
  const { topologyManagerPolicy: topology = '' } = settings
  const numaNodes = namesIfThere('/sys/devices/system/node').filter((name) => /^node\d+$/.test(name)).length
  // Where all is near, every policy is kept; of what is nearer nothing is known here.
  if (!['', 'none'].includes(topology) && numaNodes > 1) throw new UsageError(`${file}: topologyManagerPolicy ${topology} is followed on machines of one NUMA node only, and this one has ${numaNodes}`)
  return settings
}
