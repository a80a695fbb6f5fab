import { createPrivateKey, webcrypto } from 'node:crypto'
import { loadX509, nameOf, type Subject } from './issue.ts'

const rsa = (modulusLength: number): webcrypto.RsaHashedKeyGenParams => ({ name: 'RSASSA-PKCS1-v1_5', modulusLength, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' })
const curve = (namedCurve: string, hash: string): webcrypto.EcKeyGenParams & { readonly hash: string } => ({ name: 'ECDSA', namedCurve, hash })
/** The kinds of keys that a pod's certificate may be for. */
const kinds: Readonly<Record<string, webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams & { readonly hash: string } | { readonly name: 'Ed25519' }>> = {
  RSA3072: rsa(3072), RSA4096: rsa(4096), ECDSAP256: curve('P-256', 'SHA-256'), ECDSAP384: curve('P-384', 'SHA-384'), ECDSAP521: curve('P-521', 'SHA-512'), ED25519: { name: 'Ed25519' },
}

/** A new key (PEM), and a request signed with it (base64 of DER) for a subject; without one it says nothing else: what a kubelet proves with that it has the key. */
export async function newRequest(keyType: string, subject?: Subject): Promise<{ readonly key: string; readonly request: string }> {
  const kind = kinds[keyType]
  if (kind === undefined) throw new Error(`unknown key type "${keyType}"`)
  const x509 = await loadX509()
  const keys = await webcrypto.subtle.generateKey(kind, true, ['sign', 'verify']) as webcrypto.CryptoKeyPair // all of these are pairs
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: kind, ...(subject !== undefined && { name: nameOf(subject) }) })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }).toString()
  return { key, request: Buffer.from(request.rawData).toString('base64') }
}
