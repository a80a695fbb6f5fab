// Requests for certificates: PKCS #10 (RFC 2986).
import { contextTag, oidOf, onlyElementOf, partsOf, tags } from './der.ts'
import { type AlternativeNames, alternativeNamesOf, extensionsOf, noNames, type Subject, subjectOf } from './names.ts'
import { blocksOf, textOfBytesField } from './pem.ts'

export interface CertificateRequest {
  readonly subject: Subject
  readonly names: AlternativeNames
  /** The SubjectPublicKeyInfo, in DER. */
  readonly publicKey: Uint8Array
  /** All of the request, in DER. */
  readonly bytes: Uint8Array
}

/** The request in a field of type bytes, or why there is none, in upstream's words where they are not Go's own. */
export function readPemRequest(base64: string): CertificateRequest | { readonly fault: string } {
  const [block] = blocksOf(textOfBytesField(base64) ?? '')
  if (block?.type !== 'CERTIFICATE REQUEST') return { fault: 'PEM block type must be CERTIFICATE REQUEST' }
  return readRequest(block.bytes) ?? { fault: 'asn1: structure error: no certificate request' }
}

/** A request in DER; its signature is not looked at. */
export function readRequest(bytes: Uint8Array): CertificateRequest | undefined {
  const outer = partsOf(onlyElementOf(bytes))
  if (outer?.length !== 3 || outer[2]?.tag !== tags.bits) return undefined
  const [version, name, key, attributes] = partsOf(outer[0]) ?? []
  const subject = subjectOf(name)
  if (version?.tag !== tags.integer || subject === undefined || key?.tag !== tags.sequence) return undefined
  let names = noNames
  for (const attribute of partsOf(attributes, contextTag(0, true)) ?? []) {
    const [type, values] = partsOf(attribute) ?? []
    if (oidOf(type) !== '1.2.840.113549.1.9.14') continue
    const extensions = extensionsOf(partsOf(values, tags.set)?.[0])
    const found = extensions && alternativeNamesOf(extensions)
    if (found === undefined) return undefined
    names = found
  }
  return { subject, names, publicKey: key.whole, bytes }
}
