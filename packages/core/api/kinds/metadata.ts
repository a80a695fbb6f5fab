// The rules that hold for the metadata of every object, as upstream's ValidateObjectMeta and ValidateObjectMetaUpdate.
import type { ObjectMeta, OwnerReference } from '../generated/types.ts'
import type { Problem } from '../refusal.ts'
import type { Resource } from '../resource.ts'
import { checkLabelKey, checkLabelName, checkLabelValue, checkSubdomain, type TextRule } from '../selectors/syntax.ts'
import { sameMeaning } from './equal.ts'
import { checkText, forbidden, immutable, invalid, required } from './problems.ts'

export interface MetadataRules { readonly scope: 'Namespaced' | 'Cluster'; readonly name?: TextRule }

const annotationsMax = 256 * 1024
const finalizersOfCore: readonly string[] = ['kubernetes', 'orphan', 'foregroundDeletion']

/**
 * Checks the metadata of an object against the rules of its kind. Every built-in kind's `check` calls this itself;
 * it is exported for kinds that are made at run time.
 */
export function checkMetadata(next: Resource, before: Resource | undefined, { scope, name = checkSubdomain }: MetadataRules): readonly Problem[] {
  const { metadata } = next
  const problems = before === undefined ? checkNewMetadata(metadata, scope, name) : checkUpdate(metadata, before.metadata)
  // What is the stored object's own was checked when it was stored.
  const { labels, annotations } = before?.metadata ?? {}
  return [
    ...problems,
    ...(metadata.labels === labels ? [] : checkLabels(metadata.labels, 'metadata.labels')),
    ...(metadata.annotations === annotations ? [] : checkAnnotations(metadata.annotations, 'metadata.annotations')),
  ]
}

/** Labels and annotations of an object or of a template. */
export function checkPairs(metadata: ObjectMeta, path = 'metadata'): readonly Problem[] {
  return [...checkLabels(metadata.labels, `${path}.labels`), ...checkAnnotations(metadata.annotations, `${path}.annotations`)]
}

export function checkLabels(labels: Readonly<Record<string, string>> | undefined, path: string): readonly Problem[] {
  const problems: Problem[] = []
  for (const key in labels) {
    problems.push(...checkText(path, key, checkLabelKey))
    problems.push(...checkText(path, labels[key] ?? '', checkLabelValue))
  }
  return problems
}

export function checkAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string): readonly Problem[] {
  const problems: Problem[] = []
  let size = 0
  for (const key in annotations) {
    // Upper case is allowed here and not in labels' prefixes.
    for (const detail of checkLabelKey(key.toLowerCase())) problems.push(invalid(path, key, detail))
    size += key.length + (annotations[key]?.length ?? 0)
  }
  return size > annotationsMax ? [...problems, { path, reason: 'FieldValueTooLong', detail: `may not be more than ${annotationsMax} bytes` }] : problems
}

function checkNewMetadata(metadata: ObjectMeta, scope: 'Namespaced' | 'Cluster', rule: TextRule): readonly Problem[] {
  const { generateName, name, namespace, finalizers = [], ownerReferences = [] } = metadata
  return [
    // A prefix that ends in a dash is fine: characters follow.
    ...(generateName ? checkText('metadata.generateName', generateName, (text) => rule(text.endsWith('-') ? `${text.slice(0, -1)}a` : text)) : []),
    ...(!name ? [required('metadata.name', 'name or generateName is required')] : checkText('metadata.name', name, rule)),
    ...(scope === 'Namespaced'
      ? !namespace ? [required('metadata.namespace')] : checkText('metadata.namespace', namespace, checkLabelName)
      : namespace ? [forbidden('metadata.namespace', 'not allowed on this type')] : []),
    ...checkFinalizers(finalizers),
    ...checkOwners(ownerReferences),
  ]
}

function checkUpdate(metadata: ObjectMeta, before: ObjectMeta): readonly Problem[] {
  const same = <Field extends 'name' | 'namespace' | 'uid' | 'creationTimestamp' | 'deletionTimestamp' | 'deletionGracePeriodSeconds'>(field: Field): readonly Problem[] =>
    sameMeaning(metadata[field], before[field]) ? [] : [immutable(`metadata.${field}`, metadata[field])]
  const added = (metadata.finalizers ?? []).filter((each) => !before.finalizers?.includes(each))
  return [
    ...same('name'), ...same('namespace'), ...same('uid'), ...same('creationTimestamp'), ...same('deletionTimestamp'), ...same('deletionGracePeriodSeconds'),
    ...(before.deletionTimestamp !== undefined && added.length > 0
      ? [forbidden('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`)] : []),
    ...checkFinalizers(added),
    ...checkOwners(metadata.ownerReferences ?? []),
  ]
}

function checkFinalizers(finalizers: readonly string[]): readonly Problem[] {
  return [
    ...finalizers.flatMap((each) => checkText('metadata.finalizers', each, checkLabelKey)),
    ...finalizers.filter((each) => !each.includes('/') && !finalizersOfCore.includes(each) && checkLabelKey(each).length === 0)
      .map((each) => invalid('metadata.finalizers', each, 'name is neither a standard finalizer name nor is it fully qualified')),
    ...(finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')
      ? [invalid('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set')] : []),
  ]
}

function checkOwners(owners: readonly OwnerReference[]): readonly Problem[] {
  const path = 'metadata.ownerReferences'
  const controllers = owners.filter((owner) => owner.controller === true)
  return [
    ...owners.flatMap((owner) => [
      ...(owner.apiVersion ? [] : [invalid(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty')]),
      ...(owner.kind ? [] : [invalid(`${path}.kind`, owner.kind ?? '', 'must not be empty')]),
      ...(owner.name ? [] : [invalid(`${path}.name`, owner.name ?? '', 'must not be empty')]),
      ...(owner.uid ? [] : [invalid(`${path}.uid`, owner.uid ?? '', 'must not be empty')]),
    ]),
    ...(controllers.length > 1
      ? [invalid(path, owners, `Only one reference can have Controller set to true. Found "true" in references for ${controllers[0]?.kind}/${controllers[0]?.name} and ${controllers[1]?.kind}/${controllers[1]?.name}`)] : []),
  ]
}
