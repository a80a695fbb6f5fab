import type { ObjectMeta, PodSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Pod } from '../../../resources.ts'
import { checkMetadata } from '../../metadata.ts'

export function checkPod(next: Pod, before: Pod | undefined): readonly Problem[] {
  return [...checkMetadata(next, before, { scope: 'Namespaced' })]
}
export function checkPodStatus(_next: Pod, _before: Pod): readonly Problem[] { return [] }
export function checkPodSpec(_spec: PodSpec, _path: string, _of: { readonly owner: 'pod' | 'template'; readonly metadata?: ObjectMeta }): readonly Problem[] { return [] }
