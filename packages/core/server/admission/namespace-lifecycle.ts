import { namespaces } from '../../api/resources.ts'
import { forbidden, notFound } from '../refusals.ts'
import type { Plugin } from './types.ts'

const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])

/** Nothing is made in a namespace that is not there or is going away; the system's namespaces stay. */
export const namespaceLifecycle: Plugin = {
  name: 'NamespaceLifecycle', operations: ['create', 'delete'],
  mutate({ operation, kind, object, circumstances: { view } }) {
    const { name, namespace = '' } = object.metadata
    if (operation === 'delete') {
      return kind.resource === namespaces.resource && immortal.has(name) ? forbidden(kind, name, 'this namespace may not be deleted') : object
    }
    if (kind.scope !== 'Namespaced') return object
    const home = view.get(namespaces, '', namespace)
    if (home === undefined) return notFound(namespaces, namespace)
    if (home.metadata.deletionTimestamp === undefined && home.status.phase !== 'Terminating') return object
    const refusal = forbidden(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`)
    const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }
    return { ...refusal, details: { ...refusal.details, causes: [cause] } }
  },
}
