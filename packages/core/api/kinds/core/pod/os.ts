// What a pod that names its operating system may not say: what the other one understands.
import type { PodSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkRequiredOneOf, forbidden } from '../../problems.ts'

const notOnWindows = 'cannot be set for a windows pod'
const podFields = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const
const podContextFields = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'runAsUser', 'runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'] as const
const contextFields = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'] as const

export function checkOperatingSystem(spec: PodSpec, path: string): readonly Problem[] {
  if (spec.os === undefined) return []
  const unnamed = checkRequiredOneOf(`${path}.os.name`, spec.os.name, ['linux', 'windows'])
  if (unnamed.length > 0) return unnamed
  const contexts = (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map(({ securityContext }, index) => ({ context: securityContext, at: `${path}.${list}[${index}].securityContext` })))
  const pod = spec.securityContext ?? {}
  if (spec.os.name === 'linux') {
    return [{ context: pod, at: `${path}.securityContext` }, ...contexts].filter(({ context }) => context?.windowsOptions !== undefined)
      .map(({ at }) => forbidden(`${at}.windowsOptions`, 'windows options cannot be set for a linux pod'))
  }
  return [
    ...podFields.filter((field) => spec[field] !== undefined && !((field === 'hostPID' || field === 'hostIPC') && spec[field] === false)).map((field) => forbidden(`${path}.${field}`, notOnWindows)),
    ...podContextFields.filter((field) => pod[field] !== undefined).map((field) => forbidden(`${path}.securityContext.${field}`, notOnWindows)),
    ...contexts.flatMap(({ context, at }) => contextFields.filter((field) => context?.[field] !== undefined).map((field) => forbidden(`${at}.${field}`, notOnWindows))),
  ]
}
