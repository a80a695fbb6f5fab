// A webhook server of the tests' own, on the loopback, with an authority of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Certificates } from '../../packages/host/credentials/index.ts'
import type { Fields } from './api.ts'

export interface Review { readonly request: Fields & { readonly uid: string; readonly operation: string; readonly name?: string; readonly object: Fields | null; readonly oldObject: Fields | null } }
export interface HookServer {
  /** The clientConfig that leads to a path of it. */
  place(path: string): object
  /** What it answers at a path: the response of a review. */
  on(path: string, respond: (request: Review['request']) => object, delayMs?: number): void
  stop(): void
}

export async function openHookServer(): Promise<HookServer> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-hooks-'))
  const certificates = new Certificates(folder, Date.now)
  const caBundle = Buffer.from((await certificates.authority()).certificate).toString('base64')
  const serving = await certificates.server({ names: ['localhost'], addresses: ['127.0.0.1'] })
  const answers = new Map<string, { readonly respond: (request: Review['request']) => object; readonly delayMs: number }>()
  const server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => { parts.push(part) })
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(parts).toString()) as Review
      const { respond, delayMs } = answers.get((request.url ?? '').split('?')[0] ?? '') ?? { respond: () => ({ allowed: true }), delayMs: 0 }
      const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: review.request.uid, ...respond(review.request) } })
      setTimeout(() => { response.setHeader('content-type', 'application/json').end(body) }, delayMs)
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  return {
    place: (path) => ({ url: `https://127.0.0.1:${port}${path}`, caBundle }),
    on: (path, respond, delayMs = 0) => { answers.set(path, { respond, delayMs }) },
    stop: () => { server.closeAllConnections(); server.close(); rmSync(folder, { recursive: true }) },
  }
}

/** The response that changes an object by a JSON patch. */
export const patched = (...steps: readonly object[]): object => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(steps)).toString('base64') })
