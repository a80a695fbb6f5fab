// What upstream's validation of security contexts refuses.
import type { PodSecurityContext, PodSpec, SeccompProfile, SecurityContext } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkOneOf, checkRequiredOneOf, invalid, required } from '../../problems.ts'

const idMax = 2 ** 31 - 1
const seccompTypes: readonly string[] = ['Localhost', 'RuntimeDefault', 'Unconfined']

const checkId = (path: string, id: number | undefined): readonly Problem[] => (id === undefined || (id >= 0 && id <= idMax) ? [] : [invalid(path, id, `must be between 0 and ${idMax}, inclusive`)])

export function checkContainerSecurity(context: SecurityContext | undefined, path: string): readonly Problem[] {
  if (context === undefined) return []
  const escalates = context.allowPrivilegeEscalation === false
  return [
    ...checkId(`${path}.runAsUser`, context.runAsUser),
    ...checkId(`${path}.runAsGroup`, context.runAsGroup),
    ...checkOneOf(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']),
    ...checkSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...(escalates && context.privileged === true ? [invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true')] : []),
    ...(escalates && context.capabilities?.add?.some((each) => each === 'CAP_SYS_ADMIN') === true ? [invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN')] : []),
  ]
}

export function checkPodSecurity(spec: PodSpec, path: string): readonly Problem[] {
  const context: PodSecurityContext = spec.securityContext ?? {}
  const at = `${path}.securityContext`
  return [
    ...checkId(`${at}.runAsUser`, context.runAsUser),
    ...checkId(`${at}.runAsGroup`, context.runAsGroup),
    ...checkId(`${at}.fsGroup`, context.fsGroup),
    ...(context.supplementalGroups ?? []).flatMap((id, index) => checkId(`${at}.supplementalGroups[${index}]`, id)),
    ...checkOneOf(`${at}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
    ...checkOneOf(`${at}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']),
    ...checkSeccomp(context.seccompProfile, `${at}.seccompProfile`),
    ...checkSysctls(context, `${at}.sysctls`),
    ...(spec.shareProcessNamespace === true && spec.hostPID === true ? [invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled')] : []),
  ]
}

function checkSeccomp(profile: SeccompProfile | undefined, path: string): readonly Problem[] {
  if (profile === undefined) return []
  const named = profile.localhostProfile !== undefined
  return [
    ...checkRequiredOneOf(`${path}.type`, profile.type, seccompTypes, 'type is required when seccompProfile is set'),
    ...(profile.type === 'Localhost' && !named ? [required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')] : []),
    ...(profile.type !== 'Localhost' && named ? [invalid(`${path}.localhostProfile`, profile, 'can only be set when seccomp type is Localhost')] : []),
  ]
}

function checkSysctls({ sysctls = [] }: PodSecurityContext, path: string): readonly Problem[] {
  const names = new Set<string>()
  return sysctls.flatMap(({ name }, index) => {
    const again = names.has(name)
    names.add(name)
    if (!name) return [required(`${path}[${index}].name`)]
    if (again) return [{ path: `${path}[${index}].name`, reason: 'FieldValueDuplicate', value: name, detail: '' }]
    const valid = name.length <= sysctlMax && sysctlName.test(name)
    return valid ? [] : [invalid(`${path}[${index}].name`, name, `must have at most ${sysctlMax} characters and match regex ${sysctlPattern}`)]
  })
}
const sysctlMax = 253
const sysctlPattern = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const sysctlName = new RegExp(`^${sysctlPattern}$`)
