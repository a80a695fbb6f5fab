// What a request may say, as upstream's pkg/apis/certificates/validation. The signature of the request is the signer's to check.
import type { CertificateSigningRequestStatus as Status } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { CertificateSigningRequest } from '../../../resources.ts'
import { blocksOf, readCertificate, readPemRequest, textOfBytesField } from '../../../x509/index.ts'
import { conditionStatuses } from '../../conditions.ts'
import { sameMeaning } from '../../equal.ts'
import { checkMetadata } from '../../metadata.ts'
import { duplicate, forbidden, invalid, required, unsupported } from '../../problems.ts'
import { checkSignerName } from '../signers.ts'
import { ofType } from './conditions.ts'

const usages: readonly string[] = [
  'any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment', 'decipher only', 'digital signature', 'email protection', 'encipher only', 'ipsec end system',
  'ipsec tunnel', 'ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc', 'netscape sgc', 'ocsp signing', 's/mime', 'server auth', 'signing', 'timestamping',
]
const expirationMin = 600
/** These are true or not there. */
const onlyTrue: readonly string[] = ['Approved', 'Denied', 'Failed']
const legacySigner = 'kubernetes.io/legacy-unknown'

/** Validates a write of the request itself. */
export const check = (next: CertificateSigningRequest, before: CertificateSigningRequest | undefined): readonly Problem[] =>
  [...checkRequest(next, before), ...(before === undefined ? [] : checkChange(next.status, before.status, { approves: false, issues: false }))]
/** Validates a write of the status: there the certificate is set. */
export const checkStatus = (next: CertificateSigningRequest, before: CertificateSigningRequest): readonly Problem[] =>
  [...checkRequest(next, before), ...checkChange(next.status, before.status, { approves: false, issues: true })]
/** Validates an approval or a denial. */
export const checkApproval = (next: CertificateSigningRequest, before: CertificateSigningRequest): readonly Problem[] =>
  [...checkRequest(next, before), ...checkChange(next.status, before.status, { approves: true, issues: false })]

function checkRequest(next: CertificateSigningRequest, before: CertificateSigningRequest | undefined): readonly Problem[] {
  return [
    // Any name will do.
    ...checkMetadata(next, before, { scope: 'Cluster', name: () => [] }),
    // What does not change was checked when it came.
    ...(next.spec === before?.spec ? [] : checkSpec(next, before)),
    ...checkConditions(next.status, before?.status),
    ...(next.status.certificate === before?.status.certificate ? [] : checkCertificate(next.status.certificate)),
  ]
}

function checkSpec({ spec }: CertificateSigningRequest, before: CertificateSigningRequest | undefined): readonly Problem[] {
  const { request, usages: wanted = [], signerName, expirationSeconds } = spec
  const read = readPemRequest(request ?? '')
  return [
    ...('fault' in read ? [invalid('spec.request', request ?? null, read.fault)] : []),
    ...(wanted.length === 0 ? [required('spec.usages')] : []),
    ...wanted.flatMap((usage, index) => (usages.includes(usage) ? [] : [unsupported(`spec.usages[${index}]`, usage, usages)])),
    ...wanted.flatMap((usage, index) => (wanted.indexOf(usage) < index ? [duplicate(`spec.usages[${index}]`, usage)] : [])),
    ...(signerName === legacySigner && before?.spec.signerName !== legacySigner
      ? [invalid('spec.signerName', signerName, 'the legacy signerName is not allowed via this API version')] : checkSignerName('spec.signerName', signerName)),
    ...(expirationSeconds !== undefined && expirationSeconds < expirationMin ? [invalid('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)')] : []),
  ]
}

function checkConditions(status: Status, before: Status | undefined): readonly Problem[] {
  const { conditions = [] } = status
  const wereBoth = before !== undefined && ofType(before, 'Approved').length > 0 && ofType(before, 'Denied').length > 0
  return conditions.flatMap(({ type = '', status: value = '' }, index) => {
    const path = `status.conditions[${index}]`
    const allowed = onlyTrue.includes(type) ? ['True'] : conditionStatuses
    const earlier = conditions.slice(0, index).map((condition) => condition.type)
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined
    return [
      ...(type === '' ? [required(`${path}.type`)] : []),
      ...(value === '' ? [required(`${path}.status`)] : allowed.includes(value) ? [] : [unsupported(`${path}.status`, value, allowed)]),
      ...(!wereBoth && opposite !== undefined && earlier.includes(opposite) ? [invalid(`${path}.type`, type, 'Approved and Denied conditions are mutually exclusive')] : []),
      ...(earlier.includes(type) ? [duplicate(`${path}.type`, type)] : []),
    ]
  })
}

function checkCertificate(certificate: string | undefined): readonly Problem[] {
  const fault = certificate ? faultOfCertificate(certificate) : undefined
  return fault === undefined ? [] : [invalid('status.certificate', '<certificate data>', fault)]
}
function faultOfCertificate(certificate: string): string | undefined {
  const blocks = blocksOf(textOfBytesField(certificate) ?? '')
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block'
  for (const { type, hasHeaders, bytes } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`
    if (hasHeaders) return 'no PEM block headers are permitted'
    if (bytes.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates'
    if (readCertificate(bytes) === undefined) return 'x509: malformed certificate'
  }
  return undefined
}

function checkChange(next: Status, before: Status, may: { readonly approves: boolean; readonly issues: boolean }): readonly Problem[] {
  const removed = onlyTrue.filter((type) => ofType(next, type).length < ofType(before, type).length)
  const touched = may.approves ? [] : ['Approved', 'Denied'].filter((type) => !removed.includes(type) && !sameMeaning(ofType(next, type), ofType(before, type)))
  const isIssued = (next.certificate ?? '') !== (before.certificate ?? '')
  return [
    ...removed.map((type) => forbidden('status.conditions', `updates may not remove a condition of type "${type}"`)),
    ...touched.map((type) => forbidden('status.conditions', `updates may not ${ofType(next, type).length > ofType(before, type).length ? 'add' : 'modify'} a condition of type "${type}"`)),
    ...(!isIssued ? [] : !may.issues ? [forbidden('status.certificate', 'updates may not set certificate content')]
      : before.certificate ? [forbidden('status.certificate', 'updates may not modify existing certificate content')] : []),
  ]
}
