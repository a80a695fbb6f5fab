import type { PodTemplateSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkPairs } from '../../metadata.ts'
import { forbidden } from '../../problems.ts'
import { checkNewProfiles } from './app-armor.ts'
import { checkPodSpec } from './validation.ts'

/** A pod template, as upstream's ValidatePodTemplateSpec. */
export function checkTemplate(template: PodTemplateSpec, path: string): readonly Problem[] {
  const spec = template.spec ?? { containers: [] }
  return [
    // As upstream: paths without the metadata between.
    ...checkPairs(template.metadata ?? {}, path),
    ...checkNewProfiles(template.metadata?.annotations, spec, { annotations: `${path}.annotations`, spec: `${path}.spec` }),
    ...checkPodSpec(spec, `${path}.spec`),
    ...((spec.ephemeralContainers ?? []).length > 0 ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')] : []),
  ]
}
