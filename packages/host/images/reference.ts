/** An image's name, complete: 'docker.io' / 'library/nginx' : 'latest', or @ a digest. */
export interface ImageReference {
  readonly domain: string
  readonly repository: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const domainPattern = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?$/
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const digestPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/
const nameLimit = 255

/** Reads a name as `docker pull` does: 'nginx' is docker.io/library/nginx:latest. Undefined when it is none. */
export function parseReference(text: string): ImageReference | undefined {
  const [named, digest, more] = text.split('@')
  if (named === undefined || more !== undefined || (digest !== undefined && !digestPattern.test(digest))) return undefined
  const slash = named.indexOf('/')
  const first = slash === -1 ? '' : named.slice(0, slash)
  // As upstream: the first part is a host only when it could not be a folder.
  const isHost = first === 'localhost' || /[.:A-Z]/.test(first)
  const rest = isHost ? named.slice(slash + 1) : named
  const colon = rest.lastIndexOf(':')
  const path = colon === -1 ? rest : rest.slice(0, colon)
  const tag = colon === -1 ? undefined : rest.slice(colon + 1)
  const domain = !isHost || first === 'index.docker.io' ? 'docker.io' : first
  const repository = domain === 'docker.io' && !path.includes('/') ? `library/${path}` : path
  if (!domainPattern.test(domain) || repository.length > nameLimit) return undefined
  if (!repository.split('/').every((part) => component.test(part))) return undefined
  if (tag !== undefined && !tagPattern.test(tag)) return undefined
  return { domain, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest }
}

/** The complete name: docker.io/library/nginx:latest. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`
  return `${reference.domain}/${reference.repository}${tag}${digest}`
}

/** The complete name of what a person wrote; undefined when it is no image name. */
export function normalise(text: string): string | undefined {
  const reference = parseReference(text)
  return reference === undefined ? undefined : formatReference(reference)
}

/** All the ways to write a complete name, as people and pods do: nginx, nginx:latest, docker.io/library/nginx:latest … */
export function familiarNames(reference: string): readonly string[] {
  const withoutTag = reference.endsWith(':latest') ? [reference.slice(0, -':latest'.length)] : []
  return [reference, ...withoutTag].flatMap((name) => [
    name,
    ...(name.startsWith('docker.io/') ? [name.slice('docker.io/'.length)] : []),
    ...(name.startsWith('docker.io/library/') ? [name.slice('docker.io/library/'.length)] : []),
  ])
}
