import { existsSync } from 'node:fs'
import { readYaml } from '@kubeskiff/core/api/text'
import { kubeletFault, type KubeletSettings, kubeletSettingsOf } from '../agent/kubelet-settings.ts'
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
  return settings
}
