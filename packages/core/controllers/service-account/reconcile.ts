import type { Controller } from '../../api/controller.ts'
import { namespaces, serviceAccounts } from '../../api/resources.ts'
import { isTerminating } from '../../rules/pods.ts'
import { settled } from '../settled.ts'

/** Every Namespace has a ServiceAccount named default. A key is a Namespace's name. */
export const serviceAccountController: Controller = {
  name: 'service-account-controller',
  watches: [
    { resource: namespaces.resource, affected: ({ key, before }) => (before === undefined ? [key.name] : []) },
    { resource: serviceAccounts.resource, affected: ({ key, after }) => (after === undefined && key.name === 'default' ? [key.namespace] : []) },
  ],
  reconcile: (name, { view }) => {
    const namespace = view.get(namespaces, '', name)
    if (namespace === undefined || isTerminating(namespace) || view.get(serviceAccounts, name, 'default') !== undefined) return settled
    return { actions: [{ do: 'create', object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } } }] }
  },
}
