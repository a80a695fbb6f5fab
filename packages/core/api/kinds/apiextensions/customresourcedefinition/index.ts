import type { CustomResourceDefinition as Model, CustomResourceDefinitionCondition } from '../../../generated/types.ts'
import type { Circumstances, Kind } from '../../../kind.ts'
import { type CustomResourceDefinition, customResourceDefinitions } from '../../../resources.ts'
import { timestamp } from '../../../../base/timestamp.ts'
import { unknownFormats } from '../../../structural/index.ts'
import { defaultColumns } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, filling, withDefaults, withField, withParts } from '../../filling.ts'
import { check, checkStatus } from './validation.ts'

export { approvalAnnotation } from './validation.ts'

/** Held until all custom resources are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

const fill = (draft: Model): Model => withField(withParts(draft, 'spec'), 'spec', (spec) => {
  const names = withField(spec, 'names', (given) => withDefaults(given, {
    singular: given.kind ? given.kind.toLowerCase() : undefined, listKind: given.kind ? `${given.kind}List` : undefined,
  }))
  const versions = withField(names, 'versions', (given) => eachOf(given, (version) => withDefaults(version, { served: false, storage: false })))
  return withField(withDefaults(versions, { conversion: { strategy: 'None' } }), 'conversion', (conversion) => withField(conversion, 'webhook', (webhook) =>
    withField(webhook, 'clientConfig', (config) => withField(config, 'service', (service) => withDefaults(service, { port: 443 })))))
})

export const storageVersion = (object: CustomResourceDefinition): string => object.spec.versions?.find(({ storage }) => storage)?.name ?? ''

/** The status is the controllers'; which versions are stored follows the spec. */
function prepare(next: CustomResourceDefinition, before: CustomResourceDefinition | undefined): CustomResourceDefinition {
  const status = before?.status ?? { conditions: [], acceptedNames: { plural: '', kind: '' } }
  const stored = before?.status?.storedVersions ?? []
  const version = next.spec.versions?.find(({ storage }) => storage)?.name
  const storedVersions = version === undefined || stored.includes(version) ? stored : [...stored, version]
  return { ...next, status: { ...status, storedVersions } } as CustomResourceDefinition
}

type Condition = CustomResourceDefinitionCondition
/** What a deletion that waits for custom resources changes: upstream's own finalizer comes with it. */
function terminating(object: CustomResourceDefinition): CustomResourceDefinition {
  // As upstream, which marks definitions by itself: without a grace, and as the generation that they are.
  const { deletionGracePeriodSeconds: _, generation, ...metadata } = object.metadata
  const { finalizers = [], deletionTimestamp } = metadata
  const condition: Condition = {
    type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    ...(deletionTimestamp !== undefined && { lastTransitionTime: deletionTimestamp }),
  }
  const conditions = [...(object.status?.conditions ?? []).filter(({ type }) => type !== 'Terminating'), condition]
  return {
    ...object, metadata: { ...metadata, ...(generation !== undefined && { generation: generation - 1 }), finalizers: finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer] },
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
  warn: ({ spec }) => [...new Set((spec.versions ?? []).flatMap(({ schema }) => unknownFormats((schema?.openAPIV3Schema ?? {}) as Readonly<Record<string, unknown>>)))],
  // Until it is marked for its cleanup, a deleted definition is held; then the finalizer holds it.
  isHeld: (object) => !isMarked(object),
  terminating,
  subresources: [{ name: 'status', is: 'status' }],
}
