// The certificates by which nodes sign in, made anew before they end. Behaviour: the kubelet's certificate manager.
import { X509Certificate } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import { pemOf } from '@kubeskiff/core/api/x509'
import { type Connection, requestObject } from '../client/index.ts'
import { newRequest, nodeSubject, type KeyPair } from '../credentials/index.ts'
import { readIfThere, writePrivately } from '../files/index.ts'

const signerName = 'kubernetes.io/kube-apiserver-client-kubelet'
/** As the kubelet: a certificate is made anew when between seven and nine tenths of its life are over, so that not all nodes ask at once. */
const shareLeast = 0.7
const shareSpread = 0.2
const lookEveryMs = 3_600_000
const pollMs = 1_000
/** As the kubelet: a request that nobody has signed by then is made anew at the next look. */
const signedWithinMs = 15 * 60_000

/** A node's credentials as they are now: whoever connects reads them anew. */
export interface LiveCredentials { readonly certificate: string; readonly key: string }

/** The credentials of a node: those it was given, or newer ones that an earlier rotation has left in `directory`. */
export class NodeCredentials implements LiveCredentials {
  readonly node: string
  readonly #file: string
  #pair: KeyPair

  constructor(options: { readonly node: string; readonly given: KeyPair; readonly authority: string; readonly directory: string }) {
    const { node, given, authority, directory } = options
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.node = node
    this.#file = join(directory, `${node}.json`)
    const kept = readIfThere(this.#file)
    const found = kept === undefined ? undefined : JSON.parse(kept) as KeyPair // written below
    this.#pair = found !== undefined && isOf(found, authority) && endOf(found) > endOf(given) ? found : given
  }

  get certificate(): string { return this.#pair.certificate }
  get key(): string { return this.#pair.key }

  replace(pair: KeyPair): void {
    writePrivately(this.#file, JSON.stringify(pair))
    this.#pair = pair
  }
}

export interface RotationOptions {
  readonly credentials: NodeCredentials
  readonly connection: Pick<Connection, 'request'>
  readonly now: () => number
  readonly say: (message: string) => void
  /** From 0 to 1: where in the spread this node is. */
  readonly chance: number
  readonly pollMs?: number
}

/** Looks now and then whether a node's certificate is due, and has another one signed. Call what is returned to end it. */
export function keepRotating(options: RotationOptions): () => void {
  const look = (): void => { rotateIfDue(options).catch((error: unknown) => { options.say(`the certificate of node ${options.credentials.node} could not be made anew: ${wordsOf(error)}`) }) }
  const timer = setInterval(look, lookEveryMs)
  look()
  return () => { clearInterval(timer) }
}

/** Has a new certificate signed when the present one is due; says whether it is there. */
export async function rotateIfDue(options: RotationOptions): Promise<boolean> {
  const { credentials, connection, now, chance } = options
  if (now() < dueAt(credentials, chance)) return false
  credentials.replace(await requestCertificate({ connection, node: credentials.node, now, pollMs: options.pollMs ?? pollMs, withinMs: signedWithinMs }))
  return true
}

/** Has a node's client certificate signed for a new key, which never leaves this machine. Fails with the reason when it is refused, or not signed in time. */
export async function requestCertificate({ connection, node, now, pollMs, withinMs }: { readonly connection: Pick<Connection, 'request'>; readonly node: string; readonly now: () => number; readonly pollMs: number; readonly withinMs: number }): Promise<KeyPair> {
  const { key, request } = await newRequest('ECDSAP256', nodeSubject(node))
  const made = await requestObject(connection, 'POST', '/apis/certificates.k8s.io/v1/certificatesigningrequests', {
    apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-' },
    spec: { signerName, request: Buffer.from(pemOf('CERTIFICATE REQUEST', request)).toString('base64'), usages: ['digital signature', 'client auth'] },
  }) as SigningRequest
  const until = now() + withinMs
  for (let asked = made; now() < until; asked = await requestObject(connection, 'GET', `/apis/certificates.k8s.io/v1/certificatesigningrequests/${made.metadata.name}`) as SigningRequest) {
    const { conditions = [], certificate } = asked.status ?? {}
    const refused = conditions.find(({ type }) => type === 'Denied' || type === 'Failed')
    if (refused !== undefined) throw new Error(`${made.metadata.name} was refused: ${refused.message ?? refused.type}`)
    if (certificate !== undefined) return { certificate: Buffer.from(certificate, 'base64').toString(), key }
    await new Promise((resolve) => { setTimeout(resolve, pollMs) })
  }
  throw new Error(`${made.metadata.name} was not signed in time`)
}

/** When a certificate is to be made anew. */
export function dueAt({ certificate }: LiveCredentials, chance: number): number {
  const { validFromDate, validToDate } = new X509Certificate(certificate)
  return validFromDate.getTime() + (validToDate.getTime() - validFromDate.getTime()) * (shareLeast + shareSpread * chance)
}

interface SigningRequest { readonly metadata: { readonly name: string }; readonly status?: { readonly certificate?: string; readonly conditions?: readonly { readonly type: string; readonly message?: string }[] } }

/** Until when a certificate is good: an instant in ms. */
export const endOf = ({ certificate }: Pick<LiveCredentials, 'certificate'>): number => new X509Certificate(certificate).validToDate.getTime()
function isOf({ certificate }: LiveCredentials, authority: string): boolean {
  const issuer = new X509Certificate(authority)
  const own = new X509Certificate(certificate)
  return own.checkIssued(issuer) && own.verify(issuer.publicKey)
}
