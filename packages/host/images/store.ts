import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { ImageAccess, SecretSource } from '@kubeskiff/core/rules'
import { readIfThere, writePrivately } from '../files/index.ts'
import { AccessRecords } from './access.ts'
import { unpackLayer } from './layer.ts'
import { normalise, parseReference } from './reference.ts'

/** What an image says about the processes made from it, as the OCI image specification names it. */
export interface ImageSettings {
  readonly Entrypoint?: readonly string[] | null
  readonly Cmd?: readonly string[] | null
  readonly Env?: readonly string[] | null
  readonly User?: string
  readonly WorkingDir?: string
  readonly StopSignal?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Volumes?: Readonly<Record<string, object>> | null
  readonly Labels?: Readonly<Record<string, string>> | null
}

export interface StoredImage {
  /** The digest of the image's configuration. */
  readonly id: string
  /** The digest of its manifest, where it came with one. */
  readonly digest: string | undefined
  readonly settings: ImageSettings
  readonly architecture: string
  /** Digests of the layers' uncompressed archives, lowest first. */
  readonly layers: readonly string[]
  readonly sizeBytes: number
  /** The configuration word for word, for whoever exports the image. */
  readonly configuration: string
}

export interface NamedImage { readonly reference: string; readonly image: StoredImage }

/** Images by name and by content, in one directory; several processes may use it at once. */
export interface ImageStore {
  /** By any way of writing its name, or by its id. */
  find(name: string): StoredImage | undefined
  list(): readonly NamedImage[]
  /** Images that have lost their last name: to a newer one of that name, or while a container had them. */
  unnamed(): readonly StoredImage[]
  hasLayer(diffId: string): boolean
  /** Unpacks an uncompressed archive; refuses it when its digest is not `diffId`. Answers the digest. */
  addLayer(archive: Readable, diffId: string | undefined): Promise<string>
  /** Names an image whose layers are all here. */
  addImage(reference: string, image: { readonly configuration: string; readonly sizeBytes: number; readonly digest?: string }): StoredImage
  /** Who may use an image by a name of it; undefined: no kubelet has pulled it, and all may. */
  accessOf(image: StoredImage, reference: string): (ImageAccess & { readonly repository: string }) | undefined
  /** Notes that a kubelet pulled it by this name, with this secret or by none. */
  pulled(id: string, reference: string, secret: SecretSource | undefined): void
  /** Takes a name away, and with an image's last name the layers that nobody else has. Images in `inUse` (ids or digests) keep them. */
  remove(name: string, inUse: ReadonlySet<string>): Promise<{ readonly removed: readonly string[]; readonly freedBytes: number }>
  /** Removes what unpackings have left that were cut off: all that was begun before an instant, in ms. */
  removeUnfinished(before: number): Promise<void>
  /** The directories of an image's layers, top first, as overlay mounts want them. */
  layerDirectories(image: StoredImage): readonly string[]
}

/** A complete name without tag and digest. */
function repositoryOf(reference: string): string {
  const { domain = '', repository = '' } = parseReference(reference) ?? {}
  return `${domain}/${repository}`
}

const tickMostMs = 100

interface LayerRecord { readonly diffId: string; readonly sizeBytes: number }

