// Scheduler extenders: servers of the user's that are asked which nodes will do, how good they are, who should be driven out, and to bind pods. What is sent and
// answered: upstream's kube-scheduler/extender/v1, whose fields have Go's names.
import { wordsOf } from '../../base/words.ts'
import type { Container } from '../../api/generated/types.ts'
import type { Pod } from '../../api/resources.ts'

/** How a server's certificate is checked and who we are to it: PEM in base64, or files. */
export interface ExtenderTls {
  readonly insecure?: boolean
  readonly serverName?: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly caFile?: string
  readonly certData?: string
  readonly keyData?: string
  readonly caData?: string
}

/** One extender, as the configuration file has it. A verb that is '' is not asked for. */
export interface Extender {
  readonly urlPrefix: string
  readonly filterVerb: string
  readonly prioritizeVerb: string
  readonly preemptVerb: string
  readonly bindVerb: string
  readonly weight: number
  readonly timeoutMs: number
  readonly tls?: ExtenderTls
  /** It knows the nodes: they are told by name. */
  readonly nodeCacheCapable: boolean
  /** It is asked only about pods that want one of these; about all when there are none. */
  readonly managedResources: ReadonlySet<string>
  /** Pods are scheduled though it cannot be asked. */
  readonly ignorable: boolean
}

/** The input of an ask 'extender': a POST of JSON. */
export interface ExtenderPost { readonly url: string; readonly timeoutMs: number; readonly tls?: ExtenderTls; readonly body: unknown }
/** What came of it. */
export type ExtenderAnswer = { readonly is: 'answered'; readonly status: number; readonly text: string } | { readonly is: 'unreached'; readonly why: string }

/** Is the extender asked about this pod? */
export const isInterested = ({ managedResources }: Extender, { spec }: Pod): boolean =>
  managedResources.size === 0 || [...spec.containers, ...(spec.initContainers ?? [])].some((container) => wants(container, managedResources))

function wants({ resources }: Pick<Container, 'resources'>, managed: ReadonlySet<string>): boolean {
  for (const name in resources?.requests) if (managed.has(name)) return true
  for (const name in resources?.limits) if (managed.has(name)) return true
  return false
}

/** What is posted for a verb. */
export const postOf = ({ urlPrefix, timeoutMs, tls }: Extender, verb: string, body: unknown): ExtenderPost => ({ url: `${urlPrefix.replace(/\/+$/, '')}/${verb}`, timeoutMs, ...(tls !== undefined && { tls }), body })

/** The value that was answered, or why there is none, in upstream's words. */
export function valueIn(verb: string, { url }: ExtenderPost, answer: ExtenderAnswer): { readonly value: unknown } | { readonly fault: string } {
  if (answer.is === 'unreached') return { fault: `Post ${JSON.stringify(url)}: ${answer.why}` }
  if (answer.status !== 200) return { fault: `failed ${verb} with extender at URL ${url}, code ${answer.status}` }
  if (answer.text.trim() === '') return { fault: 'EOF' }
  try { return { value: JSON.parse(answer.text) } } catch (error) { return { fault: wordsOf(error) } }
}

/** A field by its name in Go: as there, capitals do not matter. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value)
  return (entries.find(([key]) => key === name) ?? entries.find(([key]) => key.toLowerCase() === name.toLowerCase()))?.[1] ?? undefined
}

/** What should be a text, whatever it is: an answer may hold anything. */
export const textIn = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value) ?? '')

/** An object as Go's clients send it from within a list: without its kind. */
export const bare = <T extends { readonly apiVersion: string; readonly kind: string }>({ apiVersion: _version, kind: _kind, ...rest }: T): Omit<T, 'apiVersion' | 'kind'> => rest
