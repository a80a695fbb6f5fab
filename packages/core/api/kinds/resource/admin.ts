import type { DeviceClaim } from '../../generated/types.ts'
import type { Circumstances } from '../../kind.ts'
import type { Refusal } from '../../refusal.ts'
import type { Resource } from '../../resource.ts'
import { namespaces } from '../../resources.ts'
import { forbidden, refuseInvalid } from '../problems.ts'

const adminLabel = 'resource.kubernetes.io/admin-access'

/** Why devices may not be used besides their users here: only namespaces that say so may ask for it. */
export function adminRefusal(type: { readonly group: string; readonly kind: string }, object: Resource, { requests = [] }: DeviceClaim, path: string, { view }: Circumstances): Refusal | undefined {
  const at = requests.findIndex(({ exactly }) => exactly?.adminAccess === true)
  if (at < 0) return undefined
  const space = view.get(namespaces, '', object.metadata.namespace ?? '')
  if (space?.metadata.labels?.[adminLabel] === 'true') return undefined
  return refuseInvalid(type, object.metadata.name, [forbidden(`${path}.requests[${at}].adminAccess`, `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`)])
}
