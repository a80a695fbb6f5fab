import { randomUUID } from 'node:crypto'
import type { Ask } from '@kubeskiff/core/api'
import type { Instant } from '@kubeskiff/core/base'
import type { KubeletOptions } from '@kubeskiff/core/kubelet'
import type { Certificates, TokenSigner } from '../credentials/index.ts'
import type { VolumeWork } from '../oci/volumes/work.ts'

export interface Answering {
  readonly signer: TokenSigner
  readonly certificates: Pick<Certificates, 'sign'>
  /** Makes and removes the directories of volumes, and answers `{ done: true }`, or `{ error }`. */
  readonly volumes: (work: VolumeWork) => Promise<unknown>
  readonly now: () => Instant
}

/** Answers what the control plane can only ask of its host: signatures, and the directories of volumes. */
export function answerAsks({ signer, certificates, volumes, now }: Answering): (ask: Ask) => Promise<unknown> {
  return async ({ what, input }) => {
    switch (what) {
      case 'sign-token': return { token: signer.sign(field(input, 'claims') as Readonly<Record<string, unknown>>) }
      case 'verify-token': {
        const verified = signer.verify(String(field(input, 'token')), now())
        return verified.is === 'good' ? { is: 'valid', claims: verified.claims } : { is: 'invalid', why: verified.why }
      }
      case 'sign-certificate': {
        const seconds = field(input, 'expirationSeconds')
        return certificates.sign({ request: String(field(input, 'request')), usages: field(input, 'usages') as readonly string[], ...(typeof seconds === 'number' && { expirationSeconds: seconds }) })
      }
      case 'provision': case 'unprovision': return volumes({ do: what, path: String(field(input, 'path')), from: String(field(input, 'from') ?? '') })
      default: throw new Error(`nobody here answers ${what}`)
    }
  }
}

/** Tokens for volumes of simulated pods. They name no account's uid, so that nobody can sign in with them: no process of a simulated pod reads them. */
export function podTokens(signer: TokenSigner, issuer: string, now: () => Instant): NonNullable<KubeletOptions['tokens']> {
  return ({ pod, audience, expirationSeconds }, done) => {
    const { namespace = 'default', name, uid } = pod.metadata
    const account = pod.spec.serviceAccountName ?? 'default'
    const issuedAt = Math.floor(now() / 1000)
    const token = signer.sign({
      iss: issuer, sub: `system:serviceaccount:${namespace}:${account}`, aud: [audience ?? issuer], exp: issuedAt + expirationSeconds, iat: issuedAt, nbf: issuedAt, jti: randomUUID(),
      'kubernetes.io': { namespace, serviceaccount: { name: account, uid: '' }, pod: { name, uid } },
    })
    done({ is: 'token', token, issuedAt: issuedAt * 1000, expiresAt: (issuedAt + expirationSeconds) * 1000 })
  }
}

const field = (input: unknown, name: string): unknown => (typeof input === 'object' && input !== null ? (input as Readonly<Record<string, unknown>>)[name] : undefined)
