import { leases, nodes, pods } from '../../api/resources.ts'
import { nodeOf } from '../access/node.ts'
import { forbidden } from '../refusals.ts'
import type { Plugin } from './types.ts'

/** What the authorizer cannot see of a node's writes: the name inside a create. */
export const nodeRestriction: Plugin = {
  name: 'NodeRestriction',
  admit({ operation, kind, object, user }) {
    const node = nodeOf(user)
    if (node === undefined || operation !== 'create') return object
    const { name } = object.metadata
    if (kind.resource === nodes.resource && name !== node) return forbidden(kind, name, `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(name)}`)
    if (kind.resource === leases.resource && name !== node) return forbidden(kind, name, `can only access node lease with the same name as the requesting node`)
    if (kind.resource === pods.resource) return forbidden(kind, name, `pod does not have ${JSON.stringify('kubernetes.io/config.mirror')} annotation, node ${JSON.stringify(node)} can only create mirror pods`)
    return object
  },
}
