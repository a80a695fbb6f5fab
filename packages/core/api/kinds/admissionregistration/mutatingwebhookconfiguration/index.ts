import type { MutatingWebhookConfiguration as MutatingWebhookConfigurationModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import { type MutatingWebhookConfiguration, mutatingWebhookConfigurations } from '../../../resources.ts'
import { ageColumn, nameColumn, number } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, filling, withDefaults, withField } from '../../filling.ts'
import { group } from '../rules.ts'
import { checkWebhooks, fillWebhook } from '../webhooks.ts'

const fill = (draft: MutatingWebhookConfigurationModel): MutatingWebhookConfigurationModel =>
  withField(draft, 'webhooks', (hooks) => eachOf(hooks, (hook) => withDefaults(fillWebhook(hook), { reinvocationPolicy: 'Never' })))

export const mutatingWebhookConfiguration: Kind<MutatingWebhookConfiguration> = {
  ...mutatingWebhookConfigurations,
  singular: 'mutatingwebhookconfiguration', shortNames: [], categories: ['api-extensions'],
  hasStatus: false,
  generation: (next, before) => !sameMeaning(next.webhooks, before.webhooks),
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration', fill: filling(fill),
    columns: [nameColumn, number('Webhooks', 'Webhooks indicates the number of webhooks registered in this configuration', ({ webhooks = [] }) => webhooks.length), ageColumn],
  }],
  check: checkWebhooks,
}
