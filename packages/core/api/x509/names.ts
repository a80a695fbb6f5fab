// Subjects, alternative names and extensions: what requests and certificates say of their holder.
import { contextTag, type Element, oidOf, onlyElementOf, partsOf, tags, textOf } from './der.ts'

/** Of whom a certificate is. `other` counts the parts that are neither. */
export interface Subject { readonly commonName: string; readonly organizations: readonly string[]; readonly other: number }
export interface AlternativeNames { readonly dns: readonly string[]; readonly emails: readonly string[]; readonly uris: readonly string[]; readonly addresses: readonly string[] }

export const noNames: AlternativeNames = { dns: [], emails: [], uris: [], addresses: [] }

export function subjectOf(element: Element | undefined): Subject | undefined {
  const sets = partsOf(element)
  if (sets === undefined) return undefined
  let commonName = ''
  let other = 0
  const organizations: string[] = []
  for (const set of sets) {
    for (const pair of partsOf(set, tags.set) ?? []) {
      const [type, value] = partsOf(pair) ?? []
      const oid = oidOf(type)
      if (oid === undefined || value === undefined) return undefined
      if (oid === '2.5.4.3') commonName = textOf(value)
      else if (oid === '2.5.4.10') organizations.push(textOf(value))
      else other++
    }
  }
  return { commonName, organizations, other }
}

/** The value of each extension by its identifier. */
export function extensionsOf(element: Element | undefined): ReadonlyMap<string, Uint8Array> | undefined {
  const all = partsOf(element)
  if (all === undefined) return undefined
  const found = new Map<string, Uint8Array>()
  for (const extension of all) {
    const parts = partsOf(extension)
    const oid = oidOf(parts?.[0])
    const value = parts?.at(-1)
    if (oid === undefined || value?.tag !== tags.octets) return undefined
    found.set(oid, value.content)
  }
  return found
}

/** The alternative names among the extensions. */
export function alternativeNamesOf(extensions: ReadonlyMap<string, Uint8Array>): AlternativeNames | undefined {
  const value = extensions.get('2.5.29.17')
  if (value === undefined) return noNames
  const names = partsOf(onlyElementOf(value))
  if (names === undefined) return undefined
  const of = (number: number): readonly Element[] => names.filter(({ tag }) => tag === contextTag(number, false))
  return { emails: of(1).map(textOf), dns: of(2).map(textOf), uris: of(6).map(textOf), addresses: of(7).map(({ content }) => addressText(content)) }
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join('.')
  return Array.from({ length: bytes.length >> 1 }, (_, index) => (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16)).join(':')
}
