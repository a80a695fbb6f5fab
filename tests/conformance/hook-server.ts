// A webhook server of the tests' own, on the loopback, with an authority of its own.
import type { Fields } from './api.ts'
import { serveHttps } from './https-server.ts'

export interface Review { readonly request: Fields & { readonly uid: string; readonly operation: string; readonly name?: string; readonly object: Fields | null; readonly oldObject: Fields | null } }
export interface HookServer {
  /** The clientConfig that leads to a path of it. */
  place(path: string): object
  /** What it answers at a path: the response of a review. */
  on(path: string, respond: (request: Review['request']) => object, delayMs?: number): void
  /** How it converts objects at a path, one by one, to the version that is asked for. */
  converts(path: string, convert: (object: Fields, apiVersion: string) => Fields): void
  stop(): void
}

export async function openHookServer(): Promise<HookServer> {
  const converters = new Map<string, (object: Fields, apiVersion: string) => Fields>()
  const answers = new Map<string, { readonly respond: (request: Review['request']) => object; readonly delayMs: number }>()
  const { port, caBundle, stop } = await serveHttps((request, response, said) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const asked = JSON.parse(said) as { readonly kind: string }
    const convert = converters.get(path)
    if (asked.kind === 'ConversionReview' && convert !== undefined) {
      const { request: { uid, desiredAPIVersion, objects } } = asked as unknown as { readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Fields[] } }
      const converted = { uid, result: { status: 'Success' }, convertedObjects: objects.map((object) => ({ ...convert(object, desiredAPIVersion), apiVersion: desiredAPIVersion })) }
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', response: converted }))
      return
    }
    const review = asked as unknown as Review
    const { respond, delayMs } = answers.get(path) ?? { respond: () => ({ allowed: true }), delayMs: 0 }
    const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: review.request.uid, ...respond(review.request) } })
    setTimeout(() => { response.setHeader('content-type', 'application/json').end(body) }, delayMs)
  }, { names: ['localhost'], addresses: ['127.0.0.1'] })
  return {
    place: (path) => ({ url: `https://127.0.0.1:${port}${path}`, caBundle }),
    on: (path, respond, delayMs = 0) => { answers.set(path, { respond, delayMs }) },
    converts: (path, convert) => { converters.set(path, convert) },
    stop,
  }
}

/** The response that changes an object by a JSON patch. */
export const patched = (...steps: readonly object[]): object => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(steps)).toString('base64') })
