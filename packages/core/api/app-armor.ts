// Which AppArmor profile a container asks for: by its own field, by the annotation that there was before the fields, or by the pod's field.
import type { AppArmorProfile } from './generated/types.ts'

/** Followed by a container's name: what its profile was asked for by before there were fields. */
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'
const ofMachine = 'localhost/'

interface Asking { readonly name: string; readonly securityContext?: { readonly appArmorProfile?: AppArmorProfile } }
interface AskingPod { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }; readonly spec: { readonly securityContext?: { readonly appArmorProfile?: AppArmorProfile } } }

/** The profile that an annotation's value means; undefined where it means none. */
export function profileOfAnnotation(value: string | undefined): AppArmorProfile | undefined {
  if (value === 'runtime/default') return { type: 'RuntimeDefault' }
  if (value === 'unconfined') return { type: 'Unconfined' }
  return value?.startsWith(ofMachine) === true && value.length > ofMachine.length ? { type: 'Localhost', localhostProfile: value.slice(ofMachine.length) } : undefined
}

/** The profile of a container; undefined where nobody asks for one. As upstream, the annotation counts for static pods, whose fields nobody has filled in from it. */
export const appArmorProfileOf = ({ name, securityContext }: Asking, { metadata, spec }: AskingPod): AppArmorProfile | undefined =>
  securityContext?.appArmorProfile ?? profileOfAnnotation(metadata.annotations?.[`${appArmorPrefix}${name}`]) ?? spec.securityContext?.appArmorProfile
