// The history of a StatefulSet's or DaemonSet's template, kept as ControllerRevisions. Behaviour: upstream's controller history.
import type { PodTemplateSpec } from '../api/generated/types.ts'
import { type Action, type ClusterView, type ControllerRevision, controllerRevisions, keyOf, type Resource, type ResourceType, uncontrolledRevisions } from '../api/index.ts'
import { canonicalJson, templateHash } from './hash.ts'
import { candidatesFor, claim, claimActions, ownerReference } from './owners.ts'
import { compareText } from './pods.ts'

/** An owner with a pod template. */
export type Templated = Resource & {
  readonly spec: { readonly template?: PodTemplateSpec; readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> }; readonly revisionHistoryLimit?: number }
  readonly status?: { readonly collisionCount?: number }
}

/** The owner's history and the revision that is its template now. */
export interface TemplateHistory {
  /** What must be written so that the revision exists and is the newest. */
  readonly actions: readonly Action[]
  readonly name: string
  readonly hash: string
  /** How often a name was taken by another's template. */
  readonly collisions: number
  /** Oldest first, without one that `actions` creates. */
  readonly revisions: readonly ControllerRevision[]
}

/** Finds the revision of the owner's present template, or plans it; an older one with the same template becomes the newest again. */
export function templateHistory(view: ClusterView, type: ResourceType<Resource>, owner: Templated, hashLabel: string): TemplateHistory {
  const decided = claim(owner, owner.spec.selector, candidatesFor(view, controllerRevisions, owner, uncontrolledRevisions))
  const revisions = decided.owned.toSorted((a, b) => a.revision - b.revision || compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compareText(a.metadata.name, b.metadata.name))
  const template = owner.spec.template ?? {}
  const next = (revisions.at(-1)?.revision ?? 0) + 1
  const claims = claimActions(controllerRevisions, type, owner, decided)
  const before = owner.status?.collisionCount ?? 0
  for (let collisions = before; ; collisions++) {
    const hash = templateHash(template, collisions === 0 ? undefined : collisions)
    const name = `${owner.metadata.name}-${hash}`
    const existing = view.get(controllerRevisions, owner.metadata.namespace ?? '', name)
    if (existing === undefined) {
      // The same template may stand under the name of another collision count.
      const same = revisions.findLast((revision) => sameTemplate(revision, template))
      if (same !== undefined) return { actions: [...claims, ...renumber(same, revisions, next)], name: same.metadata.name, hash: same.metadata.labels?.[hashLabel] ?? hash, collisions: before, revisions }
      return { actions: [...claims, { do: 'create', object: newRevision(type, owner, name, hash, hashLabel, next) }], name, hash, collisions, revisions }
    }
    if (revisions.includes(existing) && sameTemplate(existing, template)) return { actions: [...claims, ...renumber(existing, revisions, next)], name, hash, collisions, revisions }
  }
}

function renumber(revision: ControllerRevision, revisions: readonly ControllerRevision[], next: number): readonly Action[] {
  return revisions.at(-1) === revision ? [] : [{ do: 'replace', part: 'main', object: { ...revision, revision: next } as ControllerRevision }]
}

function newRevision(type: ResourceType<Resource>, owner: Templated, name: string, hash: string, hashLabel: string, revision: number) {
  return {
    apiVersion: 'apps/v1', kind: 'ControllerRevision',
    metadata: {
      name, namespace: owner.metadata.namespace ?? '', labels: { ...owner.spec.template?.metadata?.labels, [hashLabel]: hash },
      ...(owner.metadata.annotations && { annotations: owner.metadata.annotations }), ownerReferences: [ownerReference(type, owner)],
    },
    // The mark makes a strategic merge patch of this data (kubectl rollout undo) replace the template as a whole.
    data: { spec: { template: { ...owner.spec.template, $patch: 'replace' } } },
    revision,
  }
}

/** The pod template a revision holds. */
export function revisionTemplate(revision: ControllerRevision | undefined): PodTemplateSpec | undefined {
  const data = revision?.data
  if (typeof data !== 'object' || data === null) return undefined
  const { $patch: _mark, ...template } = (data as { readonly spec?: { readonly template?: PodTemplateSpec & { readonly $patch?: string } } }).spec?.template ?? {}
  return template
}

function sameTemplate(revision: ControllerRevision, template: PodTemplateSpec): boolean {
  const own = revisionTemplate(revision)
  return own !== undefined && canonicalJson(own) === canonicalJson(template)
}

/** Deletes the oldest revisions that nothing lives by, beyond the limit. */
export function forgetRevisions(history: TemplateHistory, live: ReadonlySet<string>, limit: number): readonly Action[] {
  const dead = history.revisions.filter(({ metadata }) => metadata.name !== history.name && !live.has(metadata.name))
  return dead.slice(0, Math.max(0, dead.length - limit)).map((revision): Action => ({ do: 'delete', key: keyOf(controllerRevisions, revision), uid: revision.metadata.uid }))
}
