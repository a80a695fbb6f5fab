import type { ClusterView, Resource, ResourceType } from '../api/index.ts'
import { fnv1a } from './hash.ts'

const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
const nameMax = 63

/**
 * Gives names for new objects of an owner, of the form generateName gives ('web-' → 'web-x7k2p'), none of them taken. A plan that names what
 * it creates can speak of it in its events; the same view gives the same names, and every later view gives others.
 */
export function freshNames(view: ClusterView, type: ResourceType<Resource>, owner: Resource): (prefix: string) => string {
  const given = new Set<string>()
  const namespace = owner.metadata.namespace ?? ''
  let count = 0
  return (prefix) => {
    for (;;) {
      const name = `${prefix.slice(0, nameMax - suffixLength)}${suffix(fnv1a(owner.metadata.uid, `${view.revision}/${count++}`))}`
      if (given.has(name) || view.get(type, namespace, name) !== undefined) continue
      given.add(name)
      return name
    }
  }
}

function suffix(hash: number): string {
  let rest = hash
  let text = ''
  for (let i = 0; i < suffixLength; i++) {
    text += alphabet[rest % alphabet.length]
    rest = Math.floor(rest / alphabet.length)
  }
  return text
}
