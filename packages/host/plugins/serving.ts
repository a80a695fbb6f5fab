import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import type * as Grpc from '@grpc/grpc-js'
import { empty, socketPathMax } from './wire.ts'

export interface Listening {
  readonly socket: string
  /** How troubles call it. */
  readonly name: string
  /** Says what is answered. */
  readonly serve: (server: Grpc.Server, grpc: typeof Grpc) => void
  readonly onTrouble: (message: string) => void
}

/** Answers calls by gRPC at a socket, which is made anew. What answers is loaded when the first call comes: on most nodes none does. */
export function listenAt({ socket, name, serve, onTrouble }: Listening): { close(): void } {
  rmSync(socket, { force: true })
  const connections = new Set<Socket>()
  let injector: Promise<{ injectConnection(connection: Socket): void }> | undefined
  const injectorOf = (): Promise<{ injectConnection(connection: Socket): void }> => (injector ??= import('@grpc/grpc-js').then((grpc) => {
    const server = new grpc.Server()
    serve(server, grpc)
    return server.createConnectionInjector(grpc.ServerCredentials.createInsecure())
  }))
  const server = createServer((connection) => {
    connections.add(connection)
    connection.once('close', () => { connections.delete(connection) })
    connection.on('error', () => connection.destroy())
    connection.pause()
    injectorOf().then(({ injectConnection }) => { injectConnection(connection) }, (error: unknown) => { connection.destroy(); onTrouble(`${name}: ${String(error)}`) })
  })
  server.on('error', (error) => { onTrouble(`${name}: ${error.message}`) })
  if (socket.length > socketPathMax) onTrouble(`${name}: the path ${socket} is too long for a socket`)
  else server.listen(socket)
  return {
    close() {
      server.close()
      for (const connection of connections) connection.destroy()
    },
  }
}

/** A method that is asked once and answers with as many messages as it likes. */
export const streaming = <Answered>(path: string, write: (answer: Answered) => Buffer) =>
  ({ path, requestStream: false as const, responseStream: true as const, requestSerialize: () => empty, requestDeserialize: () => ({}), responseSerialize: write, responseDeserialize: () => ({}) })
/** A method that takes one message and answers with one, as grpc's library wants it told. */
export const unary = <Asked, Answered>(path: string, read: (bytes: Buffer) => Asked, write: (answer: Answered) => Buffer) =>
  ({ path, requestStream: false as const, responseStream: false as const, requestSerialize: () => empty, requestDeserialize: read, responseSerialize: write, responseDeserialize: () => ({}) })
