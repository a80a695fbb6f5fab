import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { mutatingAdmissionPolicy } from './mutatingadmissionpolicy/index.ts'
import { mutatingAdmissionPolicyBinding } from './mutatingadmissionpolicybinding/index.ts'
import { mutatingWebhookConfiguration } from './mutatingwebhookconfiguration/index.ts'
import { validatingAdmissionPolicy } from './validatingadmissionpolicy/index.ts'
import { validatingAdmissionPolicyBinding } from './validatingadmissionpolicybinding/index.ts'
import { validatingWebhookConfiguration } from './validatingwebhookconfiguration/index.ts'

export const admissionregistrationKinds: readonly Kind<Resource>[] = [
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  mutatingWebhookConfiguration,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
  validatingWebhookConfiguration,
]
