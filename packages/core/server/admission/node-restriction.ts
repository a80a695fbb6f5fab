import { sameMeaning } from '../../api/kinds/equal.ts'
import {
  certificateSigningRequests, type CertificateSigningRequest, csiNodes, leases, type Node, nodes, type Pod, podCertificateRequests, type PodCertificateRequest, pods, resourceSlices, type ResourceSlice,
} from '../../api/resources.ts'
import { readPemRequest } from '../../api/x509/index.ts'
import { isReservedNodeLabel } from '../../rules/node-labels.ts'
import { configMapsOf, deviceClaimsOf, secretsOf, volumeClaimsOf } from '../../rules/pod-references.ts'
import { nodeOf } from '../access/node.ts'
import { forbidden } from '../refusals.ts'
import type { Admission, Plugin } from './types.ts'

/** What the authorizer cannot see of a node's writes: the name inside a create, whose the object is, and what an update changes. */
export const nodeRestriction: Plugin = {
  name: 'NodeRestriction',
  mutate(admission) {
    const node = nodeOf(admission.user)
    if (node === undefined) return admission.object
    const why = reasonAgainst(admission, node)
    return why === undefined ? admission.object : forbidden(admission.kind, admission.object.metadata.name, why)
  },
}

function reasonAgainst(admission: Admission, node: string): string | undefined {
  const { kind, operation, subresource } = admission
  switch (kind.resource) {
    case nodes.resource: return ofNode(admission, node)
    case pods.resource: return ofPod(admission, node)
    case leases.resource: return operation !== 'create' || admission.object.metadata.name === node ? undefined : 'can only access node lease with the same name as the requesting node'
    case csiNodes.resource: return operation !== 'create' || admission.object.metadata.name === node ? undefined : 'can only access CSINode with the same name as the requesting node'
    case resourceSlices.resource: {
      const its = ({ spec }: ResourceSlice): boolean => spec.nodeName === node
      return its(admission.object as ResourceSlice) && (admission.before === undefined || its(admission.before as ResourceSlice)) ? undefined : 'can only create/delete/update ResourceSlice with the same NodeName as the requesting node'
    }
    case podCertificateRequests.resource: {
      const { nodeName } = (admission.object as PodCertificateRequest).spec
      return operation !== 'create' || nodeName === node ? undefined : `PodCertificateRequest.Spec.NodeName=${JSON.stringify(nodeName)}, which is not the requesting node ${JSON.stringify(node)}`
    }
    case certificateSigningRequests.resource: return operation === 'create' && subresource === '' ? ofRequest(admission.object as CertificateSigningRequest, node) : undefined
    default: return undefined
  }
}

function ofNode({ operation, object, before }: Admission, node: string): string | undefined {
  const { name, labels, ownerReferences } = object.metadata
  const by = `node ${JSON.stringify(node)} is not allowed to`
  if (operation === 'connect') return undefined
  if (name !== node) return `${by} modify node ${JSON.stringify(name)}`
  if (operation === 'create') {
    if ((ownerReferences ?? []).length > 0) return `${by} set ownerReferences`
    const reserved = changedReserved(labels, undefined)
    return reserved.length === 0 ? undefined : `${by} set the following labels: ${reserved.join(', ')}`
  }
  if (operation === 'delete' || before === undefined) return undefined
  if (!sameMeaning((object as Node).spec.taints ?? [], (before as Node).spec.taints ?? [])) return `${by} modify taints`
  if (!sameMeaning(ownerReferences ?? [], before.metadata.ownerReferences ?? [])) return `${by} modify ownerReferences`
  const reserved = changedReserved(labels, before.metadata.labels)
  return reserved.length === 0 ? undefined : `is not allowed to modify labels: ${reserved.join(', ')}`
}

function ofPod(admission: Admission, node: string): string | undefined {
  const { operation, subresource, object, before } = admission
  const by = `node ${JSON.stringify(node)}`
  const isIts = ((before ?? object) as Pod).spec.nodeName === node
  if (operation === 'delete') return isIts ? undefined : `${by} can only delete pods with spec.nodeName set to itself`
  if (subresource === 'eviction') return isIts ? undefined : `${by} can only evict pods with spec.nodeName set to itself`
  if (operation === 'create' && subresource === '') return ofMirror(object as Pod, admission, node)
  if (operation !== 'update' || before === undefined) return undefined
  if (!isIts) return `${by} can only update pod status for pods with spec.nodeName set to itself`
  // A label could bring the pod under another's Service or controller.
  if (!sameMeaning(object.metadata.labels ?? {}, before.metadata.labels ?? {})) return `${by} cannot update labels through pod status`
  return sameMeaning(object.metadata.annotations ?? {}, before.metadata.annotations ?? {}) ? undefined : `${by} cannot update annotations through pod status`
}

const mirror = 'kubernetes.io/config.mirror'
/** A pod that a node makes shows one that it runs by itself: it stands for nothing else, and is given nothing of the cluster's. */
function ofMirror(pod: Pod, { circumstances }: Admission, node: string): string | undefined {
  const by = `node ${JSON.stringify(node)}`
  if (pod.metadata.annotations?.[mirror] === undefined) return `pod does not have ${JSON.stringify(mirror)} annotation, ${by} can only create mirror pods`
  if (pod.spec.nodeName !== node) return `${by} can only create pods with spec.nodeName set to itself`
  const [owner, ...more] = pod.metadata.ownerReferences ?? []
  if (more.length > 0) return `${by} can only create pods with a single owner reference set to itself`
  if (owner === undefined || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) return `${by} can only create pods with an owner reference set to itself`
  if (owner.controller !== true) return `${by} can only create pods with a controller owner reference set to itself`
  if (owner.blockOwnerDeletion === true) return `${by} must not set blockOwnerDeletion on an owner reference`
  const uid = circumstances.view.get(nodes, '', node)?.metadata.uid ?? ''
  if (owner.uid !== uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`
  const referred = pod.spec.serviceAccountName ? 'a service account' : secretsOf(pod).size > 0 ? 'secrets' : configMapsOf(pod).size > 0 ? 'configmaps'
    : volumeClaimsOf(pod).size > 0 ? 'persistentvolumeclaims' : deviceClaimsOf(pod).size > 0 ? 'resourceclaims' : undefined
  return referred === undefined ? undefined : `${by} can not create pods that reference ${referred}`
}

const nodeSigners: readonly string[] = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']
/** A node asks for no certificate in another's name. */
function ofRequest({ spec }: CertificateSigningRequest, node: string): string | undefined {
  if (!nodeSigners.includes(spec.signerName)) return undefined
  const request = readPemRequest(spec.request)
  if ('fault' in request) return `unable to parse csr: ${request.fault}`
  const { commonName } = request.subject
  return commonName.startsWith('system:node:') && commonName !== `system:node:${node}` ? `can only create a node CSR with CN=system:node:${node}` : undefined
}

function changedReserved(now: Readonly<Record<string, string>> = {}, before: Readonly<Record<string, string>> = {}): readonly string[] {
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((label) => isReservedNodeLabel(label) && now[label] !== before[label]).sort()
}
