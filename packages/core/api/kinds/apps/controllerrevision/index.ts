import type { Kind } from '../../../kind.ts'
import { type ControllerRevision, controllerRevisions } from '../../../resources.ts'
import { ageColumn, nameColumn, number, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { asItIs } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, immutable, required } from '../../problems.ts'
import { group } from '../workload.ts'

function controllerOf({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined) return '<none>'
  const [ownerGroup = ''] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : ['']
  return `${owner.kind.toLowerCase()}${ownerGroup === '' ? '' : `.${ownerGroup}`}/${owner.name}`
}

export const controllerRevision: Kind<ControllerRevision> = {
  ...controllerRevisions,
  singular: 'controllerrevision', shortNames: [], categories: [],
  hasStatus: false,
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.apps.v1.ControllerRevision', fill: asItIs,
    columns: [
      nameColumn,
      text('Controller', 'Controller of the object', controllerOf),
      number('Revision', 'Revision indicates the revision of the state represented by Data.', ({ revision }) => revision ?? 0),
      ageColumn,
    ],
  }],
  check: (next, before) => [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(next.data === undefined || next.data === null ? [required('data', 'data is mandatory')] : []),
    ...checkNonNegative('revision', next.revision),
    ...(before !== undefined && !sameMeaning(next.data, before.data) ? [immutable('data', next.data)] : []),
  ],
}
