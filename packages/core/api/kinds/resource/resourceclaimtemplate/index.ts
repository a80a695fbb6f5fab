import type { ResourceClaimTemplate as TemplateModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ResourceClaimTemplate, resourceClaimTemplates } from '../../../resources.ts'
import { ageColumn, nameColumn } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withField, withParts } from '../../filling.ts'
import { checkMetadata, checkPairs } from '../../metadata.ts'
import { immutable } from '../../problems.ts'
import { adminRefusal } from '../admin.ts'
import { checkDeviceClaim, fillClaim } from '../devices.ts'
import { group } from '../names.ts'

const fill = (draft: TemplateModel): TemplateModel =>
  withField(withParts(draft, 'spec'), 'spec', (template) => withField(withParts(template, 'metadata', 'spec'), 'spec', (spec) => withField(spec, 'devices', fillClaim)))

function check(next: ResourceClaimTemplate, before: ResourceClaimTemplate | undefined): readonly Problem[] {
  const unchanged = before !== undefined && sameMeaning(next.spec, before.spec)
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(before === undefined ? [...checkPairs(next.spec.metadata ?? {}, 'spec.metadata'), ...checkDeviceClaim(next.spec.spec?.devices ?? {}, 'spec.spec.devices')] : unchanged ? [] : [immutable('spec', next.spec)]),
  ]
}

export const resourceClaimTemplate: Kind<ResourceClaimTemplate> = {
  ...resourceClaimTemplates,
  singular: 'resourceclaimtemplate', shortNames: [], categories: [],
  hasStatus: false,
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.resource.v1.ResourceClaimTemplate', fill: filling(fill),
    columns: [nameColumn, ageColumn],
  }],
  prepare: (next, before, circumstances) => (before === undefined ? adminRefusal(resourceClaimTemplates, next, next.spec.spec?.devices ?? {}, 'spec.spec.devices', circumstances) : undefined) ?? next,
  check,
}
