// Certificates and requests for them, as a client makes them.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { BasicConstraintsExtension, Pkcs10CertificateRequestGenerator, X509CertificateGenerator } from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const keys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

/** A PKCS#10 request in PEM. */
export async function certificateRequest(commonName: string): Promise<Buffer> {
  const request = await Pkcs10CertificateRequestGenerator.create({ name: `CN=${commonName}`, keys: await keys(), signingAlgorithm: algorithm }, webcrypto)
  return Buffer.from(request.toString('pem'))
}

/** A request that names nobody: it only shows that its sender has the key. DER in base64. */
export async function stubRequest(): Promise<string> {
  const request = await Pkcs10CertificateRequestGenerator.create({ keys: await keys(), signingAlgorithm: algorithm }, webcrypto)
  return Buffer.from(request.rawData).toString('base64')
}

/** The certificate of an authority, in PEM. */
export async function selfSigned(commonName: string): Promise<Buffer> {
  const made = await X509CertificateGenerator.createSelfSigned({ serialNumber: '01', name: `CN=${commonName}`, notBefore: new Date('2026-01-01'), notAfter: new Date('2036-01-01'), keys: await keys(), signingAlgorithm: algorithm, extensions: [new BasicConstraintsExtension(true, undefined, true)] }, webcrypto)
  return Buffer.from(`${made.toString('pem')}\n`)
}
