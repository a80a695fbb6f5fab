import type { Action } from '../../api/action.ts'
import type { Controller, Plan } from '../../api/controller.ts'
import type { CustomResourceDefinitionCondition as Condition } from '../../api/generated/types.ts'
import { cleanupFinalizer, sameMeaning, storageVersion } from '../../api/kinds/index.ts'
import { keyOf, type Resource, type ResourceType } from '../../api/resource.ts'
import { type CustomResourceDefinition, customResourceDefinitions } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { isTrue, setCondition } from '../../rules/conditions.ts'
import { finalizersPatch } from '../../rules/owners.ts'
import { isTerminating } from '../../rules/pods.ts'
import { settled } from '../settled.ts'
import { nameDefinition, takenNames } from './names.ts'

/** Accepts the names of CustomResourceDefinitions, and empties those that are being deleted. A key is a name. */
export const customResourceDefinitionController: Controller = {
  name: 'customresourcedefinition-controller',
  watches: [
    { resource: customResourceDefinitions.resource, affected },
    { resource: '*', affected: ofTerminating },
  ],
  reconcile: (name, { view, now }) => {
    const definition = view.get(customResourceDefinitions, '', name)
    if (definition === undefined) return settled
    return isTerminating(definition) ? finalize(definition, view, now) : accept(definition, view, now)
  },
}

/** Names that somebody gives up may be what another one waits for. */
function affected({ key, before, after }: Change, view: ClusterView): readonly string[] {
  const had = before as CustomResourceDefinition | undefined
  const has = after as CustomResourceDefinition | undefined
  if (had === undefined || had.status?.acceptedNames === has?.status?.acceptedNames) return after === undefined ? [] : [key.name]
  const waiting = [...view.list(customResourceDefinitions)].filter((each) => each.spec.group === had.spec.group && !isTrue(each.status?.conditions, 'NamesAccepted'))
  return [...new Set([...(after === undefined ? [] : [key.name]), ...waiting.map(({ metadata }) => metadata.name)])]
}

/** A custom resource went while its definition is being deleted. */
function ofTerminating({ key, after }: Change, view: ClusterView): readonly string[] {
  const at = key.resource.indexOf('/')
  if (after !== undefined || at < 0) return []
  const name = `${key.resource.slice(at + 1)}.${key.resource.slice(0, at)}`
  const definition = view.get(customResourceDefinitions, '', name)
  return definition !== undefined && isTerminating(definition) ? [name] : []
}

const statusPatch = (definition: CustomResourceDefinition, status: object): Action =>
  ({ do: 'patch', key: keyOf(customResourceDefinitions, definition), uid: definition.metadata.uid, part: 'status', patch: { status } })

function accept(definition: CustomResourceDefinition, view: ClusterView, now: Instant): Plan {
  const { group } = definition.spec
  const others = [...view.list(customResourceDefinitions)].filter((each) => each.spec.group === group && each.metadata.uid !== definition.metadata.uid)
  const naming = nameDefinition(definition, takenNames(others))
  const conditions = naming.conditions.reduce<readonly Condition[]>((set, condition) => setCondition(set, condition, now), definition.status?.conditions ?? [])
  if (conditions === definition.status?.conditions && sameMeaning(naming.acceptedNames, definition.status.acceptedNames)) return settled
  // A merge patch keeps what it does not name: names that are given up are named as null.
  const gone = Object.fromEntries(Object.keys(definition.status?.acceptedNames ?? {}).map((field) => [field, null]))
  return { actions: [statusPatch(definition, { acceptedNames: { ...gone, ...naming.acceptedNames }, conditions })] }
}

function finalize(definition: CustomResourceDefinition, view: ClusterView, now: Instant): Plan {
  const { metadata, spec, status } = definition
  if (metadata.finalizers?.includes(cleanupFinalizer) !== true) return settled
  const left = metadata.finalizers.filter((finalizer) => finalizer !== cleanupFinalizer)
  const report = (condition: Omit<Condition, 'type'>): readonly Action[] => {
    const conditions = setCondition<Condition>(status?.conditions, { type: 'Terminating', ...condition }, now)
    return conditions === status?.conditions ? [] : [statusPatch(definition, { conditions })]
  }
  // What is said comes first: the finalizer goes when that is seen, and only if nobody changed the others meanwhile.
  const release = (reports: readonly Action[]): Plan => ({ actions: reports.length > 0 ? reports : [finalizersPatch(customResourceDefinitions, definition, left)] })
  if (!isTrue(status?.conditions, 'Established')) {
    return release(report({ status: 'False', reason: 'NeverEstablished', message: 'resource was never established' }))
  }
  const type: ResourceType<Resource> = {
    resource: `${spec.group}/${spec.names.plural}`, group: spec.group, version: storageVersion(definition), plural: spec.names.plural, kind: spec.names.kind,
    scope: spec.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
  }
  const instances = [...view.list(type)]
  if (instances.length === 0) return release(report({ status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }))
  return {
    actions: [
      ...report({ status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' }),
      ...instances.filter((object) => !isTerminating(object)).map((object): Action => ({ do: 'delete', key: keyOf(type, object), uid: object.metadata.uid })),
    ],
  }
}
