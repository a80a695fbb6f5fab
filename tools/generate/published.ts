// What only the declarations of kubernetes-models say of a definition: which fields are quantities, their allowed values, and
// the descriptions of fields that refer to other definitions.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { uncomment } from './models.ts'
import { meta, packages } from './names.ts'

export interface Published {
  readonly quantities: ReadonlySet<string>
  readonly enums: ReadonlyMap<string, readonly string[]>
  readonly descriptions: ReadonlyMap<string, string>
}
const nothing: Published = { quantities: new Set(), enums: new Map(), descriptions: new Map() }

/** Where the declaration of a definition lies. */
function fileOf(name: string, folders: { readonly published: string; readonly machinery: string }): string | undefined {
  if (name.startsWith(`${meta}.`)) return join(folders.machinery, 'apis/meta/v1', `${name.slice(meta.length + 1)}.d.ts`)
  const owner = packages.find((each) => name.startsWith(`${each.name}.v`))
  if (!owner) return undefined
  const [version = '', kind = ''] = name.slice(owner.name.length + 1).split('.')
  return join(folders.published, owner.group, version, `${kind}.d.ts`)
}

/** Reads the declaration of one definition: of its version 1 where an older version has none, and empty when there is neither. */
export function readPublished(name: string, folders: { readonly published: string; readonly machinery: string }): Published {
  const own = readDeclaration(fileOf(name, folders))
  return own === nothing ? readDeclaration(fileOf(name.replace(/\.v1(?:alpha|beta)\d+\./, '.v1.'), folders)) : own
}

function readDeclaration(file: string | undefined): Published {
  let text: string
  try {
    if (file === undefined) return nothing
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return nothing
    throw error
  }
  const body = /^export interface I\w+ [^{]*\{\n([\s\S]*?)^\}/m.exec(text)?.[1] ?? ''
  const quantities = new Set<string>()
  const enums = new Map<string, readonly string[]>()
  const descriptions = new Map<string, string>()
  for (const [, comment, field = '', type = ''] of body.matchAll(/(?:^ {4}\/\*\*\n((?:(?! \*\/)[\s\S])*?)\n {5}\*\/\n)?^ {4}"([^"]+)"\??: (\{\n[\s\S]*?\n {4}\}|.*?);$/gm)) {
    if (type.includes('ResourceQuantity')) quantities.add(field)
    if (comment !== undefined) descriptions.set(field, uncomment(`\n${comment}`).replace(/\n\nPossible enum values:[\s\S]*$/, ''))
    const values = /^(?:Array<)?("[^"]*"(?: \| "[^"]*")*)>?$/.exec(type)?.[1]
    if (values !== undefined && field !== 'apiVersion' && field !== 'kind') enums.set(field, [...values.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? ''))
  }
  return { quantities, enums, descriptions }
}
