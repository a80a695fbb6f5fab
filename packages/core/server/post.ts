// A POST of JSON to somebody's own HTTPS server: webhooks of admission and of conversion. The host sends it; what is asked and answered is said here.
import type { AdmissionregistrationV1WebhookClientConfig as ClientConfig } from '../api/generated/types.ts'

/** The input of an ask 'webhook' or 'convert'. */
export interface Post {
  readonly to: { readonly is: 'url'; readonly url: string } | { readonly is: 'service'; readonly namespace: string; readonly name: string; readonly port: number; readonly path: string }
  /** PEM, base64; absent: the authorities that the machine trusts. */
  readonly caBundle?: string
  readonly timeoutMs: number
  readonly body: unknown
}

/** What became of it: a good reply's text; why there is no reply; or what a bad status means: each in upstream's words. */
export type Posted = { readonly is: 'answered'; readonly text: string } | { readonly is: 'unreached'; readonly why: string } | { readonly is: 'rejected'; readonly why: string }

/** Why a post brought nothing, as upstream prints it. */
export const failureText = (post: Post, posted: Exclude<Posted, { readonly is: 'answered' }>): string => (posted.is === 'rejected' ? posted.why : `Post ${JSON.stringify(urlOf(post))}: ${posted.why}`)

/** A post to where a client configuration says. */
export function postTo({ url, service, caBundle }: ClientConfig, timeoutSeconds: number, body: unknown): Post {
  const to: Post['to'] = service === undefined ? { is: 'url', url: url ?? '' }
    : { is: 'service', namespace: service.namespace, name: service.name, port: service.port ?? 443, path: service.path ?? '' }
  return { to, ...(caBundle !== undefined && caBundle !== '' && { caBundle }), timeoutMs: timeoutSeconds * 1000, body }
}

/** The URL as it is called and shown: a service has the name that its certificate must have. */
export function urlOf({ to, timeoutMs }: Pick<Post, 'to' | 'timeoutMs'>): string {
  const base = to.is === 'url' ? to.url : `https://${to.name}.${to.namespace}.svc:${to.port}${to.path === '' || to.path.startsWith('/') ? to.path : `/${to.path}`}`
  const place = /^https:\/\/[^/?#]+$/.test(base) ? `${base}/` : base
  return `${place}${place.includes('?') ? '&' : '?'}timeout=${timeoutMs / 1000}s`
}
