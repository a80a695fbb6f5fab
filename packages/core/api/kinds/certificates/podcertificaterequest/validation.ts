// What a pod's request and the answer to it may say, as upstream's pkg/apis/certificates/validation. Signatures are the signer's to check.
import type { V1beta1PodCertificateRequestStatus as Status } from '../../../generated/types.ts'
import type { Circumstances } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import type { PodCertificateRequest } from '../../../resources.ts'
import { checkLabelKey, checkSubdomain } from '../../../selectors/syntax.ts'
import { blocksOf, type Certificate, readCertificate, readRequest } from '../../../x509/index.ts'
import { checkConditions } from '../../conditions.ts'
import { sameMeaning } from '../../equal.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkText, immutable, invalid, required, tooLong, unsupported } from '../../problems.ts'
import { checkSignerName, isKubernetesSigner } from '../signers.ts'

/** How a request can end. */
export const outcomes: readonly string[] = ['Denied', 'Failed', 'Issued']

const uidMax = 128
const requestMax = 10 * 1024
const chainMax = 100 * 1024
const annotationsMax = 256 * 1024
const hour = 3600
const maxOfKubernetes = 24 * hour
const maxOfOthers = 91 * 24 * hour

export function check(next: PodCertificateRequest, before: PodCertificateRequest | undefined): readonly Problem[] {
  const metadata = checkMetadata(next, before, { scope: 'Namespaced' })
  if (before !== undefined) return [...metadata, ...(sameMeaning(next.spec, before.spec) ? [] : [immutable('spec', next.spec)])]
  const { spec } = next
  return [
    ...metadata,
    ...checkSignerName('spec.signerName', spec.signerName),
    ...checkAnnotations('spec.unverifiedUserAnnotations', spec.unverifiedUserAnnotations),
    ...checkReference('pod', spec.podName, spec.podUID),
    ...checkReference('serviceAccount', spec.serviceAccountName, spec.serviceAccountUID),
    ...checkReference('node', spec.nodeName, spec.nodeUID),
    ...checkLifetime('spec.maxExpirationSeconds', spec.maxExpirationSeconds, spec.signerName ?? ''),
    ...checkRequest('spec.stubPKCS10Request', spec.stubPKCS10Request ?? ''),
  ]
}

function checkReference(what: string, name = '', uid = ''): readonly Problem[] {
  return [
    ...checkText(`spec.${what}Name`, name, checkSubdomain),
    ...(uid === '' ? [invalid(`spec.${what}UID`, uid, 'must not be empty')] : uid.length > uidMax ? [tooLong(`spec.${what}UID`, uidMax)] : []),
  ]
}

