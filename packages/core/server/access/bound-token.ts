// What a requested token is bound to: it is good only as long as that object is there.
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import { nodes, type Pod, pods, secrets, serviceAccounts } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import type { User } from './types.ts'
import { badRequest, conflict, forbidden, notFound } from '../refusals.ts'
import type { TokenClaims } from './authenticate.ts'
import { nodeOf } from './node.ts'

export interface BoundObjectRef { readonly kind?: string; readonly apiVersion?: string; readonly name?: string; readonly uid?: string }
type BoundClaims = Pick<TokenClaims['kubernetes.io'], 'pod' | 'node' | 'secret'>

/** The claims of what a token for `account` is to be bound to; refused when that is not there, another's, or not for this user to ask. */
export function boundClaims(view: ClusterView, account: Resource, bound: BoundObjectRef | undefined, user: User): BoundClaims | Refusal {
  const asNode = nodeTokenRefusal(view, account, bound, user)
  if (asNode !== undefined) return asNode
  if (bound === undefined) return {}
  const found = objectOf(view, account, bound)
  if (isRefusal(found)) return found
  const { name, uid } = found.metadata
  if (bound.uid !== undefined && bound.uid !== '' && bound.uid !== uid) return conflict({ group: '', plural: bound.kind ?? '' }, name, mismatch(bound.uid))
  if (bound.kind === 'Secret') return { secret: { name, uid } }
  if (bound.kind === 'Node') return { node: { name, uid } }
  const node = (found as Pod).spec.nodeName
  if (!node) return { pod: { name, uid } }
  const nodeUid = view.get(nodes, '', node)?.metadata.uid
  return { pod: { name, uid }, node: { name: node, ...(nodeUid !== undefined && { uid: nodeUid }) } }
}

function objectOf(view: ClusterView, account: Resource, { apiVersion, kind, name = '' }: BoundObjectRef): Resource | Refusal {
  const { namespace = '' } = account.metadata
  switch (apiVersion === 'v1' ? kind : undefined) {
    case 'Pod': {
      const pod = view.get(pods, namespace, name)
      if (pod === undefined) return notFound(pods, name)
      return pod.spec.serviceAccountName === account.metadata.name ? pod
        : badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account.metadata.name)} to pod running with different serviceaccount name.`)
    }
    case 'Secret': return view.get(secrets, namespace, name) ?? notFound(secrets, name)
    case 'Node': return view.get(nodes, '', name) ?? notFound(nodes, name)
    default: return badRequest(`cannot bind token to object of type ${apiVersion ?? ''}, Kind=${kind ?? ''}`)
  }
}

/** As NodeRestriction: a node asks for tokens of pods that run on it, and for no others. */
function nodeTokenRefusal(view: ClusterView, account: Resource, bound: BoundObjectRef | undefined, user: User): Refusal | undefined {
  const node = nodeOf(user)
  if (node === undefined) return undefined
  const { namespace = '', name } = account.metadata
  const refused = (why: string): Refusal => forbidden(serviceAccounts, name, why)
  if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) return refused('node requested token not bound to a pod')
  if (!bound.uid) return refused('node requested token with a pod binding without a uid')
  const pod = view.get(pods, namespace, bound.name)
  if (pod === undefined) return notFound(pods, bound.name)
  if (pod.metadata.uid !== bound.uid) return refused(mismatch(bound.uid))
  return pod.spec.nodeName === node ? undefined : refused('node requested token bound to a pod scheduled on a different node')
}

const mismatch = (uid: string): string => `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
