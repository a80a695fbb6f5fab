import type { PodTemplate as PodTemplateModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type PodTemplate, podTemplates } from '../../../resources.ts'
import { labelSelectorText } from '../../../selectors/labels.ts'
import { nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { fillTemplate } from '../pod/defaults.ts'
import { checkTemplate } from '../pod/template.ts'
import { warningsOfTemplate } from '../pod/warnings.ts'

function fill(draft: PodTemplateModel): PodTemplateModel {
  const template = fillTemplate(draft.template)
  return template === draft.template ? draft : { ...draft, template }
}

const check = (next: PodTemplate, before: PodTemplate | undefined): readonly Problem[] =>
  [...checkMetadata(next, before, { scope: 'Namespaced' }), ...checkTemplate(next.template ?? {}, 'template')]

const containersOf = ({ template }: PodTemplate) => template?.spec?.containers ?? []

export const podTemplate: Kind<PodTemplate> = {
  ...podTemplates,
  singular: 'podtemplate', shortNames: [], categories: [],
  hasStatus: false,
  generation: (next, before) => !sameMeaning(next.template, before.template),
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.PodTemplate', fill: filling(fill),
    columns: [
      nameColumn,
      text('Containers', 'Names of each container in the template.', (object) => containersOf(object).map(({ name }) => name).join(',')),
      text('Images', 'Images referenced by each container in the template.', (object) => containersOf(object).map(({ image }) => image ?? '').join(',')),
      text('Pod Labels', 'The labels for the pod template.', ({ template }) => labelSelectorText({ matchLabels: template?.metadata?.labels ?? {} })),
    ],
  }],
  check,
  warn: warningsOfTemplate(({ template }) => template, 'template'),
}
