import type { CustomResourceDefinition as Model, CustomResourceDefinitionCondition } from '../../../generated/types.ts'
import type { Circumstances, Kind } from '../../../kind.ts'
import { type CustomResourceDefinition, customResourceDefinitions } from '../../../resources.ts'
import { timestamp } from '../../../../base/timestamp.ts'
import { defaultColumns } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { check, checkStatus } from './validation.ts'

export { approvalAnnotation } from './validation.ts'

/** Held until all custom resources are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

const fill = (draft: Model): Model => withField(withParts(draft, 'spec'), 'spec', (spec) => {
  const names = withField(spec, 'names', (given) => withDefaults(given, {
    singular: given.kind === undefined ? undefined : given.kind.toLowerCase(), listKind: given.kind === undefined ? undefined : `${given.kind}List`,
  }))
  return withField(withDefaults(names, { scope: 'Namespaced', conversion: { strategy: 'None' } }), 'conversion', (conversion) => withField(conversion, 'webhook', (webhook) =>
    withField(webhook, 'clientConfig', (config) => withField(config, 'service', (service) => withDefaults(service, { port: 443 })))))
})

export const storageVersion = (object: CustomResourceDefinition): string => object.spec.versions?.find(({ storage }) => storage)?.name ?? ''

/** The status is the controllers'; which versions are stored follows the spec. */
function prepare(next: CustomResourceDefinition, before: CustomResourceDefinition | undefined): CustomResourceDefinition {
  const status = before?.status ?? { conditions: [], acceptedNames: { plural: '', kind: '' } }
  const stored = before?.status?.storedVersions ?? []
  const version = storageVersion(next)
  const storedVersions = version === '' || stored.includes(version) ? stored : [...stored, version]
  return { ...next, status: { ...status, storedVersions } } as CustomResourceDefinition
}

type Condition = CustomResourceDefinitionCondition
/** What a deletion that waits for custom resources changes: upstream's own finalizer comes with it. */
function terminating(object: CustomResourceDefinition): CustomResourceDefinition {
  const { finalizers = [], deletionTimestamp } = object.metadata
  const condition: Condition = {
    type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    ...(deletionTimestamp !== undefined && { lastTransitionTime: deletionTimestamp }),
  }
  const conditions = [...(object.status?.conditions ?? []).filter(({ type }) => type !== 'Terminating'), condition]
  return {
    ...object, metadata: { ...object.metadata, finalizers: finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer] },
    status: { ...object.status, conditions },
  }
}
const isMarked = ({ status }: CustomResourceDefinition): boolean => status?.conditions?.some(({ type }) => type === 'Terminating') === true

function prepareStatus(next: CustomResourceDefinition, before: CustomResourceDefinition, { now }: Circumstances): CustomResourceDefinition {
  const known = new Map((before.status?.conditions ?? []).map((condition) => [condition.type, condition]))
  const conditions = next.status?.conditions?.map((condition): Condition => (condition.lastTransitionTime ? condition : { ...condition, lastTransitionTime: known.get(condition.type)?.lastTransitionTime ?? timestamp(now) }))
  return conditions === undefined ? next : { ...next, status: { ...next.status, conditions } }
}

export const customResourceDefinition: Kind<CustomResourceDefinition> = {
  ...customResourceDefinitions,
  singular: 'customresourcedefinition', shortNames: ['crd', 'crds'], categories: ['api-extensions'],
  hasStatus: true,
  generation: (next, before) => !sameMeaning(next.spec, before.spec),
  served: [{
    group: 'apiextensions.k8s.io', version: 'v1', definition: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
    fill: filling(fill), columns: defaultColumns,
  }],
  prepare, prepareStatus, check, checkStatus,
  // Until it is marked for its cleanup, a deleted definition is held; then the finalizer holds it.
  isHeld: (object) => !isMarked(object),
  terminating,
  subresources: [{ name: 'status', is: 'status' }],
}
