// Which credentials open an image's registry, of all that a docker configuration or pull secrets hold. Rules: kubelet's keyring.
import { textOfBase64 } from '../base/bytes.ts'
import { sha256 } from '../base/sha256.ts'

/** `registry` as it was written: a host with a port or a path, maybe with wildcards and a scheme. */
export interface RegistryCredentials { readonly registry: string; readonly username: string; readonly password: string; readonly source?: SecretSource }
/** The Secret that credentials are from, and what tells them from others without telling them. */
export interface SecretSource { readonly uid: string; readonly namespace: string; readonly name: string; readonly hash: string }

/** Who may use an image that was pulled: anyone, where it was pulled without signing in, or who has one of these. */
export interface ImageAccess { readonly anyone: boolean; readonly secrets: readonly SecretSource[] }

/** Tells credentials from others. */
export const credentialsHash = ({ username, password }: Pick<RegistryCredentials, 'username' | 'password'>): string => sha256(JSON.stringify([username, password])).toBase64()

/** Whether one of these opens what was pulled: the same credentials, or those of the same Secret, whatever they are now. As the kubelet; without a record nobody is asked. */
export const mayUse = (access: ImageAccess | undefined, credentials: readonly RegistryCredentials[]): boolean =>
  access === undefined || access.anyone || credentials.some(({ source }) => source !== undefined && access.secrets.some(({ uid, namespace, name, hash }) => hash === source.hash || (uid === source.uid && namespace === source.namespace && name === source.name)))

/** What the 'auths' of a docker configuration hold. Entries without a name and a password are left out. */
export function credentialsIn(auths: unknown): readonly RegistryCredentials[] {
  if (typeof auths !== 'object' || auths === null) return []
  return Object.entries(auths).flatMap(([registry, entry]: readonly [string, unknown]) => {
    const { auth, username, password } = typeof entry === 'object' && entry !== null ? entry as Readonly<Record<string, unknown>> : {}
    const pair = typeof auth === 'string' ? decoded(auth) : undefined
    const colon = pair?.indexOf(':') ?? -1
    if (pair !== undefined && colon > 0) return [{ registry, username: pair.slice(0, colon), password: pair.slice(colon + 1) }]
    return typeof username === 'string' && typeof password === 'string' ? [{ registry, username, password }] : []
  })
}

function decoded(base64: string): string | undefined {
  try { return textOfBase64(base64) } catch { return undefined } // no base64: no credentials, as upstream
}

/** Those that an image's complete name without a tag ('docker.io/library/nginx') is pulled with, to be tried in this order: the longest match is first. */
export function credentialsFor(image: string, all: readonly RegistryCredentials[]): readonly RegistryCredentials[] {
  const [host, path] = halves(image)
  const keyed = all.flatMap((credentials) => { const key = keyOf(credentials.registry); return key === undefined ? [] : [{ key, credentials }] })
  const matching = keyed.filter(({ key }) => matches(key, host, path))
  const found = matching.length > 0 || !isDefaultRegistry(host) ? matching : keyed.filter(({ key }) => key === defaultRegistry)
  return found.map((each, at) => ({ ...each, at })).sort((a, b) => (a.key === b.key ? a.at - b.at : a.key < b.key ? 1 : -1)).map(({ credentials }) => credentials)
}

const defaultRegistry = 'index.docker.io'
const isDefaultRegistry = (host: string): boolean => host === 'docker.io' || host === defaultRegistry

/** A host, and a path where it says more than the version of docker's API. */
function keyOf(registry: string): string | undefined {
  const [host, written] = halves(registry.replace(/^https?:\/\//, ''))
  if (host === '') return undefined
  const path = /^\/v[12]\//.test(written) ? written.slice(3) : written
  return path === '/' ? host : `${host}${path}`
}

function halves(text: string): readonly [host: string, path: string] {
  const slash = text.indexOf('/')
  return slash === -1 ? [text, ''] : [text.slice(0, slash), text.slice(slash)]
}

/** Port by port, part by part of the name, where wildcards stand for a part and no more; of the path the beginning. */
function matches(key: string, host: string, path: string): boolean {
  const [keyHost, keyPath] = halves(key)
  const [[keyName, keyPort], [name, port]] = [withPort(keyHost), withPort(host)]
  const [keyParts, parts] = [keyName.split('.'), name.split('.')]
  return keyPort === port && keyParts.length === parts.length && path.startsWith(keyPath) && keyParts.every((part, at) => matchesPart(part, parts[at] ?? ''))
}

function withPort(host: string): readonly [name: string, port: string] {
  const found = /^(.*):(\d+)$/.exec(host)
  return found === null ? [host, ''] : [found[1] ?? '', found[2] ?? '']
}

/** In no more steps than both are long, multiplied: patterns are anybody's, and a regular expression could take for ever. */
function matchesPart(pattern: string, part: string): boolean {
  const wanted = pattern.match(/\[\^?[^\]]+\]|[\s\S]/g) ?? []
  let [at, next] = [0, 0]
  /** The last star, and where what follows it is tried. */
  let star: { readonly next: number; at: number } | undefined
  while (at < part.length) {
    const one = wanted[next]
    if (one === '*') star = { next: ++next, at }
    else if (one !== undefined && matchesOne(one, part.charAt(at))) { at++; next++ }
    else if (star === undefined) return false
    else { at = ++star.at; next = star.next }
  }
  return wanted.slice(next).every((one) => one === '*')
}

function matchesOne(pattern: string, character: string): boolean {
  if (pattern.length === 1) return pattern === '?' || pattern === character
  try { return new RegExp(`^${pattern}$`).test(character) } catch { return false } // no pattern: it matches nothing, as upstream
}
