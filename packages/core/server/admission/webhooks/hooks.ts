// Which webhooks a write concerns.
import type { MutatingWebhook, ValidatingWebhook } from '../../../api/generated/types.ts'
import { isRefusal, type Refusal } from '../../../api/refusal.ts'
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from '../../../api/resources.ts'
import { badRequest } from '../../refusals.ts'
import { type Asked, askedOf, isExempt, matchNamespace, matchObject, matchRules, type Matched } from '../matching.ts'
import type { Admission } from '../types.ts'
import { hookConditionsHold } from './conditions.ts'

export interface Hook {
  readonly mutates: boolean
  readonly webhook: ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>
  /** Names it among all: its configuration and itself. */
  readonly place: string
}

const none: readonly Hook[] = []

/** All webhooks of a kind, in the order in which they are asked: by their configurations' names. */
export function hooksOf(which: 'mutating' | 'validating', admission: Admission): readonly Hook[] {
  const { view } = admission.circumstances
  const type = which === 'mutating' ? mutatingWebhookConfigurations : validatingWebhookConfigurations
  if (view.count(type) === 0 || isExempt(admission)) return none
  const hooks: Hook[] = []
  for (const { metadata, webhooks } of view.list(type)) for (const webhook of webhooks ?? []) hooks.push({ mutates: which === 'mutating', webhook, place: `${metadata.uid}/${webhook.name}` })
  return hooks
}

/** The version in which the webhook wants to be asked about this write; undefined: it does not. */
export function concerns({ webhook }: Hook, admission: Admission): Matched | Refusal | undefined {
  const asked: Asked = askedOf(admission)
  const matched = matchRules(webhook.rules ?? [], webhook.matchPolicy, asked, admission)
  if (matched === undefined || !matchNamespace(webhook.namespaceSelector, asked, admission) || !matchObject(webhook.objectSelector, admission)) return undefined
  const holds = hookConditionsHold(webhook, admission, matched)
  if (isRefusal(holds)) return holds
  if (!holds) return undefined
  // Whoever does more than answer must not be asked when nothing is to happen.
  if (admission.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') return badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`)
  return matched
}
