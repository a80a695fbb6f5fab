// What upstream's ValidateVolumes refuses.
import { parseQuantity, quantityFault } from '../../../../base/quantity.ts'
import type { PersistentVolumeClaimTemplate, Volume } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { checkPairs } from '../../metadata.ts'
import { checkOneOf, checkRequiredText, duplicate, forbidden, invalid, required } from '../../problems.ts'
import { checkClaimSpec } from '../claims.ts'
import { checkSharedSource, sharedSources } from '../volumesources.ts'
import { checkInnerPath } from './paths.ts'
import { checkProjected } from './projected.ts'
import { checkItems, checkMode, checkTold } from './volume-files.ts'

/** The problems of volumes, and those that have none: only these can be mounted. `pod` is the name of the pod, when it is one. */
export function checkVolumes(volumes: readonly Volume[], path: string, pod = ''): { readonly problems: readonly Problem[]; readonly sound: readonly Volume[] } {
  const names = new Set<string>()
  const made = new Set(pod === '' ? [] : volumes.filter(({ ephemeral }) => ephemeral !== undefined).map(({ name }) => `${pod}-${name}`))
  const problems: Problem[] = []
  const sound: Volume[] = []
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`
    const found = [
      ...checkSource(volume, at),
      ...(volume.ephemeral !== undefined && pod !== '' && volume.name ? checkSubdomain(`${pod}-${volume.name}`).map((fault) => invalid(`${at}.name`, volume.name, `PVC name "${pod}-${volume.name}": ${fault}`)) : []),
      ...checkRequiredText(`${at}.name`, volume.name, checkLabelName),
      ...(volume.name && names.has(volume.name) ? [duplicate(`${at}.name`, volume.name)] : []),
    ]
    if (found.length === 0) { names.add(volume.name); sound.push(volume) }
    problems.push(...found)
    const claim = volume.persistentVolumeClaim?.claimName
    if (claim !== undefined && made.has(claim)) problems.push(invalid(`${at}.persistentVolumeClaim.claimName`, claim, 'must not reference a PVC that gets created for an ephemeral volume'))
  }
  return { problems, sound }
}

function checkSource(volume: Volume, at: string): readonly Problem[] {
  const given = Object.keys(volume).filter((field) => field !== 'name' && volume[field as keyof Volume] !== undefined)
  if (given.length === 0) return [required(at, 'must specify a volume type')]
  const { secret, configMap, emptyDir, persistentVolumeClaim, projected, downwardAPI, ephemeral, csi, image, gitRepo, cinder } = volume
  return [
    ...given.slice(1).map((field) => forbidden(`${at}.${field}`, 'may not specify more than 1 volume type')),
    ...sharedSources.flatMap((source) => checkSharedSource(source, volume[source], `${at}.${source}`)),
    ...(emptyDir?.sizeLimit === undefined ? [] : checkSize(emptyDir.sizeLimit, `${at}.emptyDir.sizeLimit`)),
    ...(gitRepo === undefined ? [] : [...(gitRepo.repository ? [] : [required(`${at}.gitRepo.repository`)]), ...checkInnerPath(gitRepo.directory ?? '', `${at}.gitRepo.directory`)]),
    ...(secret === undefined ? [] : [...(secret.secretName ? [] : [required(`${at}.secret.secretName`)]), ...checkMode(secret.defaultMode, `${at}.secret.defaultMode`), ...checkItems(secret.items, `${at}.secret.items`)]),
    ...(configMap === undefined ? [] : [...(configMap.name ? [] : [required(`${at}.configMap.name`)]), ...checkMode(configMap.defaultMode, `${at}.configMap.defaultMode`), ...checkItems(configMap.items, `${at}.configMap.items`)]),
    ...(persistentVolumeClaim === undefined || persistentVolumeClaim.claimName ? [] : [required(`${at}.persistentVolumeClaim.claimName`)]),
    ...(cinder?.secretRef === undefined || cinder.secretRef.name ? [] : [required(`${at}.cinder.secretRef.name`)]),
    ...(downwardAPI === undefined ? [] : [...checkMode(downwardAPI.defaultMode, `${at}.downwardAPI.defaultMode`), ...(downwardAPI.items ?? []).flatMap((file) => checkTold(file, `${at}.downwardAPI`))]),
    ...(projected === undefined ? [] : checkProjected(projected, `${at}.projected`)),
    ...(csi?.nodePublishSecretRef === undefined || csi.nodePublishSecretRef.name ? [] : [required(`${at}.csi.nodePublishSecretRef.name`)]),
    ...(image === undefined ? [] : [...(image.reference ? [] : [required(`${at}.image.reference`)]), ...checkOneOf(`${at}.image.pullPolicy`, image.pullPolicy, ['Always', 'IfNotPresent', 'Never'])]),
    ...(ephemeral === undefined ? [] : checkClaimTemplate(ephemeral.volumeClaimTemplate, `${at}.ephemeral.volumeClaimTemplate`)),
  ]
}

function checkClaimTemplate(template: PersistentVolumeClaimTemplate | undefined, path: string): readonly Problem[] {
  if (template === undefined) return [required(path)]
  return [...checkPairs(template.metadata ?? {}, `${path}.metadata`), ...checkClaimSpec(template.spec ?? {}, `${path}.spec`)]
}

function checkSize(size: string, path: string): readonly Problem[] {
  const quantity = parseQuantity(size)
  if (quantity === undefined) return [invalid(path, size, quantityFault)]
  return quantity.nanos < 0n ? [forbidden(path, 'SizeLimit field must be a valid resource quantity')] : []
}
