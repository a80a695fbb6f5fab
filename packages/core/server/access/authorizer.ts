// Whether a user may: the node authorizer first, then RBAC, as upstream's --authorization-mode=Node,RBAC.
import type { Refusal } from '../../api/refusal.ts'
import type { Store } from '../../store/types.ts'
import { forbidden } from '../refusals.ts'
import { nodeSays } from './node.ts'
import { Rbac } from './rbac.ts'
import type { Attributes, Decision } from './types.ts'

export interface Authorizer {
  decide(attributes: Attributes): Decision
  /** 403 in upstream's words; undefined when it is allowed. */
  refusal(attributes: Attributes): Refusal | undefined
  readonly rbac: Rbac
}

export function createAuthorizer(store: Store): Authorizer {
  const rbac = new Rbac(store)
  const decide = (attributes: Attributes): Decision => {
    if (attributes.user.groups.includes('system:masters')) return { allowed: true, reason: '' }
    const ofNode = nodeSays(attributes, store.view)
    if (ofNode === true) return { allowed: true, reason: '' }
    const decision = rbac.decide(attributes)
    // Each that said no says why, as upstream's union of authorizers.
    return decision.allowed ? decision : { allowed: false, reason: [ofNode, decision.reason].filter((each) => each !== '').join('\n') }
  }
  return {
    decide, rbac,
    refusal: (attributes) => {
      const decision = decide(attributes)
      return decision.allowed ? undefined : refusalOf(attributes, decision.reason)
    },
  }
}

/** 403 in upstream's words. */
export function refusalOf(attributes: Attributes, reason: string): Refusal {
  const user = JSON.stringify(attributes.user.name)
  const because = reason === '' ? '' : `: ${reason}`
  if (attributes.is === 'path') {
    return { refused: true, code: 403, reason: 'Forbidden', message: `forbidden: User ${user} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}${because}`, details: {} }
  }
  const { verb, group, resource, subresource, namespace, name } = attributes
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const where = namespace === '' ? ' at the cluster scope' : ` in the namespace ${JSON.stringify(namespace)}`
  return forbidden({ group, plural: resource }, name, `User ${user} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)}${where}${because}`)
}