/** Opens, or makes, the store in `directory`. */
export function openImageStore(directory: string): ImageStore {
  // Short names: an overlay mount must name all layers within one page.
  const layerDirectory = (diffId: string): string => `${directory}/layers/${checkedDigest(diffId).slice(7, 39)}`
  const imageFile = (id: string): string => `${directory}/images/${id.slice(7)}.json`
  const temporary = (): string => `${directory}/layers/.${randomBytes(8).toString('hex')}`
  const nameFile = (reference: string): string => `${directory}/names/${encodeURIComponent(reference)}`
  for (const part of ['layers', 'images', 'names']) mkdirSync(`${directory}/${part}`, { recursive: true, mode: 0o700 })
  const known = new Map<string, StoredImage>()
  const access = new AccessRecords(`${directory}/access`)

  const load = (id: string): StoredImage | undefined => {
    const before = known.get(id)
    if (before !== undefined) return before
    const text = readIfThere(imageFile(id))
    if (text === undefined) return undefined
    const image: StoredImage = JSON.parse(text)
    known.set(id, image)
    return image
  }

  // Every name that comes or goes is a rename in the directory, and moves its time: but the kernel's clock for that is coarse,
  // and a time that is only just past may stand for more than one change.
  let listed: { readonly at: bigint; readonly images: readonly NamedImage[] } | undefined
  const list = (): readonly NamedImage[] => {
    const { mtimeNs: at, mtimeMs } = statSync(`${directory}/names`, { bigint: true })
    if (listed?.at === at) return listed.images
    const images = readNames()
    access.refresh()
    listed = Date.now() - Number(mtimeMs) > tickMostMs ? { at, images } : undefined
    return images
  }
  const readNames = (): readonly NamedImage[] => readdirSync(`${directory}/names`).filter((file) => !file.startsWith('.')).sort().flatMap((file) => {
    const id = readIfThere(`${directory}/names/${file}`)
    const image = id === undefined ? undefined : load(id)
    return image === undefined ? [] : [{ reference: decodeURIComponent(file), image }]
  })

  const all = (): readonly StoredImage[] => readdirSync(`${directory}/images`).flatMap((file) => load(`sha256:${file.replace(/\.json$/, '')}`) ?? [])
  /** Moves a layer's files out of the way at once: who unpacks it again while they are removed is not disturbed. */
  const movedAway = (path: string): readonly string[] => {
    if (!existsSync(path)) return []
    const away = temporary()
    renameSync(path, away)
    return [away]
  }

  const find = (name: string): StoredImage | undefined => {
    if (/^(sha256:)?[0-9a-f]{64}$/.test(name)) return load(name.startsWith('sha256:') ? name : `sha256:${name}`)
    const reference = normalise(name)
    const id = reference === undefined ? undefined : readIfThere(nameFile(reference))
    return id === undefined ? undefined : load(id)
  }

  return {
    find,
    list,
    unnamed() {
      const named = new Set(list().map(({ image }) => image.id))
      return all().filter(({ id }) => !named.has(id))
    },
    hasLayer: (diffId) => existsSync(`${layerDirectory(diffId)}.json`),
    async addLayer(archive, diffId) {
      const unpacking = temporary()
      mkdirSync(unpacking)
      try {
        const unpacked = await unpackLayer(archive, unpacking)
        if (diffId !== undefined && unpacked.diffId !== diffId) throw new Error(`wrong diff id calculated on extraction "${unpacked.diffId}"`)
        const target = layerDirectory(unpacked.diffId)
        if (!existsSync(`${target}.json`)) {
          const left = movedAway(target) // By a crash between the two renames.
          renameSync(unpacking, target)
          const record: LayerRecord = { diffId: unpacked.diffId, sizeBytes: unpacked.sizeBytes }
          writePrivately(`${target}.json`, JSON.stringify(record))
          for (const each of left) await rm(each, { recursive: true, force: true })
        }
        return unpacked.diffId
      } finally {
        await rm(unpacking, { recursive: true, force: true })
      }
    },
    addImage(reference, image) {
      const configuration: { readonly architecture?: string; readonly config?: ImageSettings; readonly rootfs: { readonly diff_ids: readonly string[] } } = JSON.parse(image.configuration)
      const layers = configuration.rootfs.diff_ids
      const missing = layers.find((diffId) => !existsSync(`${layerDirectory(diffId)}.json`))
      if (missing !== undefined) throw new Error(`image ${reference} lacks its layer ${missing}`)
      const stored: StoredImage = {
        id: digestOf(image.configuration), digest: image.digest, settings: configuration.config ?? {},
        architecture: configuration.architecture ?? '', layers, sizeBytes: image.sizeBytes, configuration: image.configuration,
      }
      writePrivately(imageFile(stored.id), JSON.stringify(stored))
      writePrivately(nameFile(reference), stored.id)
      known.set(stored.id, stored)
      return stored
    },
    accessOf(image, reference) {
      // Asked of every image whenever nodes are looked at: most have no record, or are open.
      if (!access.has(image.id)) return undefined
      const repository = repositoryOf(reference)
      return { ...access.of(image.id, repository), repository }
    },
    pulled(id, reference, secret) { access.pulled(id, repositoryOf(reference), secret) },
    async remove(name, inUse) {
      const image = find(name)
      if (image === undefined) return { removed: [], freedBytes: 0 }
      const reference = normalise(name)
      const names = list().filter((named) => named.image.id === image.id).map((named) => named.reference)
      const removed = reference !== undefined && names.includes(reference) ? [reference] : names
      for (const one of removed) rmSync(nameFile(one), { force: true })
      if (removed.length < names.length || isUsed(image, inUse)) return { removed, freedBytes: 0 }
      rmSync(imageFile(image.id), { force: true })
      known.delete(image.id)
      access.forget(image.id)
      // Also of those without a name: a container may have them.
      const others = new Set(all().flatMap(({ layers }) => layers))
      let freedBytes = 0
      // All at once, for a pull that needs one of them looks once whether it is here.
      const gone = image.layers.filter((layer) => !others.has(layer)).flatMap((diffId) => {
        const target = layerDirectory(diffId)
        const record = readIfThere(`${target}.json`)
        if (record !== undefined) freedBytes += layerSize(record)
        rmSync(`${target}.json`, { force: true })
        return movedAway(target)
      })
      for (const each of gone) await rm(each, { recursive: true, force: true })
      return { removed, freedBytes }
    },
    async removeUnfinished(before) {
      for (const name of readdirSync(`${directory}/layers`).filter((each) => each.startsWith('.'))) {
        const path = `${directory}/layers/${name}`
        if ((statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Infinity) < before) await rm(path, { recursive: true, force: true })
      }
    },
    // A layer that comes again hides all that it says further down, and Linux takes a directory once.
    layerDirectories: (image) => [...new Set(image.layers.map(layerDirectory).reverse())],
  }
}

/** Whether an image is among those that containers have: they name it by its digest, where it came with one, or by its id. */
export const isUsed = ({ id, digest }: Pick<StoredImage, 'id' | 'digest'>, inUse: ReadonlySet<string>): boolean => inUse.has(id) || (digest !== undefined && inUse.has(digest))

/** An image's own words name its layers, and become names of files here. */
function checkedDigest(digest: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`${JSON.stringify(digest)} is no SHA-256 digest`)
  return digest
}

/** 'sha256:…' of some bytes. */
export function digestOf(bytes: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function layerSize(record: string): number {
  const parsed: LayerRecord = JSON.parse(record)
  return parsed.sizeBytes
}
