// What tests of registries share: a server on the loopback, digests, and whether layers can be unpacked here.
import { createHash } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import { after } from 'node:test'
import { probeHost } from '../linux/index.ts'

const host = probeHost()
/** Why a test that unpacks layers is left out; false where it is not. */
export const skip = host.root && host.foreignFunctions && host.tools.tar !== undefined ? false : 'unpacking keeps owners and makes device nodes: needs root, GNU tar and koffi'

/** 'sha256:…', told without the code that is tested. */
export const sha = (bytes: Uint8Array | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Serves until the test that asks is over; answers '127.0.0.1:port'. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  after(() => { server.close(); server.closeAllConnections() })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}