function checkAnnotations(path: string, annotations: Readonly<Record<string, string>> | undefined): readonly Problem[] {
  const entries = Object.entries(annotations ?? {})
  const size = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  return [
    ...entries.flatMap(([key]) => {
      const faults = checkText(path, key, checkLabelKey)
      return faults.length > 0 || key.includes('/') ? faults : [invalid(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")')]
    }),
    ...(size > annotationsMax ? [tooLong(path, annotationsMax)] : []),
  ]
}

function checkLifetime(path: string, seconds: number | undefined, signer: string): readonly Problem[] {
  if (seconds === undefined) return [required(path, 'must be set')]
  const max = isKubernetesSigner(signer) ? maxOfKubernetes : maxOfOthers
  return seconds >= hour && seconds <= max ? [] : [invalid(path, seconds, `must be in the range [${hour}, ${max}]`)]
}

function bytesOf(base64: string): Uint8Array {
  try { return Uint8Array.fromBase64(base64) } catch { return new Uint8Array() } // no base64 holds no request: the check says so
}
function checkRequest(path: string, base64: string): readonly Problem[] {
  const bytes = bytesOf(base64)
  if (bytes.length > requestMax) return [tooLong(path, requestMax)]
  return readRequest(bytes) === undefined ? [invalid(path, base64, 'must be a valid PKCS#10 certificate signing request')] : []
}

const outcomeOf = ({ conditions = [] }: Status): string | undefined => conditions.find(({ type }) => outcomes.includes(type))?.type

/** Validates the signer's answer: issued, denied or failed, once and for all. */
export function checkStatus(next: PodCertificateRequest, before: PodCertificateRequest, { now }: Circumstances): readonly Problem[] {
  const { status } = next
  const { conditions = [] } = status
  let known = 0
  const faults = [
    ...conditions.flatMap(({ type, status: value }, index) => {
      const path = `status.conditions.[${index}]`
      if (!outcomes.includes(type)) return [unsupported(`${path}.type`, type, ['Issued', 'Denied', 'Failed'])]
      known++
      return [
        ...(known > 1 ? [invalid(`${path}.type`, type, 'There may be at most one condition with type "Issued", "Denied", or "Failed"')] : []),
        ...(value === 'True' ? [] : [unsupported(`${path}.status`, value, ['True'])]),
      ]
    }),
    ...checkConditions('status.conditions', conditions),
  ]
  if (faults.length > 0) return faults
  if (outcomeOf(before.status) !== undefined) return sameMeaning(status, before.status) ? [] : [invalid('status', status, 'immutable after PodCertificateRequest is issued, denied, or failed')]
  switch (outcomeOf(status)) {
    case 'Issued': return checkIssued(next, now)
    case undefined: return sameMeaning(status, before.status) ? [] : [invalid('status', status, 'non-condition status fields must be empty unless issuing the PodCertificateRequest')]
    default: return sameMeaning(status, { conditions }) ? [] : [invalid('status', status, 'non-condition status fields must be empty when denying or failing the PodCertificateRequest')]
  }
}

const minute = 60_000
/** The first fault only, as upstream: what follows makes no sense without what comes before. */
function checkIssued({ spec, status }: PodCertificateRequest, now: number): readonly Problem[] {
  const { certificateChain: chain = '', notBefore, notAfter, beginRefreshAt } = status
  const chainPath = 'status.certificateChain'
  const wrong = (detail: string): readonly Problem[] => [invalid(chainPath, chain, detail)]
  if (chain.length > chainMax) return [tooLong(chainPath, chainMax)]
  const blocks = blocksOf(chain)
  const [first] = blocks
  if (first === undefined) return wrong('issued certificate chain must contain at least one certificate')
  if (blocks.some(({ type }) => type !== 'CERTIFICATE')) return wrong('issued certificate chain must consist entirely of CERTIFICATE PEM blocks')
  const leaf = readCertificate(first.bytes)
  if (leaf === undefined) return wrong('leaf certificate does not parse as valid X.509')
  const names = checkNames(chainPath, leaf)
  if (names.length > 0) return names
  if (!sameBytes(leaf.publicKey, readRequest(bytesOf(spec.stubPKCS10Request))?.publicKey)) return wrong('leaf certificate was not issued to the requested public key')
  if (!notBefore || !notAfter || !beginRefreshAt) {
    return [
      ...(notBefore ? [] : [required('status.notBefore', 'must be present and consistent with the issued certificate')]),
      ...(notAfter ? [] : [required('status.notAfter', 'must be present and consistent with the issued certificate')]),
      ...(beginRefreshAt ? [] : [required('status.beginRefreshAt', 'must be present and in the range [notbefore+10min, notafter-10min]')]),
    ]
  }
  const [from, to, refresh] = [Date.parse(notBefore), Date.parse(notAfter), Date.parse(beginRefreshAt)]
  if (from !== leaf.notBefore) return [invalid('status.notBefore', notBefore, 'must be set to the NotBefore time encoded in the leaf certificate')]
  if (Math.abs(from - now) > 5 * minute) return [invalid('status.notBefore', notBefore, "must be set to within 5 minutes of kube-apiserver's current time")]
  if (to !== leaf.notAfter) return [invalid('status.notAfter', notAfter, 'must be set to the NotAfter time encoded in the leaf certificate')]
  const max = spec.maxExpirationSeconds ?? 0
  if (to - from < 60 * minute) return [invalid(chainPath, `${(to - from) / 1000}s`, 'leaf certificate lifetime must be >= 1 hour')]
  if (to - from > max * 1000) return [invalid(chainPath, `${(to - from) / 1000}s`, `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${max})`)]
  if (refresh < from + 10 * minute) return [invalid('status.beginRefreshAt', beginRefreshAt, 'must be at least 10 minutes after status.notBefore')]
  return refresh > to - 10 * minute ? [invalid('status.beginRefreshAt', beginRefreshAt, 'must be at least 10 minutes before status.notAfter')] : []
}

function checkNames(path: string, { names }: Certificate): readonly Problem[] {
  return names.dns.flatMap((name) => [
    ...(name === '' ? [invalid(path, name, 'leaf certificate should not contain empty DNSName')] : []),
    ...(name.includes('..') ? [invalid(path, name, "leaf certificate's DNSName should not contain '..'")] : []),
    ...(name.startsWith('.') || name.endsWith('.') ? [invalid(path, name, "leaf certificate's DNSName should not start or end with '.'")] : []),
  ])
}
const sameBytes = (left: Uint8Array, right: Uint8Array | undefined): boolean => right !== undefined && left.length === right.length && left.every((byte, index) => byte === right[index])
