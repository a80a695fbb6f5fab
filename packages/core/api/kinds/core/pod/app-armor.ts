// The annotations by which AppArmor profiles were asked for before there were fields. As upstream: those of a new pod fill in its fields, and where both are given they say the same.
import { appArmorPrefix, profileOfAnnotation } from '../../../app-armor.ts'
import type { AppArmorProfile, Container, PodSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Pod } from '../../../resources.ts'
import { sameMeaning } from '../../equal.ts'
import { forbidden, invalid } from '../../problems.ts'
import { checkAppArmor } from './security.ts'

type Annotations = Readonly<Record<string, string>> | undefined
const marksIn = (annotations: Annotations): readonly string[] => (annotations === undefined ? [] : Object.keys(annotations).filter((key) => key.startsWith(appArmorPrefix)))
const isWindows = ({ os }: PodSpec): boolean => os?.name === 'windows'

/** The spec of a new pod with the profiles of its annotations; the same spec where they add nothing. */
export function withAnnotatedProfiles(spec: PodSpec, annotations: Annotations): PodSpec {
  if (marksIn(annotations).length === 0 || isWindows(spec)) return spec
  const filled = (container: Container): Container => {
    const profile = profileOfAnnotation(annotations?.[`${appArmorPrefix}${container.name}`])
    if (profile === undefined || container.securityContext?.appArmorProfile !== undefined || sameMeaning(profile, spec.securityContext?.appArmorProfile) || checkAppArmor(profile, '').length > 0) return container
    return { ...container, securityContext: { ...container.securityContext, appArmorProfile: profile } }
  }
  return { ...spec, containers: spec.containers.map(filled), ...(spec.initContainers !== undefined && { initContainers: spec.initContainers.map(filled) }) }
}

/** What is wrong with a pod's annotations of profiles. */
export function checkAnnotatedProfiles({ metadata: { annotations }, spec }: Pod, before: Pod | undefined): readonly Problem[] {
  if (before === undefined) return checkNewProfiles(annotations, spec, { annotations: 'metadata.annotations', spec: 'spec' })
  const was = before.metadata.annotations
  if (annotations === was) return []
  return [
    ...marksIn(was).flatMap((key) => (annotations?.[key] === was?.[key] ? [] : [forbidden(`metadata.annotations[${key}]`, 'may not remove or update AppArmor annotations')])),
    ...marksIn(annotations).flatMap((key) => (was?.[key] !== undefined ? [] : [forbidden(`metadata.annotations[${key}]`, 'may not add AppArmor annotations')])),
  ]
}

/** What is wrong with the annotations of profiles of a new pod or a template, whose paths these are. */
export function checkNewProfiles(annotations: Annotations, spec: PodSpec, path: { readonly annotations: string; readonly spec: string }): readonly Problem[] {
  const marks = marksIn(annotations)
  if (marks.length === 0) return []
  const containers = (['initContainers', 'containers'] as const).flatMap((field) => (spec[field] ?? []).map((container, index) => ({ container, at: `${path.spec}.${field}[${index}].securityContext.appArmorProfile` })))
  return marks.flatMap((key) => {
    const value = annotations?.[key] ?? ''
    const name = key.slice(appArmorPrefix.length)
    const found = containers.find(({ container }) => container.name === name)
    return [
      ...(found === undefined ? [invalid(`${path.annotations}[${key}]`, name, 'container not found')] : []),
      ...(value === '' || value === 'runtime/default' || value === 'unconfined' || value.startsWith('localhost/') ? [] : [invalid(`${path.annotations}[${key}]`, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`)]),
      ...(found === undefined || isWindows(spec) ? [] : differences(value, found.container.securityContext?.appArmorProfile, found.at)),
    ]
  })
}

function differences(value: string, field: AppArmorProfile | undefined, at: string): readonly Problem[] {
  if (field === undefined) return []
  const said = profileOfAnnotation(value)
  if (said?.type !== field.type) return [forbidden(`${at}.type`, 'apparmor type in annotation and field must match')]
  return said.localhostProfile === field.localhostProfile ? [] : [forbidden(`${at}.localhostProfile`, 'apparmor profile in annotation and field must match')]
}

/** What those are told who still write such annotations. */
export function warningsOfProfiles(annotations: Annotations, spec: PodSpec, path: string): readonly string[] {
  const marks = isWindows(spec) ? [] : marksIn(annotations)
  return marks.length === 0 ? [] : [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => `${appArmorPrefix}${name}`).filter((key) => marks.includes(key)).map((key) => `${path}[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`)
}
