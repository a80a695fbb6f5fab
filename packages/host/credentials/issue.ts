import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto'

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

/** Loaded only when something must be made: it costs more than all the rest of a start. */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
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
const nameOf = ({ commonName, organizations }: Subject) =>
  [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }]

/** Positive, as the standard asks. */
function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}
