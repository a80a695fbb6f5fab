// Approves the requests of kubelets, signs what is approved, and forgets old requests. Behaviour: upstream's certificates controllers.
import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import { type Draft, keyOf } from '../../api/resource.ts'
import { type CertificateSigningRequest, certificateSigningRequests, nodes } from '../../api/resources.ts'
import { blocksOf, pemOf, readCertificate, readPemRequest, textOfBytesField } from '../../api/x509/index.ts'
import { conditionOf, isTrue } from '../../rules/conditions.ts'
import { timestamp } from '../../rules/time.ts'
import { settled } from '../settled.ts'
import { kubeletClientFault, kubeletClientSigner, signers } from './signers.ts'

/** Whether whoever made a request may create such subresources of requests. */
export type MayRequest = (spec: CertificateSigningRequest['spec'], subresource: 'nodeclient' | 'selfnodeclient') => boolean

interface Memory { readonly attempt: number }
const hourMs = 3_600_000
/** How long requests are kept after their end, and how long they may wait for an approval. */
const keptMs = hourMs
const pendingMs = 24 * hourMs
const retryMs = 15_000

/** A key is a request's name. */
export const certificateController = (mayRequest: MayRequest): Controller<Memory> => ({
  name: 'certificate-controller',
  watches: [{ resource: certificateSigningRequests.resource, affected: ({ key, after }) => (after === undefined ? [] : [key.name]) }],
  reconcile: (name, world) => {
    const request = world.view.get(certificateSigningRequests, '', name)
    if (request === undefined || request.metadata.deletionTimestamp !== undefined) return settled
    const ends = endOf(request)
    if (ends <= world.now) return { actions: [{ do: 'delete', key: keyOf(certificateSigningRequests, request), uid: request.metadata.uid }] }
    const plan = isApproved(request) ? sign(request, world) : approve(request, world, mayRequest)
    return { ...plan, again: Math.min(plan.again ?? ends, ends) }
  },
})

const isApproved = ({ status }: CertificateSigningRequest): boolean => isTrue(status.conditions, 'Approved')

/** When a request is to be forgotten. */
function endOf(request: CertificateSigningRequest): number {
  const decided = ['Denied', 'Failed', 'Approved'].map((type) => conditionOf(request.status.conditions, type)).find((condition) => condition !== undefined)
  if (decided === undefined) return Date.parse(request.metadata.creationTimestamp) + pendingMs
  const kept = Date.parse(decided.lastUpdateTime ?? request.metadata.creationTimestamp) + keptMs
  const [first] = request.status.certificate ? blocksOf(textOfBytesField(request.status.certificate) ?? '') : []
  return Math.min(kept, (first && readCertificate(first.bytes)?.notAfter) ?? kept)
}

const bootstrappers = 'system:bootstrappers'
const nodePrefix = 'system:node:'

/** Only kubelets' requests for client certificates are approved by themselves. */
function approve(request: CertificateSigningRequest, { view }: World<Memory>, mayRequest: MayRequest): Plan<Memory> {
  const { spec, status } = request
  if (spec.signerName !== kubeletClientSigner || conditionOf(request.status.conditions, 'Denied') !== undefined || status.certificate) return settled
  const read = readPemRequest(spec.request)
  if ('fault' in read || kubeletClientFault(read, spec.usages ?? []) !== undefined) return settled
  const own = spec.username === read.subject.commonName && mayRequest(spec, 'selfnodeclient')
  if (!own && !mayRequest(spec, 'nodeclient')) return settled
  const decide = (type: 'Approved' | 'Denied', reason: string, message: string): Plan<Memory> => {
    const body = { ...request, status: { ...status, conditions: [...status.conditions ?? [], { type, status: 'True', reason, message }] } }
    return { actions: [{ do: 'invoke', key: keyOf(certificateSigningRequests, request), subresource: 'approval', body: body as unknown as Draft }] }
  }
  // Ours, and narrower than upstream: a token by which machines join must not make its holder a node that is there already, with that node's Secrets.
  const node = read.subject.commonName.slice(nodePrefix.length)
  if (!own && (spec.groups ?? []).includes(bootstrappers) && view.get(nodes, '', node) !== undefined) return decide('Denied', 'NodeNameTaken', `node ${JSON.stringify(node)} is in the cluster already: join under another name, or delete that node first`)
  return decide('Approved', 'AutoApproved', `Auto approving ${own ? 'self kubelet' : 'kubelet'} client certificate after SubjectAccessReview.`)
}

function sign(request: CertificateSigningRequest, { memory, observed, now }: World<Memory>): Plan<Memory> {
  const { spec, status, metadata } = request
  const faultOf = signers[spec.signerName]
  if (faultOf === undefined || status.certificate || isTrue(status.conditions, 'Failed') || isTrue(status.conditions, 'Denied')) return settled
  const write = (next: object): Action => ({ do: 'patch', key: keyOf(certificateSigningRequests, request), uid: metadata.uid, part: 'status', patch: { status: next } })
  const fail = (message: string): Plan<Memory> => ({
    actions: [write({ conditions: [...status.conditions ?? [], { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message, lastUpdateTime: timestamp(now), lastTransitionTime: timestamp(now) }] })],
  })
  const read = readPemRequest(spec.request)
  if ('fault' in read) return fail(read.fault)
  const fault = faultOf(read, spec.usages ?? [])
  if (fault !== undefined) return fail(fault)
  const attempt = memory?.attempt ?? 0
  const id = `sign-certificate/${metadata.uid}/${attempt}`
  const answer = observed.get(id)
  if (answer === undefined) {
    // Those bytes that were checked, and no other block that another reader would find in the text.
    const input = { request: pemOf('CERTIFICATE REQUEST', read.bytes.toBase64()), usages: spec.usages ?? [], ...(spec.expirationSeconds !== undefined && { expirationSeconds: spec.expirationSeconds }) }
    return { actions: [{ do: 'ask', ask: { id, what: 'sign-certificate', input } }], memory: { attempt } }
  }
  const { certificate, refused } = answer as { readonly certificate?: unknown; readonly refused?: unknown }
  if (typeof certificate === 'string') return { actions: [write({ certificate: new TextEncoder().encode(certificate).toBase64() })] }
  if (typeof refused === 'string') return fail(refused)
  return { actions: [], memory: { attempt: attempt + 1 }, again: now + retryMs }
}
