import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { caHashOf, Certificates } from '../credentials/index.ts'
import { joiningInfo } from './cluster-info.ts'
import { discover, JoinProblem } from './discovery.ts'

const directoryOf = (context: TestContext): string => {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-discovery-'))
  context.after(() => { rmSync(directory, { recursive: true, force: true }) })
  return directory
}

/** A server with a certificate of `own` that tells of itself, to each who asks in turn, what is given. */
async function serve(context: TestContext, own: Certificates, tells: readonly { readonly authority: string; readonly volumesBelow: string }[]): Promise<string> {
  const { certificate, key } = await own.server({ names: ['localhost'], addresses: ['127.0.0.1'] })
  let asked = 0
  const server = createSecureServer({ cert: certificate, key, allowHTTP1: true }, (_request, response) => {
    const told = tells[Math.min(asked++, tells.length - 1)] ?? { authority: '', volumesBelow: '' }
    response.end(JSON.stringify({ data: joiningInfo({ url: 'https://127.0.0.1', overlay: 'vxlan', clusterDomain: 'cluster.local', families: ['IPv4'], ...told }) }))
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  context.after(() => { server.close() })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('only the authority that has the hash is believed, whatever is told beside it', async (context) => {
  const [genuine, stranger] = [new Certificates(directoryOf(context), Date.now), new Certificates(directoryOf(context), Date.now)]
  const [{ certificate: authority }, { certificate: other }] = [await genuine.authority(), await stranger.authority()]
  const between = await serve(context, stranger, [{ authority: `${authority}${other}`, volumesBelow: '/v' }])
  await assert.rejects(discover(between, caHashOf(authority)), (error) => error instanceof JoinProblem && /does not prove who it is/.test(error.message))
  await assert.rejects(discover(between, caHashOf(other)), /has another authority/)
})

test('what a cluster says of itself is believed only once its server has proved who it is', async (context) => {
  const genuine = new Certificates(directoryOf(context), Date.now)
  const { certificate: authority } = await genuine.authority()
  const url = await serve(context, genuine, [{ authority, volumesBelow: '/of-a-stranger' }, { authority, volumesBelow: '/own' }])
  const found = await discover(url, caHashOf(authority))
  assert.deepEqual([found.authority.trim(), found.info.volumesBelow], [authority.trim(), '/own'])
})
