import type { Volume } from '../../api/generated/types.ts'
import { configMaps, secrets } from '../../api/resources.ts'
import { bytesOf, bytesOfBase64 } from '../../base/bytes.ts'
import { fieldOf, resourceOf } from '../environment.ts'
import { type Draft, type File, type Found, lookUp, type VolumeCircumstances } from './draft.ts'

interface Selection { readonly name?: string; readonly optional?: boolean; readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[] }

export function configMapFiles(source: Selection, mode: number, around: VolumeCircumstances, draft: Draft): Found {
  const namespace = around.pod.metadata.namespace ?? ''
  const map = lookUp(configMaps, namespace, source.name ?? '', around, draft)
  if (map === undefined) return source.optional === true ? [] : `configmap "${source.name ?? ''}" not found`
  const contents = new Map([
    ...Object.entries(map.data ?? {}).map(([key, text]) => [key, () => bytesOf(text)] as const),
    ...Object.entries(map.binaryData ?? {}).map(([key, text]) => [key, () => bytesOfBase64(text)] as const),
  ])
  return selected(contents, source, mode, around, 'configmap references non-existent config key')
}

export function secretFiles(source: Selection, mode: number, around: VolumeCircumstances, draft: Draft): Found {
  const namespace = around.pod.metadata.namespace ?? ''
  const secret = lookUp(secrets, namespace, source.name ?? '', around, draft)
  if (secret === undefined) return source.optional === true ? [] : `secret "${source.name ?? ''}" not found`
  return selected(new Map(Object.entries(secret.data ?? {}).map(([key, text]) => [key, () => bytesOfBase64(text)] as const)), source, mode, around, 'references non-existent secret key')
}

function selected(contents: ReadonlyMap<string, () => Uint8Array>, source: Selection, mode: number, around: VolumeCircumstances, absent: string): Found {
  const made = (path: string, bytes: () => Uint8Array, own?: number): File => ({ path, mode: own ?? mode, bytes: bytes() })
  // A simulated node's files are read by nobody: only what is missing matters there.
  if (source.items === undefined || source.items.length === 0) return around.node.simulated ? [] : [...contents].map(([key, bytes]) => made(key, bytes))
  const files: File[] = []
  for (const item of source.items) {
    const bytes = contents.get(item.key)
    if (bytes !== undefined) files.push(made(item.path, bytes, item.mode))
    else if (source.optional !== true) return `${absent}: ${item.key}`
  }
  return around.node.simulated ? [] : files
}

export function downwardFiles(items: NonNullable<NonNullable<Volume['downwardAPI']>['items']>, mode: number, around: VolumeCircumstances, draft: Draft): Found {
  const { pod } = around
  const files: File[] = []
  for (const item of items) {
    let text: string | undefined
    if (item.fieldRef !== undefined) text = fieldOf(item.fieldRef.fieldPath, around)
    else if (item.resourceFieldRef !== undefined) {
      const [first] = pod.spec.containers
      const found = first === undefined ? undefined : resourceOf(item.resourceFieldRef, first, around)
      text = found?.is === 'value' ? found.value : undefined
    }
    if (text === undefined) return `failed to resolve ${item.fieldRef?.fieldPath ?? item.resourceFieldRef?.resource ?? item.path}`
    draft.prints.push(`${item.path}=${text}`)
    files.push({ path: item.path, mode: item.mode ?? mode, bytes: bytesOf(text) })
  }
  return files
}
