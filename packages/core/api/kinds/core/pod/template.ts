import type { PodTemplateSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkPairs } from '../../metadata.ts'
import { forbidden } from '../../problems.ts'
import { checkPodSpec } from './validation.ts'

/** A pod template, as upstream's ValidatePodTemplateSpec. */
export function checkTemplate(template: PodTemplateSpec, path: string): readonly Problem[] {
  return [
    // As upstream: paths without the metadata between.
    ...checkPairs(template.metadata ?? {}, path),
    ...checkPodSpec(template.spec ?? { containers: [] }, `${path}.spec`),
    ...((template.spec?.ephemeralContainers ?? []).length > 0 ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')] : []),
  ]
}
