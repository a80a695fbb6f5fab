// What upstream's validation of projected volumes refuses: several sources fill one directory, and none in another's place.
import type { ClusterTrustBundleProjection, PodCertificateProjection, ProjectedVolumeSource, VolumeProjection } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelSelector } from '../../labelselector.ts'
import { checkOneOf, forbidden, invalid, required } from '../../problems.ts'
import { checkSignerName } from '../../certificates/signers.ts'
import { checkFilePath } from './paths.ts'
import { checkItems, checkMode, checkTold } from './volume-files.ts'

const tokenSecondsMin = 600
const tokenSecondsMax = 2 ** 32
const hour = 3600
const day = 24 * hour
const certificateSecondsMin = hour
const certificateSecondsMax = 91 * day
/** Signers of Kubernetes itself sign for a day at most. */
const ownCertificateSecondsMax = day
const keyTypes: readonly string[] = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519']

export function checkProjected({ sources = [], defaultMode }: ProjectedVolumeSource, path: string): readonly Problem[] {
  const files = new Set<string>()
  /** `shown` is the value that upstream tells of a file which is there already. */
  const once = (file: string | undefined, shown: unknown): readonly Problem[] => {
    if (!file) return []
    if (files.has(file)) return [invalid(path, shown, 'conflicting duplicate paths')]
    files.add(file)
    return []
  }
  return [
    ...checkMode(defaultMode, `${path}.defaultMode`),
    ...sources.flatMap((source, index) => checkSource(source, `${path}.sources[${index}]`, path, once)),
  ]
}

function checkSource(source: VolumeProjection, at: string, path: string, once: (file: string | undefined, shown: unknown) => readonly Problem[]): readonly Problem[] {
  const { downwardAPI, serviceAccountToken: token, clusterTrustBundle: bundle, podCertificate: certificate } = source
  return [
    ...(['secret', 'configMap'] as const).flatMap((kind) => {
      const given = source[kind]
      return given === undefined ? [] : [
        ...(given.name ? [] : [required(`${at}.${kind}.name`)]), ...checkItems(given.items, `${at}.${kind}.items`), ...(given.items ?? []).flatMap((item) => once(item.path, given.name ?? '')),
      ]
    }),
    ...(downwardAPI?.items ?? []).flatMap((file) => [...checkTold(file, `${at}.downwardAPI`), ...once(file.path, file.path)]),
    ...(token === undefined ? [] : [
      ...((token.expirationSeconds ?? tokenSecondsMin) < tokenSecondsMin ? [invalid(`${at}.serviceAccountToken.expirationSeconds`, token.expirationSeconds, 'may not specify a duration less than 10 minutes')] : []),
      ...((token.expirationSeconds ?? 0) > tokenSecondsMax ? [invalid(`${at}.serviceAccountToken.expirationSeconds`, token.expirationSeconds, 'may not specify a duration larger than 2^32 seconds')] : []),
      ...(token.path ? checkFilePath(token.path, `${path}.path`) : [required(`${path}.path`)]),
    ]),
    ...(bundle === undefined ? [] : [...checkBundle(bundle, `${at}.clusterTrustBundle`), ...once(bundle.path, bundle.path)]),
    ...(certificate === undefined ? [] : checkCertificate(certificate, `${at}.podCertificate`, once)),
    ...(Object.values(source).filter((given) => given !== undefined).length > 1 ? [forbidden(at, 'may not specify more than 1 volume type per source')] : []),
  ]
}

function checkBundle(bundle: ClusterTrustBundleProjection, path: string): readonly Problem[] {
  const { name, signerName, labelSelector, path: file = '' } = bundle
  return [
    ...(name !== undefined && signerName !== undefined ? [invalid(path, bundle, 'only one of name and signerName may be used')]
      : name !== undefined ? [
        ...(name === '' ? [required(`${path}.name`, 'must be a valid object name')] : []),
        ...(labelSelector === undefined ? [] : [invalid(`${path}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified')]),
      ] : signerName !== undefined ? [
        ...(signerName === '' ? [required(`${path}.signerName`, 'must be a valid signer name')] : checkSignerName(`${path}.signerName`, signerName)), ...checkLabelSelector(labelSelector, `${path}.labelSelector`),
      ] : [required(path, 'either name or signerName must be specified')]),
    ...(file === '' ? [required(`${path}.path`)] : checkFilePath(file, `${path}.path`)),
  ]
}

function checkCertificate(certificate: PodCertificateProjection, path: string, once: (file: string | undefined, shown: unknown) => readonly Problem[]): readonly Problem[] {
  const { signerName = '', keyType = '', maxExpirationSeconds: seconds } = certificate
  const most = signerName.startsWith('kubernetes.io/') ? ownCertificateSecondsMax : certificateSecondsMax
  const files = (['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const).filter((field) => certificate[field])
  return [
    ...checkSignerName(`${path}.signerName`, signerName),
    ...checkOneOf(`${path}.keyType`, keyType, keyTypes),
    ...(seconds === undefined ? [] : seconds < certificateSecondsMin ? [invalid(`${path}.maxExpirationSeconds`, seconds, `if provided, maxExpirationSeconds must be >= ${certificateSecondsMin}`)]
      : seconds > most ? [invalid(`${path}.maxExpirationSeconds`, seconds, `if provided, maxExpirationSeconds must be <= ${most}`)] : []),
    ...files.flatMap((field) => [...checkFilePath(certificate[field] ?? '', `${path}.${field}`), ...once(certificate[field], certificate[field])]),
    ...(files.length === 0 ? [required(path, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath')] : []),
  ]
}
