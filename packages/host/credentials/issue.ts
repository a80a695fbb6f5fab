import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto'
import { wordsOf } from '@kubeskiff/core/base'

export interface KeyPair { readonly certificate: string; readonly key: string } // PEM
/** Who a certificate names: the user and the groups, as Kubernetes reads them. */
export interface Subject { readonly commonName: string; readonly organizations: readonly string[] }
export interface IssueOptions {
  readonly subject: Subject
  readonly validFrom: Date
  readonly validUntil: Date
  /** What a server certificate answers for; none for a client's. */
  readonly serves?: { readonly names: readonly string[]; readonly addresses: readonly string[] }
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A new authority: a self-signed certificate that may sign others. */
export async function issueAuthority(options: { readonly commonName: string; readonly validFrom: Date; readonly validUntil: Date }): Promise<KeyPair> {
  const x509 = await loadX509()
  const { pair, pem } = await newKey()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(), name: nameOf({ commonName: options.commonName, organizations: [] }), keys: pair,
    notBefore: options.validFrom, notAfter: options.validUntil, signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(pair.publicKey),
    ],
  })
  return { certificate: `${certificate.toString('pem')}\n`, key: pem }
}

/** A certificate and its new key, signed by the authority. */
export async function issue(authority: KeyPair, options: IssueOptions): Promise<KeyPair> {
  const x509 = await loadX509()
  const { pair, pem } = await newKey()
  const issuer = new x509.X509Certificate(authority.certificate)
  const signingKey = await importKey(authority.key)
  const { names, addresses } = options.serves ?? { names: [], addresses: [] }
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(), subject: nameOf(options.subject), issuer: issuer.subjectName, publicKey: pair.publicKey, signingKey,
    notBefore: options.validFrom, notAfter: options.validUntil, signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([options.serves === undefined ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...options.serves === undefined ? [] : [new x509.SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: 'dns' as const, value })), ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ])],
    ],
  })
  return { certificate: `${certificate.toString('pem')}\n`, key: pem }
}

const secondMs = 1000
const yearSeconds = 365 * 86_400
const shortestSeconds = 600
/** As upstream's signer: clocks may be behind, and what lives less than eight hours is not prolonged for it. */
const backdateMs = 5 * 60 * secondMs
const shortSeconds = 8 * 3600

/** A certificate for a request that was approved: its subject, its names and its key, for the usages that were asked. */
export async function issueTo(authority: KeyPair, { request, usages, expirationSeconds = yearSeconds, now }: {
  readonly request: string; readonly usages: readonly string[]; readonly expirationSeconds?: number; readonly now: number
}): Promise<{ readonly certificate: string } | { readonly refused: string }> {
  const x509 = await loadX509()
  let asked: InstanceType<typeof x509.Pkcs10CertificateRequest>
  try {
    asked = new x509.Pkcs10CertificateRequest(request)
    if (!await asked.verify()) return { refused: 'the signature of the certificate request is not that of its key' }
  } catch (error) { // what can't be read or verified is no request that could be signed
    return { refused: wordsOf(error) }
  }
  const issuer = new x509.X509Certificate(authority.certificate)
  const seconds = Math.min(Math.max(expirationSeconds, shortestSeconds), yearSeconds)
  const notBefore = now - backdateMs
  const notAfter = Math.min((seconds < shortSeconds ? notBefore : now) + seconds * secondMs, issuer.notAfter.getTime())
  const names = asked.getExtension('2.5.29.17')
  const [flags, extended] = [usages.reduce((all, usage) => all | (keyUsages[usage] ?? 0), 0), usages.flatMap((usage) => extendedUsages[usage] ?? [])]
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(), subject: asked.subjectName, issuer: issuer.subjectName, publicKey: asked.publicKey, signingKey: await importKey(authority.key),
    notBefore: new Date(notBefore), notAfter: new Date(notAfter), signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]), ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey), ...(names === null ? [] : [names]),
    ],
  })
  return { certificate: `${certificate.toString('pem')}\n` }
}

/** The bits of RFC 5280's KeyUsage, as the library counts them, and the names of extended usages; signing is digital signature. */
const keyUsages: Readonly<Record<string, number>> = {
  'digital signature': 1, signing: 1, 'content commitment': 2, 'key encipherment': 4, 'data encipherment': 8, 'key agreement': 16, 'cert sign': 32, 'crl sign': 64, 'encipher only': 128, 'decipher only': 256,
}
const extendedUsages: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0', 'server auth': '1.3.6.1.5.5.7.3.1', 'client auth': '1.3.6.1.5.5.7.3.2', 'code signing': '1.3.6.1.5.5.7.3.3', 'email protection': '1.3.6.1.5.5.7.3.4', 's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5', 'ipsec tunnel': '1.3.6.1.5.5.7.3.6', 'ipsec user': '1.3.6.1.5.5.7.3.7', timestamping: '1.3.6.1.5.5.7.3.8', 'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3', 'netscape sgc': '2.16.840.1.113730.4.1',
}

/** Loaded only when something must be made: it costs more than all the rest of a start. */
export async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

async function newKey(): Promise<{ readonly pair: webcrypto.CryptoKeyPair; readonly pem: string }> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [imported, exported] = await Promise.all([
    webcrypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm, true, ['sign']),
    webcrypto.subtle.importKey('spki', publicKey.export({ type: 'spki', format: 'der' }), algorithm, true, ['verify']),
  ])
  return { pair: { privateKey: imported, publicKey: exported }, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

const importKey = (pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' }), algorithm, false, ['sign'])

/** Structured, so that no character of a name is taken for syntax. */
export const nameOf = ({ commonName, organizations }: Subject) =>
  [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }]

/** Positive, as the standard asks. */
function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}
