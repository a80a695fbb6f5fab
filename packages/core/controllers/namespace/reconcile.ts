import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import type { NamespaceCondition } from '../../api/generated/types.ts'
import { byNamespace } from '../../api/indexes.ts'
import { keyOf, type Resource } from '../../api/resource.ts'
import { type Namespace, namespaces, pods } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import { setCondition } from '../../rules/conditions.ts'
import { isTerminating } from '../../rules/pods.ts'
import { builtIn, type KnownTypes, typeOf } from '../known-types.ts'
import { settled } from '../settled.ts'

/** The finalizer in a Namespace's spec that this controller takes off. */
const ours = 'kubernetes'

/** Empties a Namespace that is being deleted, then lets it go. A key is its name. */
export const namespaceController = (types: KnownTypes = builtIn): Controller => ({
  name: 'namespace-controller',
  watches: [
    { resource: namespaces.resource, affected: (change) => (change.after && isTerminating(change.after) ? [change.key.name] : []) },
    { resource: '*', affected: inTerminating },
  ],
  reconcile: (name, world) => {
    const namespace = world.view.get(namespaces, '', name)
    if (namespace === undefined || !isTerminating(namespace) || !namespace.spec.finalizers?.includes(ours)) return settled
    return reconcile(namespace, world, types)
  },
})

/** Something in a Namespace that is being deleted came or went. */
function inTerminating({ key, before, after }: Change, view: ClusterView): readonly string[] {
  if (key.namespace === '' || (before !== undefined && after !== undefined)) return []
  const namespace = view.get(namespaces, '', key.namespace)
  return namespace !== undefined && isTerminating(namespace) ? [key.namespace] : []
}

function reconcile(namespace: Namespace, { view, now }: World<undefined>, types: KnownTypes): Plan {
  const contents = [...view.by(byNamespace, namespace.metadata.name)]
  if (contents.length === 0) return { actions: [finalize(namespace)] }
  // As upstream: pods go before what they may still need.
  const somePods = contents.filter((object) => object.kind === pods.kind && object.apiVersion === pods.version)
  const deletions = (somePods.length > 0 ? somePods : contents).filter((object) => !isTerminating(object)).flatMap((object): Action[] => {
    const type = typeOf(object, types)
    return type ? [{ do: 'delete', key: keyOf(type, object), uid: object.metadata.uid, propagation: 'Background' }] : []
  })
  const left = contents.filter((object) => isTerminating(object) || (somePods.length > 0 && !somePods.includes(object)))
  const conditions = describe(left, types).reduce<readonly NamespaceCondition[]>((set, condition) => setCondition(set, condition, now), namespace.status?.conditions ?? [])
  const same = conditions === namespace.status?.conditions && namespace.status.phase === 'Terminating'
  const report: Action[] = same || left.length === 0 ? [] : [{
    do: 'patch', key: keyOf(namespaces, namespace), uid: namespace.metadata.uid, part: 'status', patch: { status: { phase: 'Terminating', conditions } },
  }]
  return { actions: [...deletions, ...report] }
}

/** What is left, in upstream's words. */
function describe(left: readonly Resource[], types: KnownTypes): readonly NamespaceCondition[] {
  const perType = new Map<string, number>()
  const perFinalizer = new Map<string, number>()
  for (const object of left) {
    const type = typeOf(object, types)
    const place = type ? `${type.plural}.${type.group}` : object.kind
    perType.set(place, (perType.get(place) ?? 0) + 1)
    for (const finalizer of object.metadata.finalizers ?? []) perFinalizer.set(finalizer, (perFinalizer.get(finalizer) ?? 0) + 1)
  }
  const listed = (counts: ReadonlyMap<string, number>, text: (name: string, count: number) => string): string => [...counts].map(([name, count]) => text(name, count)).sort().join(', ')
  return [
    { type: 'NamespaceDeletionDiscoveryFailure', status: 'False', reason: 'ResourcesDiscovered', message: 'All resources successfully discovered' },
    { type: 'NamespaceDeletionGroupVersionParsingFailure', status: 'False', reason: 'ParsedGroupVersions', message: 'All legacy kube types successfully parsed' },
    { type: 'NamespaceDeletionContentFailure', status: 'False', reason: 'ContentDeleted', message: 'All content successfully deleted, may be waiting on finalization' },
    perType.size === 0
      ? { type: 'NamespaceContentRemaining', status: 'False', reason: 'ContentRemoved', message: 'All content successfully removed' }
      : { type: 'NamespaceContentRemaining', status: 'True', reason: 'SomeResourcesRemain', message: `Some resources are remaining: ${listed(perType, (name, count) => `${name} has ${count} resource instances`)}` },
    perFinalizer.size === 0
      ? { type: 'NamespaceFinalizersRemaining', status: 'False', reason: 'ContentHasNoFinalizers', message: 'All content-preserving finalizers finished' }
      : { type: 'NamespaceFinalizersRemaining', status: 'True', reason: 'SomeFinalizersRemain', message: `Some content in the namespace has finalizers remaining: ${listed(perFinalizer, (name, count) => `${name} in ${count} resource instances`)}` },
  ]
}

const finalize = (namespace: Namespace): Action => ({
  do: 'invoke', key: keyOf(namespaces, namespace), subresource: 'finalize',
  body: { apiVersion: 'v1', kind: 'Namespace', metadata: namespace.metadata, spec: { ...namespace.spec, finalizers: (namespace.spec.finalizers ?? []).filter((finalizer) => finalizer !== ours) } },
})
