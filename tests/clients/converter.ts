// A conversion webhook in a thread of its own: those who wait for a kubectl wait without turning the loop.
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

type Json = Readonly<Record<string, unknown>>
interface Review { readonly apiVersion: string; readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Json[] } }

/** v1 has host and port in one field, v2 in two. */
function convert(object: Json, to: string): Json {
  const spec = object['spec'] as Readonly<Record<string, string>>
  const [host, port] = (spec['hostPort'] ?? '').split(':')
  return { ...object, apiVersion: to, spec: to.endsWith('/v2') ? { host, port } : { hostPort: `${spec['host']}:${spec['port']}` } }
}

const { certificate, key } = workerData as { readonly certificate: string; readonly key: string }
const server = createServer({ cert: certificate, key }, (request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => { parts.push(part) })
  request.on('end', () => {
    const { apiVersion, request: asked } = JSON.parse(Buffer.concat(parts).toString()) as Review
    const convertedObjects = asked.objects.map((object) => convert(object, asked.desiredAPIVersion))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ kind: 'ConversionReview', apiVersion, response: { uid: asked.uid, result: { status: 'Success' }, convertedObjects } }))
  })
})
server.listen(0, '127.0.0.1', () => { parentPort?.postMessage((server.address() as AddressInfo).port) })
