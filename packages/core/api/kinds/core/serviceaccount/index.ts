import type { Kind } from '../../../kind.ts'
import { type ServiceAccount, serviceAccounts } from '../../../resources.ts'
import { ageColumn, nameColumn, number } from '../../columns.ts'
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
      number('Secrets', 'Secrets is a list of the secrets in the same namespace that pods running using this ServiceAccount are allowed to use.', ({ secrets = [] }) => secrets.length),
      ageColumn,
    ],
  }],
  check: (next, before) => checkMetadata(next, before, { scope: 'Namespaced' }),
  subresources: [{ name: 'token', is: 'ask', body: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } }],
}
