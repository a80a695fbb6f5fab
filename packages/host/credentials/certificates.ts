import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import type { IssueOptions, KeyPair, Subject } from './issue.ts'
import { readIfThere, writePrivately } from '../files/index.ts'

const dayMs = 86_400_000
const authorityDays = 3650
const certificateDays = 365
/** A certificate that ends sooner than this is made anew. */
const renewBeforeMs = 30 * dayMs
/** Clocks of other machines may be behind. */
const backdateMs = 3_600_000

const remedy = 'restore both from a copy, or remove both to have new ones made (clients then need the new kubeconfig)'

export interface ServerNames { readonly names: readonly string[]; readonly addresses: readonly string[] }

/** The certificates of a cluster, in a folder that only its owner reads. Made when asked for first, and anew before they end. */
export class Certificates {
  readonly #directory: string
  readonly #now: () => number
  readonly #issuers = new Map<string, X509Certificate>()

  constructor(directory: string, now: () => number) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#directory = directory
    this.#now = now
  }

  /** The authority that signs all others, and that clients trust. */
  authority(): Promise<KeyPair> { return this.#authority('ca', 'skiff-ca') }

  async #authority(file: string, commonName: string): Promise<KeyPair> {
    const found = this.#read(file)
    if (found !== undefined && this.#lasts(found)) return found
    const { issueAuthority } = await import('./issue.ts')
    return this.#write(file, await issueAuthority({ commonName, ...this.#period(authorityDays) }))
  }

  /** The server's, for these names and addresses (a wider set makes it anew). */
  server({ names, addresses }: ServerNames): Promise<KeyPair> {
    return this.#pair('server', { subject: { commonName: 'skiff', organizations: [] }, serves: { names, addresses } },
      (certificate) => names.every((name) => certificate.checkHost(name) !== undefined) && addresses.every((address) => certificate.checkIP(address) !== undefined))
  }

  /** A client's; `file` is its name on the disk. */
  client(file: string, subject: Subject): Promise<KeyPair> { return this.#pair(file, { subject }, () => true) }

  /** Who may do everything. */
  admin(): Promise<KeyPair> { return this.client('admin', { commonName: 'skiff-admin', organizations: ['system:masters'] }) }

  /** By which the server calls extension servers, of an authority of its own: what clients' certificates say must not count there. */
  async frontProxy(): Promise<{ readonly authority: KeyPair; readonly client: KeyPair }> {
    const authority = await this.#authority('front-proxy-ca', 'front-proxy-ca')
    return { authority, client: await this.#pair('front-proxy-client', { subject: { commonName: 'front-proxy-client', organizations: [] } }, () => true, authority) }
  }

  /** A certificate for what a client has asked to be signed; why not, when the request is none. */
  async sign(asked: { readonly request: string; readonly usages: readonly string[]; readonly expirationSeconds?: number }): Promise<{ readonly certificate: string } | { readonly refused: string }> {
    const authority = await this.authority()
    const { issueTo } = await import('./issue.ts')
    return issueTo(authority, { ...asked, now: this.#now() })
  }

  /** A node's, as upstream names kubelets. */
  node(name: string): Promise<KeyPair> { return this.client(`node-${fileName(name)}`, nodeSubject(name)) }

  /** By which a node's kubelet is known to those who ask it at its addresses. */
  nodeServer(name: string, addresses: readonly string[]): Promise<KeyPair> {
    return this.#pair(`node-${fileName(name)}-server`, { subject: nodeSubject(name), serves: { names: [name], addresses } }, (certificate) => addresses.every((address) => certificate.checkIP(address) !== undefined))
  }

  async #pair(file: string, options: Pick<IssueOptions, 'subject' | 'serves'>, fits: (certificate: X509Certificate) => boolean, by?: KeyPair): Promise<KeyPair> {
    const authority = by ?? await this.authority()
    const found = this.#read(file)
    if (found !== undefined && this.#lasts(found)) {
      const certificate = new X509Certificate(found.certificate)
      const issuer = this.#issuerOf(authority)
      if (certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey) && fits(certificate)) return found
    }
    const { issue } = await import('./issue.ts')
    return this.#write(file, await issue(authority, { ...options, ...this.#period(certificateDays) }))
  }

  /** An authority signs many: it is read from its text once. */
  #issuerOf({ certificate }: KeyPair): X509Certificate {
    const known = this.#issuers.get(certificate) ?? new X509Certificate(certificate)
    this.#issuers.set(certificate, known)
    return known
  }

  #period(days: number): { readonly validFrom: Date; readonly validUntil: Date } {
    return { validFrom: new Date(this.#now() - backdateMs), validUntil: new Date(this.#now() + days * dayMs) }
  }
  #lasts({ certificate }: KeyPair): boolean { return new X509Certificate(certificate).validToDate.getTime() - this.#now() > renewBeforeMs }
  #read(file: string): KeyPair | undefined {
    const certificate = readIfThere(join(this.#directory, `${file}.crt`))
    const key = readIfThere(join(this.#directory, `${file}.key`))
    if (certificate === undefined || key === undefined) return undefined
    const path = join(this.#directory, `${file}.{crt,key}`)
    let fits: boolean
    try { fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)) } catch (error) {
      throw new Error(`${path} can't be read as PEM (${wordsOf(error)}): ${remedy}`)
    }
    if (!fits) throw new Error(`${path} are no pair: ${remedy}`)
    return { certificate, key }
  }
  #write(file: string, pair: KeyPair): KeyPair {
    writePrivately(join(this.#directory, `${file}.key`), pair.key)
    writePrivately(join(this.#directory, `${file}.crt`), pair.certificate)
    return pair
  }
}

/** The hash by which an authority is known to those who have not seen it: of its public key, as kubeadm's --discovery-token-ca-cert-hash. */
export const caHashOf = (certificate: string): string => `sha256:${createHash('sha256').update(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })).digest('hex')}`

/** The subject of a node's certificate. */
export const nodeSubject = (name: string): Subject => ({ commonName: `system:node:${name}`, organizations: ['system:nodes'] })

/** A node's name is a DNS name; anything else becomes its digest. */
const fileName = (name: string): string => (/^[a-z0-9][a-z0-9.-]{0,99}$/.test(name) ? name : createHash('sha256').update(name).digest('hex'))
