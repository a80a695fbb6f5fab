import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { randomUUID } from 'node:crypto'
import type { Ask } from '@kubeskiff/core/api'
import type { Instant } from '@kubeskiff/core/base'
import type { KubeletOptions } from '@kubeskiff/core/kubelet'
import type { Certificates, TokenSigner } from '../credentials/index.ts'
import { run } from '../linux/processes.ts'

export interface Answering {
  readonly signer: TokenSigner
  readonly certificates: Pick<Certificates, 'sign'>
  readonly volumesBelow: string
  readonly now: () => Instant
}

/** Answers what the control plane can only ask of its host: signatures, and the directories of volumes. */
export function answerAsks({ signer, certificates, volumesBelow, now }: Answering): (ask: Ask) => Promise<unknown> {
  return async ({ what, input }) => {
    // Only what was provisioned here goes: an object in the API must not be able to name any other directory, nor lead through a link that a pod has made.
    const ownPath = (name: string): string => {
      const path = resolve(String(field(input, name)))
      if (dirname(path) !== resolve(volumesBelow)) throw new Error(`${path} is no volume in ${volumesBelow}: it stays`)
      return path
    }
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
      case 'provision': return done(copyVolume(ownPath('from'), ownPath('path')))
      case 'unprovision': {
        const path = ownPath('path')
        return done(rm(path, { recursive: true, force: true }))
      }
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

/** What the controller is told: done, or why not. It tries again. */
const done = (work: Promise<void>): Promise<unknown> => work.then(() => ({ done: true }), (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }))

/** Copies a volume, sharing blocks where the file system can. What was written last is in it, as after a power cut. */
async function copyVolume(from: string, path: string): Promise<void> {
  // What nobody has used yet is made when somebody does; so is its copy.
  if (!existsSync(from)) return
  const half = `${path}.half`
  await rm(half, { recursive: true, force: true })
  await run('sync', [])
  const { code, stderr } = await run('cp', ['--archive', '--reflink=auto', '--sparse=always', '--no-target-directory', from, half])
  if (code !== 0) throw new Error(`cannot copy the volume: ${stderr.trim()}`)
  await rename(half, path)
}

const field = (input: unknown, name: string): unknown => (typeof input === 'object' && input !== null ? (input as Readonly<Record<string, unknown>>)[name] : undefined)
