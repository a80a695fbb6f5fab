// Authorities of tests: roots to be trusted, and a signer of pods' certificates.
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { issueAuthority as issue, type KeyPair } from '../../../packages/host/credentials/issue.ts'

const day = 86_400_000
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A root of its own, good for ten days. Its certificate is as PEM encoders write it. */
export async function issueAuthority(commonName: string): Promise<KeyPair> {
  const made = await issue({ commonName, validFrom: new Date(Date.now() - day), validUntil: new Date(Date.now() + 10 * day) })
  return { ...made, certificate: `${made.certificate.trim()}\n` }
}

/** Signs what a kubelet asks for a pod: the chain, and the times of a PodCertificateRequest's status. */
export async function signRequest(authority: KeyPair, { request, seconds, uri }: { readonly request: string; readonly seconds: number; readonly uri: string }): Promise<{ readonly chain: string; readonly notBefore: string; readonly notAfter: string; readonly beginRefreshAt: string }> {
  const asked = new x509.Pkcs10CertificateRequest(Buffer.from(request, 'base64'))
  if (!await asked.verify()) throw new Error('the request is not signed by its own key')
  const signingKey = await webcrypto.subtle.importKey('pkcs8', createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' }), algorithm, false, ['sign'])
  const from = Math.floor(Date.now() / 1000) * 1000
  const after = (share: number): string => new Date(from + share * seconds * 1000).toISOString().replace('.000Z', 'Z')
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(12).toString('hex')}`, issuer: new x509.X509Certificate(authority.certificate).subjectName, publicKey: asked.publicKey, signingKey,
    notBefore: new Date(from), notAfter: new Date(from + seconds * 1000), signingAlgorithm: algorithm,
    extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }])],
  })
  return { chain: `${certificate.toString('pem').trim()}\n`, notBefore: after(0), notAfter: after(1), beginRefreshAt: after(0.5) }
}
