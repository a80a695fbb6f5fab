// For tests: a plugin, its calls and its registration, served at sockets.
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import { empty } from './wire.ts'
import { type PluginInfo, readRegistered, writeInfo } from './registration.ts'

/** One call that a plugin answers; a refusal is thrown as an object with `code` and `details`. */
export interface TestCall { readonly path: string; readonly answer: (request: Buffer) => Buffer | Promise<Buffer> }

/** Serves calls at `socket`, and what the plugin tells of itself at `registration`. Resolves with what the kubelet said of that. */
export async function startTestPlugin({ calls, socket, registration, info }: { readonly calls: readonly TestCall[]; readonly socket: string; readonly registration: string; readonly info: PluginInfo }): Promise<{ readonly registered: Promise<string>; close(): void }> {
  const registered = Promise.withResolvers<string>()
  const servers = [await serve(socket, calls), await serve(registration, [
    { path: '/pluginregistration.Registration/GetInfo', answer: () => writeInfo(info) },
    { path: '/pluginregistration.Registration/NotifyRegistrationStatus', answer: (request) => { registered.resolve(readRegistered(request).error); return empty } },
  ])]
  return {
    registered: registered.promise,
    close() {
      for (const server of servers) server.forceShutdown()
      for (const path of [socket, registration]) rmSync(path, { force: true })
    },
  }
}

async function serve(socket: string, calls: readonly TestCall[]): Promise<Server> {
  const same = (bytes: Buffer): Buffer => bytes
  const server = new Server()
  server.addService(
    Object.fromEntries(calls.map(({ path }) => [path, { path, requestStream: false as const, responseStream: false as const, requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same }])),
    Object.fromEntries(calls.map(({ path, answer }) => [path, (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
      Promise.resolve(call.request).then(answer).then((bytes) => { done(null, bytes) }, (refusal: { readonly code: number; readonly details: string }) => { done(refusal) })
    }])),
  )
  mkdirSync(dirname(socket), { recursive: true })
  rmSync(socket, { force: true })
  await new Promise<void>((resolve, reject) => { server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => { if (error === null) resolve(); else reject(error) }) })
  return server
}
