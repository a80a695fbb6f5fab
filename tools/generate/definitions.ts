// The lean schema of all built-in definitions, from the two packages and the tables beside this file, in a compact notation that
// packages/core/api/schema/definitions.ts reads:
//   s text · i int32 · l int64 · n double · b boolean · y bytes · o a free object · ? anything · @3 the definition number 3
//   [x a list of x · {x a map of x; then, after a blank, the words of extensions.ts.
import { atomicDefinitions, extensions } from './extensions.ts'
import type { Attribute, Model } from './models.ts'
import { meta, packages } from './names.ts'
import { type Derived, derived, past } from './past.ts'
import { promoted } from './promoted.ts'
import type { Published } from './published.ts'
import { anyFields, bareKinds, emptyObjects, intOrString, microTime, pastVersions, quantity, rawExtension, scalars, sharedKinds, time } from './scalars.ts'

/** One definition as it is written out. */
export interface CompactDefinition {
  /** Group, version, kind. */
  readonly k?: readonly (readonly [string, string, string])[]
  /** Required fields. */
  readonly r?: readonly string[]
  readonly f?: Readonly<Record<string, string>>
  readonly scalar?: string
  readonly atomic?: 1
}
export interface CompactSchema { readonly names: readonly string[]; readonly definitions: readonly CompactDefinition[] }

/** The name without its package's prefix, as the tables have it. */
export const shortName = (name: string): string =>
  name.replace(/^io\.k8s\.api\./, '').replace('io.k8s.apimachinery.pkg.apis.', '')
    .replace('io.k8s.apiextensions-apiserver.pkg.apis.', '').replace('io.k8s.kube-aggregator.pkg.apis.', '')

function groupVersionOf(name: string): { readonly group: string; readonly version: string } | undefined {
  const owner = packages.find((each) => name.startsWith(`${each.name}.v`))
  return owner ? { group: owner.group, version: name.slice(owner.name.length + 1).split('.')[0] ?? '' } : undefined
}

/** All definitions by name, sorted. */
export function compactSchema(models: ReadonlyMap<string, Model>, names: ReadonlyMap<string, string>, published: (name: string) => Published): CompactSchema {
  const all = [...names.values(), ...Object.keys(scalars), ...emptyObjects, ...derived.map(({ name }) => name)].sort()
  const numbers = new Map(all.map((name, index) => [name, index]))
  const byName = new Map([...names].map(([model, name]) => [name, models.get(model)]))
  const derivedFrom = new Map(derived.map((each) => [each.name, each]))
  const isPromoted = new Set(promoted.map(({ name }) => name))
  const pastOf = new Map(past.map(({ name, origin }) => [origin, name]))
  const reference = (name: string, owner: string): string => {
    // What a promoted definition refers to in its origin's version is version 1 too: of it, or there already.
    const sibling = isPromoted.has(owner) ? name.replace(/\.v1(?:alpha|beta)\d+\./, '.v1.') : derivedFrom.has(owner) ? pastOf.get(name) ?? name : name
    const number = numbers.get(sibling)
    if (number === undefined) throw new Error(`no definition ${name}`)
    return `@${number}`
  }
  const typeOf = (owner: string, attribute: Attribute, isQuantity: boolean, type = attribute.type): string => {
    const list = /^(?:Array|Set)<(.*)>$/.exec(type)
    if (list?.[1]) return `[${typeOf(owner, attribute, isQuantity, list[1])}`
    const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
    if (map?.[1]) return `{${typeOf(owner, attribute, isQuantity, map[1])}`
    const named = names.get(type)
    if (named) return reference(named, owner)
    switch (type) {
      case 'Date': return reference(time, owner)
      case 'V1MicroTime': return reference(microTime, owner)
      case 'IntOrString': return reference(intOrString, owner)
      case 'any': return reference(anyFields[`${owner}.${attribute.baseName}`] ?? rawExtension, owner)
      case 'string': return isQuantity ? reference(quantity, owner) : attribute.format === 'byte' ? 'y' : 's'
      case 'boolean': return 'b'
      case 'number': return attribute.format === 'int32' ? 'i' : attribute.format === 'int64' ? 'l' : 'n'
      default: throw new Error(`${owner}.${attribute.baseName}: unknown type ${type}`)
    }
  }
  const versions = new Set(all.flatMap((name) => { const found = groupVersionOf(name); return found ? [`${found.group}/${found.version}`] : [] }))
  for (const past of pastVersions) versions.add(past)
  const define = (name: string): CompactDefinition => {
    const scalar = scalars[name]
    if (scalar !== undefined) return { scalar }
    const { origin, without, renamed }: Omit<Derived, 'name'> = derivedFrom.get(name) ?? { origin: name, without: [], renamed: {} }
    const model = byName.get(origin)
    if (!model) return {}
    const quantities = published(origin).quantities
    const words = extensions[shortName(origin)] ?? {}
    const fields: Record<string, string> = {}
    for (const attribute of model.attributes.filter(({ baseName }) => !without.includes(baseName)).sort((a, b) => (a.baseName < b.baseName ? -1 : 1))) {
      const type = typeOf(name, attribute, quantities.has(attribute.baseName) || attribute.format === 'quantity')
      const extra = words[attribute.baseName]
      fields[renamed[attribute.baseName] ?? attribute.baseName] = extra === undefined ? type : `${type} ${extra}`
    }
    const kinds = kindsOf(name, model, versions)
    return {
      ...(kinds.length > 0 ? { k: kinds } : {}),
      ...(model.required.size > 0 ? { r: [...model.required].sort() } : {}),
      f: fields,
      ...(atomicDefinitions.includes(shortName(origin)) ? { atomic: 1 as const } : {}),
    }
  }
  return { names: all, definitions: all.map(define) }
}

function kindsOf(name: string, model: Model, versions: ReadonlySet<string>): readonly (readonly [string, string, string])[] {
  const kind = name.split('.').pop() ?? ''
  const types = new Map(model.attributes.map((attribute) => [attribute.baseName, attribute.type]))
  if (name.startsWith(meta)) {
    if (sharedKinds.includes(kind)) return [...versions].sort().map((each): readonly [string, string, string] => { const [group = '', version = ''] = each.split('/'); return [group, version, kind] })
    if (bareKinds.includes(kind) || kind === 'Status') return [['', 'v1', kind]]
    return []
  }
  const found = groupVersionOf(name)
  const topLevel = types.has('apiVersion') && types.has('kind') && /^V1(Object|List)Meta$/.test(types.get('metadata') ?? '')
  return found && topLevel ? [[found.group, found.version, kind]] : []
}
