import { randomInt } from 'node:crypto'
import { type Actor, nodes, type PodCertificateRequest, podCertificateRequests } from '@kubeskiff/core/api'
import { instantOf } from '@kubeskiff/core/rules'
import { type Instant, wordsOf } from '@kubeskiff/core/base'
import { type CertificateAsk, type CredentialAnswer, type KubeletOptions, nodeActor } from '@kubeskiff/core/kubelet'
import type { Store } from '@kubeskiff/core/store'
import { type Connection, requestObject, startFeed } from '../client/index.ts'
import { newRequest } from '../credentials/index.ts'

/** As upstream: not all pods of a signer ask again at the same time. */
const spreadMs = 5 * 60_000

export interface CertificateOptions {
  readonly connectionOf: (actor: Actor) => Connection
  readonly store: Store
  readonly onTrouble: (message: string) => void
  readonly now: () => Instant
}

/** Gets certificates for pods: a new key that never leaves the node, a PodCertificateRequest in the API, and the wait for its signer. */
export function certificatesOverHttp(options: CertificateOptions): NonNullable<KubeletOptions['certificates']> {
  const underWay = new Set<string>()
  return (ask, done) => {
    const place = `${ask.pod.metadata.uid}/${ask.id}`
    if (underWay.has(place)) return
    underWay.add(place)
    const answered = (answer: CredentialAnswer): void => {
      underWay.delete(place)
      done(answer)
    }
    request(ask, options).then((made) => { follow(made, ask, options, answered) }, (error: unknown) => {
      const message = wordsOf(error)
      options.onTrouble(`a certificate for ${ask.pod.metadata.namespace ?? ''}/${ask.pod.metadata.name}: ${message}`)
      answered({ is: 'refused', message })
    })
  }
}

interface Named { readonly metadata: { readonly name: string; readonly uid: string } }
interface Made { readonly key: string; readonly name: string }

async function request({ pod, source }: CertificateAsk, { connectionOf, store }: CertificateOptions): Promise<Made> {
  const { namespace = 'default', name, uid } = pod.metadata
  const { nodeName = '', serviceAccountName = 'default' } = pod.spec
  const connection = connectionOf(nodeActor(nodeName))
  const account = await requestObject(connection, 'GET', `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccountName}`) as Named
  const { key, request: stubPKCS10Request } = await newRequest(source.keyType)
  const made = await requestObject(connection, 'POST', `/apis/certificates.k8s.io/v1/namespaces/${namespace}/podcertificaterequests`, {
    apiVersion: 'certificates.k8s.io/v1', kind: 'PodCertificateRequest',
    metadata: { generateName: 'req-', namespace, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid }] },
    spec: {
      signerName: source.signerName, podName: name, podUID: uid, serviceAccountName, serviceAccountUID: account.metadata.uid,
      nodeName, nodeUID: store.view.get(nodes, '', nodeName)?.metadata.uid ?? '', stubPKCS10Request,
      ...(source.maxExpirationSeconds !== undefined && { maxExpirationSeconds: source.maxExpirationSeconds }),
      ...(source.userAnnotations !== undefined && { unverifiedUserAnnotations: source.userAnnotations }),
    },
  }) as Named
  return { key, name: made.metadata.name }
}

/** Watches one request until its signer has spoken, or until it is gone. */
function follow({ key, name }: Made, { pod }: CertificateAsk, { connectionOf, store, onTrouble, now }: CertificateOptions, answered: (answer: CredentialAnswer) => void): void {
  const { namespace = 'default' } = pod.metadata
  const nodeName = pod.spec.nodeName ?? ''
  const feed = startFeed({
    connection: connectionOf(nodeActor(nodeName)), type: podCertificateRequests, namespace, fieldSelector: `metadata.name=${name},spec.nodeName=${nodeName}`, onTrouble,
    store: {
      view: store.view,
      load: (changes) => {
        for (const { object } of changes) {
          const answer = object === undefined ? { is: 'refused' as const, message: `PodCertificateRequest "${namespace}/${name}" appears to have been deleted` } : outcomeOf(object as PodCertificateRequest, key, now())
          if (answer === undefined) continue
          feed.stop()
          answered(answer)
          return
        }
      },
    },
  })
}

function outcomeOf({ metadata, status }: PodCertificateRequest, key: string, now: Instant): CredentialAnswer | undefined {
  for (const { type, reason = '', message = '' } of status.conditions ?? []) {
    if (type === 'Issued') return { is: 'certificate', key, chain: status.certificateChain ?? '', issuedAt: now, renewAt: (instantOf(status.beginRefreshAt) ?? now) + randomInt(spreadMs) }
    const quoted = `reason=${JSON.stringify(reason)} message=${JSON.stringify(message)}`
    const told = (how: string): string => `PodCertificateRequest ${metadata.namespace ?? ''}/${metadata.name} ${how}, reason=${JSON.stringify(reason)}, message=${JSON.stringify(message)}`
    if (type === 'Denied') return { is: 'denied', message: `PodCertificateRequest was permanently denied: ${quoted}`, event: { reason: 'Denied', message: told('was denied') } }
    if (type === 'Failed') return { is: 'denied', message: `PodCertificateRequest was permanently failed: ${quoted}`, event: { reason: 'Failed', message: told('failed') } }
  }
  return undefined
}
