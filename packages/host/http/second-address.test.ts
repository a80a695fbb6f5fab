import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { listenAlso } from './second-address.ts'

const skip = process.platform === 'linux' ? false : 'only Linux has all of 127.0.0.0/8'
const answers = (host: string, port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect({ host, port }, () => { socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n') })
  socket.on('data', () => { resolve(true); socket.destroy() }).on('error', () => { resolve(false) })
})

test('a server is reached where it listens, and at a second address once it is told', { skip }, async () => {
  const server = createServer((_request, response) => { response.end('ok') })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  after(() => { server.close() })
  const { port } = server.address() as AddressInfo
  assert.deepEqual([await answers('127.0.0.1', port), await answers('127.0.0.2', port)], [true, false])
  const second = listenAlso(server, { host: '127.0.0.2', port }, assert.fail)
  // Not an address of this machine: tried again in silence.
  const absent = listenAlso(server, { host: '192.0.2.1', port }, assert.fail)
  let reached = false
  while (!reached) reached = await answers('127.0.0.2', port)
  second.close()
  absent.close()
  assert.equal(await answers('127.0.0.2', port), false)
})

test('an address that another has taken is told of', { skip }, async () => {
  const other = createServer()
  await new Promise<void>((resolve) => { other.listen(0, '127.0.0.3', resolve) })
  const { port } = other.address() as AddressInfo
  const why = await new Promise<string>((resolve) => { const second = listenAlso(createServer(), { host: '127.0.0.3', port }, (told) => { second.close(); resolve(told) }) })
  other.close()
  assert.match(why, new RegExp(`^cannot listen on 127.0.0.3, port ${port}, where pods look for the API: listen EADDRINUSE`))
})
