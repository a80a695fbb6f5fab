// ResourceClaims: made from templates for pods, and given back when nobody uses them any more. Behaviour: upstream's resource claim controller.
import { type Action, type Controller, keyOf, type Plan, type Pod, pods, type ResourceClaim, resourceClaims, type ResourceClaimTemplate, resourceClaimTemplates } from '../../api/index.ts'
import type { PodResourceClaim, PodResourceClaimStatus, ResourceClaimConsumerReference } from '../../api/generated/types.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import { byOwner } from '../../api/indexes.ts'
import { isOf, sidesOf } from '../../rules/changes.ts'
import { generatedName } from '../../rules/names.ts'
import { controllerOf, isControlledBy, ownerReference } from '../../rules/owners.ts'
import { deviceClaimsOf } from '../../rules/pod-references.ts'
import { isTerminal, isTerminating } from '../../rules/pods.ts'
import { namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'

const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name'
const protection = 'resource.kubernetes.io/delete-protection'
const podMark = 'pod:'

/** A key is a claim's 'namespace/name', or a pod's after a mark. */
export const resourceClaimController: Controller = {
  name: 'resource-claim-controller',
  watches: [
    { resource: pods.resource, affected: (change) => keysOfPod(change) },
    { resource: resourceClaims.resource, affected: (change) => (change.after === undefined ? [] : ownKey(change)) },
    { resource: resourceClaimTemplates.resource, affected: ({ after }, view) => (after === undefined ? [] : waitingPods(after as ResourceClaimTemplate, view)) },
  ],
  reconcile: (key, { view, last }) => {
    if (key.startsWith(podMark)) {
      const pod = view.get(pods, ...namesOf(key.slice(podMark.length)))
      return pod === undefined || isDone(pod) ? settled : make(pod, view, last?.message)
    }
    const claim = view.get(resourceClaims, ...namesOf(key))
    return claim === undefined ? settled : giveBack(claim, view)
  },
}

const keyOfPod = (pod: Pod): string => `${podMark}${pod.metadata.namespace}/${pod.metadata.name}`

function keysOfPod(change: Change): readonly string[] {
  const { before, after } = sidesOf(pods, change) ?? {}
  const pod = after ?? before
  if (pod?.spec.resourceClaims === undefined) return []
  const claims = [...deviceClaimsOf(pod)].map((name) => `${pod.metadata.namespace}/${name}`)
  if (after === undefined || isDone(after)) return claims
  return before === undefined || before.status?.resourceClaimStatuses !== after.status?.resourceClaimStatuses ? [keyOfPod(after), ...(before === undefined ? claims : [])] : []
}

/** A template that came late is what pods may have waited for. */
const waitingPods = ({ metadata: { namespace, name } }: ResourceClaimTemplate, view: ClusterView): readonly string[] =>
  [...view.list(pods, namespace)].filter((pod) => pod.spec.resourceClaims?.some(({ resourceClaimTemplateName }) => resourceClaimTemplateName === name) && !isDone(pod)).map(keyOfPod)

/** Will never use what it has asked for, or not again. */
const isDone = (pod: Pod): boolean => isTerminal(pod) || (isTerminating(pod) && !pod.spec.nodeName)

/** Makes the claims that a pod's templates ask for, and tells the pod their names. */
function make(pod: Pod, view: ClusterView, refused: string | undefined): Plan {
  const actions: Action[] = []
  const added: PodResourceClaimStatus[] = []
  for (const asked of pod.spec.resourceClaims ?? []) {
    if (asked.resourceClaimTemplateName === undefined || pod.status?.resourceClaimStatuses?.some(({ name }) => name === asked.name)) continue
    const existing = [...view.by(byOwner, pod.metadata.uid)].find((object) => isOf(resourceClaims, object) && isControlledBy(object, pod) && object.metadata.annotations?.[podClaimAnnotation] === asked.name)
    const template = view.get(resourceClaimTemplates, pod.metadata.namespace ?? '', asked.resourceClaimTemplateName)
    const fault = refused ?? (existing === undefined && template === undefined ? `resource claim template ${JSON.stringify(asked.resourceClaimTemplateName)}: resourceclaimtemplate.resource.k8s.io ${JSON.stringify(asked.resourceClaimTemplateName)} not found` : undefined)
    if (fault !== undefined) actions.push({ do: 'record', about: pod, type: 'Warning', reason: 'FailedResourceClaimCreation', message: `PodResourceClaim ${asked.name}: ${fault}` })
    if (existing !== undefined) { added.push({ name: asked.name, resourceClaimName: existing.metadata.name }); continue }
    if (template === undefined) continue
    const prefix = `${pod.metadata.name}-${asked.name}-`
    const name = generatedName(prefix, (one) => view.get(resourceClaims, pod.metadata.namespace ?? '', one) !== undefined, pod.metadata.uid, asked.name)
    actions.push(newClaim(pod, asked, template, { prefix, name }))
    added.push({ name: asked.name, resourceClaimName: name })
  }
  const resourceClaimStatuses = [...(pod.status?.resourceClaimStatuses ?? []), ...added]
  return { actions: added.length === 0 ? actions : [...actions, { do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'status', patch: { status: { resourceClaimStatuses } } }] }
}

function newClaim(pod: Pod, { name: asked }: PodResourceClaim, { spec: { metadata, spec } }: ResourceClaimTemplate, { prefix, name }: { readonly prefix: string; readonly name: string }): Action {
  return {
    do: 'create', object: {
      apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaim', spec,
      metadata: {
        name, generateName: prefix, namespace: pod.metadata.namespace ?? '', ...(metadata?.labels && { labels: metadata.labels }),
        annotations: { ...metadata?.annotations, [podClaimAnnotation]: asked }, ownerReferences: [ownerReference(pods, pod)],
      },
    },
  }
}

/** Consumers that are gone are taken off; what nobody uses any more is allocated to nobody, and one that was made for a pod goes with it. */
function giveBack(claim: ResourceClaim, view: ClusterView): Plan {
  const namespace = claim.metadata.namespace ?? ''
  const before = claim.status?.reservedFor ?? []
  const users = before.filter((user) => mayUse(user, namespace, view))
  const isProtected = claim.metadata.finalizers?.includes(protection) ?? false
  const isFree = users.length === 0 && isProtected && (before.length > 0 || isTerminating(claim))
  const actions: Action[] = []
  if (users.length < before.length || (isFree && claim.status?.allocation !== undefined)) {
    actions.push({ do: 'patch', key: keyOf(resourceClaims, claim), uid: claim.metadata.uid, part: 'status', patch: { status: { reservedFor: users.length > 0 ? users : null, ...(isFree && { allocation: null }) } } })
  }
  if (isFree) {
    const finalizers = claim.metadata.finalizers?.filter((one) => one !== protection) ?? []
    actions.push({ do: 'patch', key: keyOf(resourceClaims, claim), uid: claim.metadata.uid, part: 'main', patch: { metadata: { finalizers: finalizers.length > 0 ? finalizers : null } } })
  }
  const owner = controllerOf(claim)
  const pod = owner?.kind === 'Pod' ? view.get(pods, namespace, owner.name) : undefined
  if (users.length === 0 && owner?.kind === 'Pod' && !isTerminating(claim) && (pod === undefined || pod.metadata.uid !== owner.uid || isDone(pod))) actions.push({ do: 'delete', key: keyOf(resourceClaims, claim), uid: claim.metadata.uid })
  return { actions }
}

function mayUse({ apiGroup = '', resource, name, uid }: ResourceClaimConsumerReference, namespace: string, view: ClusterView): boolean {
  // Who else may consume is not known here: it is left alone.
  if (apiGroup !== '' || resource !== 'pods') return true
  const pod = view.get(pods, namespace, name)
  return pod !== undefined && pod.metadata.uid === uid && !isDone(pod)
}
