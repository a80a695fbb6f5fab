import type { ContainerImage } from '../api/generated/types.ts'
import type { RuntimeState } from './runtime.ts'

/** As upstream's nodeStatusMaxImages: a node tells of its largest images only. */
export const imagesToldMax = 50

/** The images that a node has, as its status tells of them: full names, by digest and by tag; the largest first. */
export function imagesTold(images: RuntimeState['images'] extends ReadonlyMap<string, infer Here> ? Here : never): readonly ContainerImage[] {
  const byId = new Map<string, { readonly names: Set<string>; readonly sizeBytes: number }>()
  for (const [reference, { id, sizeBytes }] of images) {
    const { repository, rest } = fullReference(reference)
    const key = `${id} ${repository}`
    const known = byId.get(key) ?? { names: new Set(id.includes('@') ? [id] : id.startsWith('sha256:') ? [`${repository}@${id}`] : []), sizeBytes }
    known.names.add(`${repository}${rest}`)
    byId.set(key, known)
  }
  return [...byId.values()].map(({ names, sizeBytes }) => ({ names: [...names], sizeBytes }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes || ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1)).slice(0, imagesToldMax)
}

/** 'nginx' is 'docker.io/library/nginx', ':latest'. */
function fullReference(reference: string): { readonly repository: string; readonly rest: string } {
  const digest = reference.indexOf('@')
  const slash = reference.lastIndexOf('/')
  const colon = reference.lastIndexOf(':', digest < 0 ? undefined : digest)
  const cut = digest >= 0 ? digest : colon > slash ? colon : reference.length
  const name = reference.slice(0, cut)
  const first = name.split('/')[0] ?? ''
  const hasHost = name.includes('/') && (/[.:]/.test(first) || first === 'localhost')
  const repository = hasHost ? name : `docker.io/${name.includes('/') ? '' : 'library/'}${name}`
  return { repository, rest: cut === reference.length ? ':latest' : reference.slice(cut) }
}
