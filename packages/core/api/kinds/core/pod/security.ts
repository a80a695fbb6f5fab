// What upstream's validation of security contexts refuses.
import type { AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, WindowsSecurityContextOptions } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkSubdomain } from '../../../selectors/syntax.ts'
import { checkOneOf, checkRequiredOneOf, checkText, duplicate, forbidden, invalid, required, tooLong } from '../../problems.ts'
import { checkInnerPath } from './paths.ts'

const idMax = 2 ** 31 - 1
const profileTypes: readonly string[] = ['Localhost', 'RuntimeDefault', 'Unconfined']
const profilePathMax = 4095
const sysctlMax = 253
const sysctlForm = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'
const sysctlName = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/
const credentialsMax = 64 * 1024

const checkId = (path: string, id: number | undefined): readonly Problem[] => (id === undefined || (id >= 0 && id <= idMax) ? [] : [invalid(path, id, `must be between 0 and ${idMax}, inclusive`)])

export function checkContainerSecurity(context: SecurityContext | undefined, path: string, hostUsers: boolean): readonly Problem[] {
  if (context === undefined) return []
  const escalates = context.allowPrivilegeEscalation === false
  return [
    ...checkId(`${path}.runAsUser`, context.runAsUser),
    ...checkId(`${path}.runAsGroup`, context.runAsGroup),
    ...checkOneOf(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']),
    ...(hostUsers && context.procMount === 'Unmasked' ? [invalid(`${path}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`')] : []),
    ...checkSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...(escalates && context.privileged === true ? [invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true')] : []),
    ...(escalates && context.capabilities?.add?.some((each) => each === 'CAP_SYS_ADMIN') === true ? [invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN')] : []),
    ...checkWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    ...checkAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
  ]
}

export function checkPodSecurity(spec: PodSpec, path: string): readonly Problem[] {
  const context: PodSecurityContext = spec.securityContext ?? {}
  const at = `${path}.securityContext`
  return [
    ...checkId(`${at}.fsGroup`, context.fsGroup),
    ...checkId(`${at}.runAsUser`, context.runAsUser),
    ...checkId(`${at}.runAsGroup`, context.runAsGroup),
    ...(context.supplementalGroups ?? []).flatMap((id, index) => checkId(`${at}.supplementalGroups[${index}]`, id)),
    // As upstream, whose own form keeps this and the next with the security context.
    ...(spec.shareProcessNamespace === true && spec.hostPID === true ? [invalid(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled')] : []),
    ...checkSysctls(spec, `${at}.sysctls`),
    ...checkOneOf(`${at}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
    ...checkSeccomp(context.seccompProfile, `${at}.seccompProfile`),
    ...checkWindowsOptions(context.windowsOptions, `${at}.windowsOptions`),
    ...checkAppArmor(context.appArmorProfile, `${at}.appArmorProfile`),
    ...checkOneOf(`${at}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']),
    ...checkOneOf(`${at}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['MountOption', 'Recursive']),
    ...checkUserNamespace(spec, path),
  ]
}

/** A pod with users of its own shares no other namespace with the host, and no bare disk. */
function checkUserNamespace({ hostUsers, hostNetwork, hostPID, hostIPC, ...spec }: PodSpec, path: string): readonly Problem[] {
  if (hostUsers !== false) return []
  const shared: readonly (readonly [string, boolean | undefined])[] = [['hostNetwork', hostNetwork], ['HostPID', hostPID], ['HostIPC', hostIPC]]
  const why = 'when `hostUsers` is false'
  return [
    ...shared.filter(([, given]) => given === true).map(([field]) => forbidden(`${path}.${field}`, why)),
    ...(['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((field) => (spec[field] ?? []).flatMap(({ volumeDevices = [] }, index) => (volumeDevices.length === 0 ? [] : [forbidden(`${path}.${field}[${index}].volumeDevices`, why)]))),
  ]
}

function checkSeccomp(profile: SeccompProfile | undefined, path: string): readonly Problem[] {
  if (profile === undefined) return []
  const { type, localhostProfile } = profile
  return [
    ...checkRequiredOneOf(`${path}.type`, type, profileTypes, 'type is required when seccompProfile is set'),
    ...(type === 'Localhost' ? localhostProfile === undefined ? [required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')] : checkInnerPath(localhostProfile, `${path}.localhostProfile`)
      : localhostProfile === undefined ? [] : [invalid(`${path}.localhostProfile`, profile, 'can only be set when seccomp type is Localhost')]),
  ]
}

/** What is wrong with an AppArmor profile. */
export function checkAppArmor(profile: AppArmorProfile | undefined, path: string): readonly Problem[] {
  if (profile === undefined) return []
  const { type, localhostProfile } = profile
  const at = `${path}.localhostProfile`
  const unset = required(at, 'must be set when AppArmor type is Localhost')
  if (type === 'Localhost') {
    if (localhostProfile === undefined) return [unset]
    const padded = localhostProfile.trim() !== localhostProfile
    return [
      ...(padded ? [invalid(at, localhostProfile, 'must not be padded with whitespace')] : localhostProfile === '' ? [unset] : []),
      ...(localhostProfile.length > profilePathMax ? [tooLong(at, profilePathMax)] : []),
    ]
  }
  if (!profileTypes.includes(type)) return checkRequiredOneOf(`${path}.type`, type, profileTypes, 'type is required when appArmorProfile is set')
  return localhostProfile === undefined ? [] : [invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost')]
}

function checkWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string): readonly Problem[] {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: credentials, runAsUserName: user } = options ?? {}
  const userFault = user === undefined ? undefined : user === '' ? 'runAsUserName cannot be an empty string' : /[\0-\x1f\x7f]/.test(user) ? 'runAsUserName cannot contain control characters' : undefined
  return [
    ...(name === undefined ? [] : checkText(`${path}.gmsaCredentialSpecName`, name, checkSubdomain)),
    ...(credentials === '' ? [invalid(`${path}.gmsaCredentialSpec`, credentials, 'gmsaCredentialSpec cannot be an empty string')]
      : credentials !== undefined && credentials.length > credentialsMax ? [invalid(`${path}.gmsaCredentialSpec`, credentials, 'gmsaCredentialSpec size must be under 64 KiB')] : []),
    ...(userFault === undefined ? [] : [invalid(`${path}.runAsUserName`, user, userFault)]),
  ]
}

/** Kernel settings that belong to a namespace which a pod may share with its host. */
const ofNetwork = /^net[./]/
const ofIPC = /^(fs[./]mqueue[./]|kernel[./](sem$|shm|msg))/

function checkSysctls({ securityContext, hostNetwork, hostIPC }: PodSpec, path: string): readonly Problem[] {
  const names = new Set<string>()
  return (securityContext?.sysctls ?? []).flatMap(({ name = '' }, index) => {
    const at = `${path}[${index}].name`
    const again = names.has(name)
    names.add(name)
    return [
      ...(name === '' ? [required(at)] : name.length > sysctlMax || !sysctlName.test(name) ? [invalid(at, name, `must have at most ${sysctlMax} characters and match regex ${sysctlForm}`)] : again ? [duplicate(at, name)] : []),
      ...(hostNetwork === true && ofNetwork.test(name) ? [invalid(at, name, "may not be specified when 'hostNetwork' is true")]
        : hostIPC === true && ofIPC.test(name) ? [invalid(at, name, "may not be specified when 'hostIPC' is true")] : []),
    ]
  })
}
