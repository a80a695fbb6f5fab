import { wordsOf } from '@kubeskiff/core/base'
import { credentialsFor, type RegistryCredentials } from '@kubeskiff/core/rules'
import { digestOf, type ImageStore, type StoredImage } from './store.ts'
import { formatReference, type ImageReference, parseReference } from './reference.ts'
import { createRegistry, RegistryError, type RegistryOptions } from './registry.ts'
import { decompress } from './layer.ts'
import { forPlatform, type Platform } from './platform.ts'

export type { RegistryOptions } from './registry.ts'
export type PullAnswer =
  | { readonly is: 'pulled'; readonly image: StoredImage }
  | { readonly is: 'failed'; readonly reason: 'ErrImagePull' | 'InvalidImageName' | 'RegistryUnavailable'; readonly message: string }

interface Descriptor { readonly mediaType: string; readonly digest: string; readonly size: number; readonly platform?: Platform }
interface Manifest { readonly mediaType?: string; readonly config?: Descriptor; readonly layers?: readonly Descriptor[]; readonly manifests?: readonly Descriptor[] }

const layersAtOnce = 3

/** How far a pull is: bytes of a layer that came, as they came and of how many. */
export interface PullProgress { readonly layer: string; readonly came: number; readonly of: number }

/** Fetches an image into the store under its complete name. Never throws; the words of a failure are containerd's. */
export async function pullImage(name: string, store: ImageStore, options: RegistryOptions, progress: (step: PullProgress) => void = () => {}): Promise<PullAnswer> {
  const reference = parseReference(name)
  if (reference === undefined) return { is: 'failed', reason: 'InvalidImageName', message: `Failed to apply default image tag ${JSON.stringify(name)}: couldn't parse image name ${JSON.stringify(name)}: invalid reference format` }
  const accounts = credentialsFor(`${reference.domain}/${reference.repository}`, options.credentials ?? [])
  const failures = new Set<string>()
  // As the kubelet: one after another, until one of them opens the registry.
  for (const account of accounts.length === 0 ? [undefined] : accounts) {
    const answer = await pullAs(account, reference, store, options, progress)
    if (answer.is === 'pulled' || accounts.length <= 1) return answer
    failures.add(answer.message)
  }
  const [only = '', ...more] = failures
  return { is: 'failed', reason: 'ErrImagePull', message: more.length === 0 ? only : `[${[...failures].join(', ')}]` }
}

async function pullAs(account: RegistryCredentials | undefined, reference: ImageReference, store: ImageStore, options: RegistryOptions, progress: (step: PullProgress) => void): Promise<PullAnswer> {
  const full = formatReference(reference)
  try {
    const registry = createRegistry(reference, options, account)
    const resolved = await registry.manifest(reference.digest ?? reference.tag ?? 'latest')
    const top: Manifest = JSON.parse(resolved.text)
    const own = top.manifests === undefined ? resolved : await registry.manifest(platformOf(top.manifests, full))
    const manifest: Manifest = JSON.parse(own.text)
    if (manifest.config === undefined || manifest.layers === undefined) throw new Error(`${full}: the manifest names no configuration or layers`)
    const configuration = await registry.text(manifest.config)
    const parsed: { readonly rootfs: { readonly diff_ids: readonly string[] } } = JSON.parse(configuration)
    if (parsed.rootfs.diff_ids.length !== manifest.layers.length) throw new RegistryError('Unknown', 'mismatched image rootfs and manifest layers')
    const wanted = manifest.layers.map((layer, index) => ({ layer, diffId: parsed.rootfs.diff_ids[index] }))
    let next = 0
    const fetchSome = async (): Promise<void> => {
      for (let one = wanted[next]; one !== undefined; one = wanted[next]) {
        next += 1
        if (one.diffId !== undefined && store.hasLayer(one.diffId)) continue
        const { layer, diffId } = one
        let came = 0
        await registry.blob(layer, (compressed) => store.addLayer(decompress(compressed, layer.mediaType), diffId), (bytes) => { progress({ layer: layer.digest, came: came += bytes, of: layer.size }) })
      }
    }
    await Promise.all(Array.from({ length: layersAtOnce }, fetchSome))
    const sizeBytes = manifest.layers.reduce((sum, layer) => sum + layer.size, manifest.config.size)
    // Before it has its name: nobody may take it for one that was there before.
    if (options.isForPods === true) store.pulled(digestOf(configuration), full, account?.source)
    return { is: 'pulled', image: store.addImage(full, { configuration, sizeBytes, digest: `${reference.domain}/${reference.repository}@${resolved.digest}` }) }
  } catch (error) {
    const code = error instanceof RegistryError ? error.code : 'Unknown'
    const message = error instanceof RegistryError ? error.message : `failed to copy: ${wordsOf(error)}`
    return { is: 'failed', reason: 'ErrImagePull', message: `rpc error: code = ${code} desc = failed to pull and unpack image "${full}": ${message}` }
  }
}

function platformOf(manifests: readonly Descriptor[], name: string): string {
  const found = forPlatform(manifests)
  if (found === undefined) throw new RegistryError('NotFound', `no match for platform in manifest ${name}: not found`)
  return found.digest
}
