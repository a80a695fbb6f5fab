import type { Actor } from '@kubeskiff/core/api'
import { type Instant, wordsOf } from '@kubeskiff/core/base'
import { type KubeletOptions, nodeActor } from '@kubeskiff/core/kubelet'
import type { Connection } from '../client/index.ts'
import { refusalOf } from '../client/index.ts'

/** Asks the API for the tokens of pods' volumes, each as the pod's node: TokenRequest bound to the pod. */
export function tokensOverHttp(connectionOf: (actor: Actor) => Connection, say: (message: string) => void, now: () => Instant): NonNullable<KubeletOptions['tokens']> {
  return ({ pod, audience, expirationSeconds }, done) => {
    const { namespace = 'default', name, uid } = pod.metadata
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${pod.spec.serviceAccountName ?? 'default'}/token`
    const body = {
      apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest',
      spec: { audiences: audience === undefined ? [] : [audience], expirationSeconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
    }
    connectionOf(nodeActor(pod.spec.nodeName ?? '')).request('POST', path, { body: JSON.stringify(body) }).then((answer) => {
      if (answer.status >= 300) { done({ is: 'refused', message: refusalOf(answer).message }); return }
      const { status } = JSON.parse(answer.body) as { readonly status: { readonly token: string; readonly expirationTimestamp: string } }
      done({ is: 'token', token: status.token, issuedAt: now(), expiresAt: Date.parse(status.expirationTimestamp) })
    }, (error: unknown) => {
      const message = wordsOf(error)
      say(`a token for ${namespace}/${name}: ${message}`)
      done({ is: 'refused', message })
    })
  }
}
