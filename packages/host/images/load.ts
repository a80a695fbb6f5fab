import { createReadStream, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { run } from '../linux/processes.ts'
import { decompress } from './layer.ts'
import { architecture, forPlatform, type Platform } from './platform.ts'
import { formatReference, normalise, parseReference } from './reference.ts'
import { digestOf, type ImageStore, type NamedImage } from './store.ts'

/** Loads the images of an OCI layout (a directory or a tar) or of a tar that `docker save` made. `name` names a single image that has no name in it. */
export async function loadImages(path: string, store: ImageStore, name?: string): Promise<readonly NamedImage[]> {
  if (!existsSync(path)) throw new Error(`there is no ${path}`)
  if (statSync(path).isDirectory()) return loadDirectory(path, store, name)
  const directory = mkdtempSync(`${tmpdir()}/skiff-load-`)
  try {
    const unpacked = await run('tar', ['-x', '--no-same-owner', '-f', path, '-C', directory])
    if (unpacked.code !== 0) throw new Error(`${path} is no image archive: ${unpacked.stderr.trim().split('\n')[0]}`)
    return await loadDirectory(directory, store, name)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

interface Descriptor { readonly mediaType: string; readonly digest: string; readonly size: number; readonly annotations?: Readonly<Record<string, string>>; readonly platform?: Platform }
interface Manifest { readonly config?: Descriptor; readonly layers?: readonly Descriptor[]; readonly manifests?: readonly Descriptor[] }
interface DockerEntry { readonly Config: string; readonly RepoTags: readonly string[] | null; readonly Layers: readonly string[] }

async function loadDirectory(directory: string, store: ImageStore, name: string | undefined): Promise<readonly NamedImage[]> {
  // An archive of newer Docker is both; its OCI half has the digests.
  if (existsSync(`${directory}/index.json`)) return loadLayout(directory, store, name)
  if (existsSync(`${directory}/manifest.json`)) return loadDocker(directory, store, name)
  throw new Error('neither an OCI layout (index.json) nor a docker archive (manifest.json)')
}

async function loadLayout(directory: string, store: ImageStore, name: string | undefined): Promise<readonly NamedImage[]> {
  const blob = (digest: string): string => inside(directory, `blobs/${digest.replace(':', '/')}`)
  /** Manifests and configurations are what their digests say; layers are checked by the configuration. */
  const text = (digest: string): string => {
    const found = readFileSync(blob(digest), 'utf8')
    if (digestOf(found) !== digest) throw new Error(`${directory}: the content of ${digest} is ${digestOf(found)}`)
    return found
  }
  const index: Manifest = JSON.parse(readFileSync(`${directory}/index.json`, 'utf8'))
  const loaded: NamedImage[] = []
  for (const entry of forThisMachine(index.manifests ?? [])) {
    const reference = nameOf(nameIn(entry), name)
    const top: Manifest = JSON.parse(text(entry.digest))
    const platform = forPlatform(top.manifests ?? [])
    const manifest: Manifest = platform === undefined ? top : JSON.parse(text(platform.digest))
    if (manifest.config === undefined) throw new Error(`${reference}: no image for linux/${architecture} in it`)
    const configuration = text(manifest.config.digest)
    const diffIds = diffIdsOf(configuration)
    for (const [index, layer] of (manifest.layers ?? []).entries()) await addLayer(store, blob(layer.digest), layer.mediaType, diffIds[index])
    const sizeBytes = (manifest.layers ?? []).reduce((sum, layer) => sum + layer.size, manifest.config.size)
    const { domain = '', repository = '' } = parseReference(reference) ?? {}
    loaded.push({ reference, image: store.addImage(reference, { configuration, sizeBytes, digest: `${domain}/${repository}@${entry.digest}` }) })
  }
  return loaded
}

/** A layout may hold an image for several platforms one beside the other, and what is said of them. */
function forThisMachine(entries: readonly Descriptor[]): readonly Descriptor[] {
  const named = Map.groupBy(entries, (entry) => nameIn(entry) ?? entry.digest)
  const chosen = [...named.values()].flatMap((same) => forPlatform(same) ?? [])
  if (chosen.length === 0 && entries.length > 0) throw new Error(`no image for linux/${architecture} in it`)
  return chosen
}
const nameIn = (entry: Descriptor): string | undefined => entry.annotations?.['io.containerd.image.name'] ?? entry.annotations?.['org.opencontainers.image.ref.name']

async function loadDocker(directory: string, store: ImageStore, name: string | undefined): Promise<readonly NamedImage[]> {
  const entries: readonly DockerEntry[] = JSON.parse(readFileSync(`${directory}/manifest.json`, 'utf8'))
  const loaded: NamedImage[] = []
  for (const entry of entries) {
    const configuration = readFileSync(inside(directory, entry.Config), 'utf8')
    const diffIds = diffIdsOf(configuration)
    let sizeBytes = configuration.length
    for (const [index, layer] of entry.Layers.entries()) {
      const file = inside(directory, layer)
      sizeBytes += statSync(file).size
      await addLayer(store, file, mediaTypeOf(file), diffIds[index])
    }
    const names = entry.RepoTags === null || entry.RepoTags.length === 0 ? [undefined] : entry.RepoTags
    for (const given of names) {
      const reference = nameOf(given, name)
      loaded.push({ reference, image: store.addImage(reference, { configuration, sizeBytes }) })
    }
  }
  return loaded
}

async function addLayer(store: ImageStore, file: string, mediaType: string, diffId: string | undefined): Promise<void> {
  if (diffId === undefined || !store.hasLayer(diffId)) await store.addLayer(decompress(createReadStream(file), mediaType), diffId)
}

/** Docker's archives do not say how a layer is packed: its first bytes do. */
function mediaTypeOf(file: string): string {
  const start = readFileSync(file).subarray(0, 4).toString('hex')
  return start.startsWith('1f8b') ? 'gzip' : start === '28b52ffd' ? 'zstd' : 'tar'
}

function nameOf(given: string | undefined, wanted: string | undefined): string {
  const text = wanted ?? given
  const reference = text === undefined ? undefined : normalise(text)
  if (reference === undefined) throw new Error(text === undefined ? 'the archive names no image: give it a name' : `couldn't parse image reference "${text}": invalid reference format`)
  const parsed = parseReference(reference)
  return parsed === undefined ? reference : formatReference({ ...parsed, digest: undefined, tag: parsed.tag ?? 'latest' })
}

function diffIdsOf(configuration: string): readonly string[] {
  const parsed: { readonly rootfs: { readonly diff_ids: readonly string[] } } = JSON.parse(configuration)
  return parsed.rootfs.diff_ids
}

/** A file that an archive names in its own words: neither its name nor a link may lead out of the archive. */
function inside(directory: string, path: string): string {
  const outside = new Error(`the archive names a path outside itself: ${path}`)
  if (path.startsWith('/') || path.split('/').includes('..')) throw outside
  const file = `${directory}/${path}`
  if (existsSync(file) && !realpathSync(file).startsWith(`${realpathSync(directory)}/`)) throw outside
  return file
}
