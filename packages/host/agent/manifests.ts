import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import type { Pod } from '@kubeskiff/core/api'

/** What a folder of manifests holds. */
export interface Manifests {
  /** By namespace and name: of two files with one name the first one counts. */
  readonly pods: ReadonlyMap<string, Pod>
  /** What is wrong with files that count for nothing. */
  readonly faults: ReadonlyMap<string, string>
  /** Pods that count for nothing, because another has their name. */
  readonly duplicates: readonly Pod[]
}
type Answer = Pod | string

export const placeOf = ({ namespace = '', name }: { readonly namespace?: string | undefined; readonly name: string }): string => `${namespace}/${name}`

/** Reads a folder of manifests, or one file, again and again; what has not changed is not read twice. As upstream: every file whose name does not begin with a dot, in the order of their names. */
export class ManifestFolder {
  readonly #directory: string
  readonly #node: string
  #known: ReadonlyMap<string, { readonly text: string; readonly answer: Answer }> = new Map()

  constructor(directory: string, node: string) {
    this.#directory = directory
    this.#node = node
  }

  async read(): Promise<Manifests> {
    const known = new Map<string, { readonly text: string; readonly answer: Answer }>()
    const found = new Map<string, Pod>()
    const faults = new Map<string, string>()
    const duplicates: Pod[] = []
    for (const path of filesAt(this.#directory)) {
      const file = basename(path)
      const read = this.#text(path)
      if ('fault' in read) { faults.set(file, read.fault); continue }
      const before = this.#known.get(file)
      const answer = before?.text === read.text ? before.answer : await this.#podOf(file, read.text)
      known.set(file, { text: read.text, answer })
      if (typeof answer === 'string') faults.set(file, answer)
      else if (found.has(placeOf(answer.metadata))) {
        duplicates.push(answer)
        faults.set(file, `another file has a pod of the name ${placeOf(answer.metadata)}`)
      } else found.set(placeOf(answer.metadata), answer)
    }
    this.#known = known
    return { pods: found, faults, duplicates }
  }

  #text(path: string): { readonly text: string } | { readonly fault: string } {
    try {
      const entry = statSync(path)
      if (entry.isDirectory()) return { fault: 'it is a folder: folders below that of the manifests are not looked into' }
      if (!entry.isFile()) return { fault: 'it is neither a file nor a folder' }
      return { text: readFileSync(path, 'utf8') }
    } catch (error) { return { fault: wordsOf(error) } }
  }

  async #podOf(file: string, text: string): Promise<Answer> {
    const { podOfManifest } = await import('./manifest.ts')
    try { return podOfManifest(text, { node: this.#node, file }) } catch (error) { return wordsOf(error) }
  }
}

/** A folder that has gone holds none, as upstream has it: its pods go. */
function filesAt(path: string): readonly string[] {
  try {
    if (statSync(path).isFile()) return [path]
    return readdirSync(path).filter((name) => !name.startsWith('.')).sort().map((name) => join(path, name))
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return []
    throw error
  }
}
