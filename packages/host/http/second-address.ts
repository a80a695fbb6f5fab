import { createServer, type Server, type Socket } from 'node:net'

/** An address that is not there yet is tried again after this, doubled each time. */
const retryFirstMs = 50
const retryMostMs = 2_000

export interface SecondAddress { close(): void }

/** Brings a server the connections of a socket that listens in another network. */
export function takeAlso(server: Server, listener: Server): SecondAddress {
  listener.on('connection', (socket: Socket) => {
    socket.setNoDelay(true)
    server.emit('connection', socket)
  })
  return { close: () => { listener.close() } }
}

/** Brings a server the connections to one more address of this machine, as soon as there is such an address. `onTrouble` is told once why it cannot be. */
export function listenAlso(server: Server, at: { readonly host: string; readonly port: number }, onTrouble: (why: string) => void): SecondAddress {
  const listener = createServer({ noDelay: true }, (socket: Socket) => { server.emit('connection', socket) })
  let waitMs = retryFirstMs
  let timer: NodeJS.Timeout | undefined
  let told = false
  const listen = (): void => { listener.listen({ ...at, ipv6Only: at.host.includes(':') }) }
  listener.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRNOTAVAIL' && !told) { told = true; onTrouble(`cannot listen on ${at.host}, port ${at.port}, where pods look for the API: ${error.message}`) }
    timer = setTimeout(listen, waitMs).unref()
    waitMs = Math.min(waitMs * 2, retryMostMs)
  })
  listen()
  return { close: () => { clearTimeout(timer); listener.close() } }
}
