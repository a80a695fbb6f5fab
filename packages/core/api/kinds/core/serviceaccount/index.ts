import type { Kind } from '../../../kind.ts'
import { type ServiceAccount, serviceAccounts } from '../../../resources.ts'
import { ageColumn, nameColumn } from '../../columns.ts'
import { asItIs } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'

export const serviceAccount: Kind<ServiceAccount> = {
  ...serviceAccounts,
  singular: 'serviceaccount', shortNames: ['sa'], categories: [],
  hasStatus: false,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.ServiceAccount', fill: asItIs,
    columns: [
      nameColumn,
      ageColumn,
    ],
  }],
  check: (next, before) => checkMetadata(next, before, { scope: 'Namespaced' }),
  subresources: [{ name: 'token', is: 'ask', body: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } }],
}
