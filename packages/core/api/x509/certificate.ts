// Certificates (RFC 5280), as far as the API checks them.
import { contextTag, elementsOf, instantOf, onlyElementOf, partsOf, tags } from './der.ts'
import { type AlternativeNames, alternativeNamesOf, extensionsOf, type Subject, subjectOf } from './names.ts'

export interface Certificate {
  readonly subject: Subject
  readonly names: AlternativeNames
  /** The SubjectPublicKeyInfo, in DER. */
  readonly publicKey: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
  readonly isAuthority: boolean
}

/** A certificate in DER; its signature is not looked at. Undefined for what is none. */
export function readCertificate(bytes: Uint8Array): Certificate | undefined {
  const outer = partsOf(onlyElementOf(bytes))
  if (outer?.length !== 3 || outer[2]?.tag !== tags.bits) return undefined
  const fields = partsOf(outer[0]) ?? []
  // The version is left out in certificates of the first.
  const [serial, algorithm, issuer, validity, holder, key, ...rest] = fields[0]?.tag === contextTag(0, true) ? fields.slice(1) : fields
  const subject = subjectOf(holder)
  const [from, to] = partsOf(validity) ?? []
  const [notBefore, notAfter] = [instantOf(from), instantOf(to)]
  if (serial?.tag !== tags.integer || algorithm?.tag !== tags.sequence || subjectOf(issuer) === undefined || subject === undefined) return undefined
  if (key?.tag !== tags.sequence || notBefore === undefined || notAfter === undefined) return undefined
  const list = rest.find(({ tag }) => tag === contextTag(3, true))
  const extensions = list === undefined ? new Map<string, Uint8Array>() : extensionsOf(elementsOf(list.content)?.[0])
  const names = extensions && alternativeNamesOf(extensions)
  if (extensions === undefined || names === undefined) return undefined
  const constraints = extensions.get('2.5.29.19')
  const [first] = (constraints && partsOf(onlyElementOf(constraints))) ?? []
  return { subject, names, publicKey: key.whole, notBefore, notAfter, isAuthority: first?.tag === tags.boolean && first.content[0] !== 0 }
}
