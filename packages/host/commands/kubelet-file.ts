import { readYaml } from '@kubeskiff/core/api/text'
import { kubeletFault, type KubeletSettings, kubeletSettingsOf } from '../agent/kubelet-settings.ts'
import { whyNotFollowed } from '../daemon/machine-choices.ts'
import { textOf, UsageError } from './arguments.ts'

/** What a KubeletConfiguration in a YAML or JSON file says of real nodes; nothing where no file is named. */
export function kubeletSettingsIn(file: string): KubeletSettings {
  if (file === '') return {}
  const reading = readYaml(textOf(file))
  if (!reading.ok) throw new UsageError(`${file} cannot be read as YAML`)
  const fault = kubeletFault(reading.value)
  if (fault !== undefined) throw new UsageError(`${file}: ${fault}`)
  const settings = kubeletSettingsOf(reading.value as object) // as the check has found
  const unfollowed = whyNotFollowed(settings)
  if (unfollowed !== undefined) throw new UsageError(`${file}: ${unfollowed}`)
  return settings
}
