// ResourceClaims: made from templates for pods, and given back when nobody uses them any more. Behaviour: upstream's resource claim controller.
import { type Action, type Controller, keyOf, type Plan, type Pod, pods, type Resource, type ResourceClaim, resourceClaims, type ResourceClaimTemplate, resourceClaimTemplates } from '../../api/index.ts'
import type { PodResourceClaim, PodResourceClaimStatus, ResourceClaimConsumerReference } from '../../api/generated/types.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import { byOwner } from '../../api/indexes.ts'
import { isOf, sidesOf } from '../../rules/changes.ts'
import { generatedName } from '../../rules/names.ts'
import { controllerOf, finalizersPatch, isControlledBy, ownerReference } from '../../rules/owners.ts'
import { deviceClaimsOf } from '../../rules/pod-references.ts'
import { isTerminal, isTerminating } from '../../rules/pods.ts'
import { namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'

const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name'
const protection = 'resource.kubernetes.io/delete-protection'
const podMark = 'pod:'

/** That this claim's devices were given back, and its finalizer is still to go. Where it is forgotten, the finalizer goes when the claim is deleted. */
interface Memory { readonly isGivenBack: boolean }

/** A key is a claim's 'namespace/name', or a pod's after a mark. */
export const resourceClaimController: Controller<Memory> = {
  name: 'resource-claim-controller',
  watches: [
    { resource: pods.resource, affected: (change) => keysOfPod(change) },
    { resource: resourceClaims.resource, affected: (change) => (change.after === undefined ? podOfClaim(change.before) : ownKey(change)) },
    { resource: resourceClaimTemplates.resource, affected: ({ after }, view) => (after === undefined ? [] : waitingPods(after as ResourceClaimTemplate, view)) },
  ],
  reconcile: (key, { view, last, memory }) => {
    if (key.startsWith(podMark)) {
      const pod = view.get(pods, ...namesOf(key.slice(podMark.length)))
      if (pod === undefined || isDone(pod)) return settled
      const made = make(pod, view, last?.message)
      return { actions: made.length > 0 ? made : reservations(pod, view) }
    }
    const claim = view.get(resourceClaims, ...namesOf(key))
    return claim === undefined ? settled : giveBack(claim, view, memory?.isGivenBack ?? false)
  },
}

const keyOfPod = (pod: Pod): string => `${podMark}${pod.metadata.namespace}/${pod.metadata.name}`

/** Whose claim is gone: a pod that has not used it yet gets another. */
function podOfClaim(claim: Resource | undefined): readonly string[] {
  const owner = claim && controllerOf(claim)
  return owner?.kind === pods.kind ? [`${podMark}${claim?.metadata.namespace}/${owner.name}`] : []
}

function keysOfPod(change: Change): readonly string[] {
  const { before, after } = sidesOf(pods, change) ?? {}
  const pod = after ?? before
  if (pod === undefined || (pod.spec.resourceClaims === undefined && pod.status?.extendedResourceClaimStatus === undefined)) return []
  const claims = [...deviceClaimsOf(pod)].map((name) => `${pod.metadata.namespace}/${name}`)
  if (after === undefined || isDone(after)) return claims
  return before === undefined || before.spec.nodeName !== after.spec.nodeName || before.status?.resourceClaimStatuses !== after.status?.resourceClaimStatuses ? [keyOfPod(after), ...(before === undefined ? claims : [])] : []
}

/** A template that came late is what pods may have waited for. */
const waitingPods = ({ metadata: { namespace, name } }: ResourceClaimTemplate, view: ClusterView): readonly string[] =>
  [...view.list(pods, namespace)].filter((pod) => pod.spec.resourceClaims?.some(({ resourceClaimTemplateName }) => resourceClaimTemplateName === name) && !isDone(pod)).map(keyOfPod)

/** Will never use what it has asked for, or not again. */
const isDone = (pod: Pod): boolean => isTerminal(pod) || (isTerminating(pod) && !pod.spec.nodeName)

/** Makes the claims that a pod's templates ask for, and tells the pod their names. */
function make(pod: Pod, view: ClusterView, refused: string | undefined): readonly Action[] {
  const actions: Action[] = []
  const added: PodResourceClaimStatus[] = []
  for (const asked of pod.spec.resourceClaims ?? []) {
    const told = pod.status?.resourceClaimStatuses?.find(({ name }) => name === asked.name)
    // As upstream: one that was deleted before it was used is made anew.
    if (asked.resourceClaimTemplateName === undefined || (told !== undefined && (told.resourceClaimName === undefined || view.get(resourceClaims, pod.metadata.namespace ?? '', told.resourceClaimName) !== undefined))) continue
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
  const resourceClaimStatuses = [...(pod.status?.resourceClaimStatuses ?? []).filter(({ name }) => !added.some((one) => one.name === name)), ...added]
  return added.length === 0 ? actions : [...actions, { do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'status', patch: { status: { resourceClaimStatuses } } }]
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

/** Who was put on a node without the scheduler has its allocated claims reserved here. */
function reservations(pod: Pod, view: ClusterView): readonly Action[] {
  const { namespace = '', name, uid } = pod.metadata
  if (!pod.spec.nodeName) return []
  return [...deviceClaimsOf(pod)].flatMap((claimName): readonly Action[] => {
    const claim = view.get(resourceClaims, namespace, claimName)
    const users = claim?.status.reservedFor ?? []
    if (claim?.status.allocation === undefined || isTerminating(claim) || users.some((user) => user.uid === uid)) return []
    const isMade = pod.spec.resourceClaims?.every(({ resourceClaimName }) => resourceClaimName !== claimName)
    if (isMade === true && !isControlledBy(claim, pod)) return []
    return [statusPatch(claim, { reservedFor: [...users, { resource: 'pods', name, uid }] })]
  })
}

const statusPatch = (claim: ResourceClaim, status: object): Action =>
  ({ do: 'patch', key: keyOf(resourceClaims, claim), uid: claim.metadata.uid, part: 'status', patch: { metadata: { resourceVersion: claim.metadata.resourceVersion }, status } })

/** Consumers that are gone are taken off; what nobody uses any more is allocated to nobody, and one that was made for a pod goes with it. */
function giveBack(claim: ResourceClaim, view: ClusterView, isGivenBack: boolean): Plan<Memory> {
  const namespace = claim.metadata.namespace ?? ''
  const before = claim.status.reservedFor ?? []
  const users = before.filter((user) => mayUse(user, namespace, view))
  const isProtected = claim.metadata.finalizers?.includes(protection) ?? false
  const isFree = users.length === 0 && isProtected && (before.length > 0 || isGivenBack || isTerminating(claim))
  const owner = controllerOf(claim)
  const pod = owner?.kind === 'Pod' ? view.get(pods, namespace, owner.name) : undefined
  const isOver = users.length === 0 && owner?.kind === 'Pod' && !isTerminating(claim) && (pod === undefined || pod.metadata.uid !== owner.uid || isDone(pod))
  // One thing after the other: each is seen before the next, which is refused where somebody else was faster. What a late scheduler gave to a claim that goes is taken again.
  if (users.length < before.length || (isFree && (!isGivenBack || isTerminating(claim)) && claim.status.allocation !== undefined)) {
    return { actions: [statusPatch(claim, { reservedFor: users.length > 0 ? users : null, ...(isFree && { allocation: null }) })], ...(isFree && { memory: { isGivenBack: true } }) }
  }
  if (isFree && claim.status.allocation === undefined) {
    return { actions: [finalizersPatch(resourceClaims, claim, claim.metadata.finalizers?.filter((one) => one !== protection) ?? [])], ...(isGivenBack && { memory: { isGivenBack } }) }
  }
  return { actions: isOver ? [{ do: 'delete', key: keyOf(resourceClaims, claim), uid: claim.metadata.uid }] : [] }
}

function mayUse({ apiGroup = '', resource, name, uid }: ResourceClaimConsumerReference, namespace: string, view: ClusterView): boolean {
  // Who else may consume is not known here: it is left alone.
  if (apiGroup !== '' || resource !== 'pods') return true
  const pod = view.get(pods, namespace, name)
  return pod !== undefined && pod.metadata.uid === uid && !isDone(pod)
}
