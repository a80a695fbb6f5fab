import type { ValidatingWebhookConfiguration as ValidatingWebhookConfigurationModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import { type ValidatingWebhookConfiguration, validatingWebhookConfigurations } from '../../../resources.ts'
import { ageColumn, nameColumn, number } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, filling, withField } from '../../filling.ts'
import { group } from '../rules.ts'
import { checkWebhooks, fillWebhook } from '../webhooks.ts'

const fill = (draft: ValidatingWebhookConfigurationModel): ValidatingWebhookConfigurationModel =>
  withField(draft, 'webhooks', (hooks) => eachOf(hooks, fillWebhook))

export const validatingWebhookConfiguration: Kind<ValidatingWebhookConfiguration> = {
  ...validatingWebhookConfigurations,
  singular: 'validatingwebhookconfiguration', shortNames: [], categories: ['api-extensions'],
  hasStatus: false,
  generation: (next, before) => !sameMeaning(next.webhooks, before.webhooks),
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration', fill: filling(fill),
    columns: [nameColumn, number('Webhooks', 'Webhooks indicates the number of webhooks registered in this configuration', ({ webhooks = [] }) => webhooks.length), ageColumn],
  }],
  check: checkWebhooks,
}
