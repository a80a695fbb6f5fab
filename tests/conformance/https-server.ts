// A server of the tests' own over HTTPS, with an authority of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Certificates } from '../../packages/host/credentials/index.ts'

export interface HttpsServer {
  readonly port: number
  /** Its authority, as objects of the API have it. */
  readonly caBundle: string
  stop(): void
}

/** Serves on a port of its own of `host`; `answer` gets the whole body of each request. */
export async function serveHttps(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void, { host = '127.0.0.1', names, addresses = [] }: { readonly host?: string; readonly names: readonly string[]; readonly addresses?: readonly string[] }): Promise<HttpsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-https-'))
  const certificates = new Certificates(folder, Date.now)
  const serving = await certificates.server({ names, addresses })
  const { certificate: authority } = await certificates.authority()
  rmSync(folder, { recursive: true })
  const server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => { parts.push(part) })
    request.on('end', () => { answer(request, response, Buffer.concat(parts).toString()) })
  })
  await new Promise<void>((resolve) => { server.listen(0, host, resolve) })
  return { port: (server.address() as AddressInfo).port, caBundle: Buffer.from(authority).toString('base64'), stop: () => { server.closeAllConnections(); server.close() } }
}
