// Who may use an image that a kubelet has pulled: whoever brings what it was pulled with. Behaviour: the kubelet's image pull manager.
import { mkdirSync, rmSync } from 'node:fs'
import type { ImageAccess, SecretSource } from '@kubeskiff/core/rules'
import { readIfThere, writePrivately } from '../files/index.ts'

/** By the image's name without tag and digest: the same content may stand in an open and in a closed repository. */
type AccessRecord = Readonly<Record<string, ImageAccess>>
/** As upstream: so many secrets are remembered for one image of one name. */
const secretsMax = 100
const nobody: ImageAccess = { anyone: false, secrets: [] }

/** Keeps on the disk, readable by its owner only, with which secrets images were pulled. */
export class AccessRecords {
  readonly #directory: string
  readonly #known = new Map<string, AccessRecord | undefined>()

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#directory = directory
  }

  /** Whether a kubelet has pulled it: what came otherwise, all may use. */
  has(id: string): boolean { return this.#read(id) !== undefined }
  of(id: string, repository: string): ImageAccess { return this.#read(id)?.[repository] ?? nobody }

  /** It was pulled with this secret; without one, by anybody. */
  pulled(id: string, repository: string, secret: SecretSource | undefined): void {
    const record = this.#read(id) ?? {}
    const before = record[repository] ?? nobody
    const secrets = secret === undefined ? before.secrets : [...before.secrets.filter(({ uid, namespace, name }) => uid !== secret.uid || namespace !== secret.namespace || name !== secret.name), secret].slice(-secretsMax)
    const next = { ...record, [repository]: { anyone: before.anyone || secret === undefined, secrets } }
    if (JSON.stringify(next) === JSON.stringify(record)) return
    writePrivately(this.#file(id), JSON.stringify(next))
    this.#known.set(id, next)
  }

  forget(id: string): void {
    rmSync(this.#file(id), { force: true })
    this.#known.delete(id)
  }
  /** What another process may have changed is read again. */
  refresh(): void { this.#known.clear() }

  #file(id: string): string { return `${this.#directory}/${id.slice(7)}.json` }
  #read(id: string): AccessRecord | undefined {
    if (this.#known.has(id)) return this.#known.get(id)
    const text = readIfThere(this.#file(id))
    const record = text === undefined ? undefined : JSON.parse(text) as AccessRecord // ours
    this.#known.set(id, record)
    return record
  }
}
