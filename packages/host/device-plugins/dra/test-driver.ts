// A DRA driver for tests: it prepares what it is told to.
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js'
import { empty, readRegistered, streaming, unary, writeInfo } from '../../plugins/index.ts'
import { type ClaimReference, type DeviceReport, type Prepared, readClaims, type Unprepared, writePrepared, writeReports, writeUnprepared } from './messages.ts'

export interface TestDriver {
  /** The calls so far: 'prepare a,b'. */
  readonly calls: readonly string[]
  /** Resolves with what the kubelet said of the registration. */
  readonly registered: Promise<string>
  /** What it answers for each claim. */
  answer: (claim: ClaimReference) => Prepared extends ReadonlyMap<string, infer Each> ? Each : never
  /** Tells how its devices are, if it is one that tells. */
  tell(reports: readonly DeviceReport[]): void
  /** Ends what is being told. */
  hangUp(): void
  close(): void
}

/** Serves a driver at `socket` (which the kubelet is told as `endpoint`), and registers it at `registration`. */
export async function startTestDriver({ driver, socket, endpoint, registration, versions = ['v1.DRAPlugin'], type = 'DRAPlugin' }: { readonly driver: string; readonly socket: string; readonly endpoint: string; readonly registration: string; readonly versions?: readonly string[]; readonly type?: string }): Promise<TestDriver> {
  const calls: string[] = []
  const registered = Promise.withResolvers<string>()
  const service = `/k8s.io.kubelet.pkg.apis.dra.${versions[0] ?? ''}`
  const health = versions.find((version) => version.endsWith('.DRAResourceHealth'))
  const watchers = new Set<ServerWritableStream<object, readonly DeviceReport[]>>()
  let told: readonly DeviceReport[] = []
  const server = new Server()
  server.addService({ prepare: unary(`${service}/NodePrepareResources`, readClaims, writePrepared), unprepare: unary(`${service}/NodeUnprepareResources`, readClaims, writeUnprepared), ...(health !== undefined && { watch: streaming(`/${health}/NodeWatchResources`, writeReports) }) }, {
    watch: (stream: ServerWritableStream<object, readonly DeviceReport[]>) => { watchers.add(stream); if (told.length > 0) stream.write(told) },
    prepare: (call: ServerUnaryCall<readonly ClaimReference[], Prepared>, answer: sendUnaryData<Prepared>) => {
      calls.push(`prepare ${call.request.map(({ name }) => name).join()}`)
      answer(null, new Map(call.request.map((claim) => [claim.uid, made.answer(claim)])))
    },
    unprepare: (call: ServerUnaryCall<readonly ClaimReference[], Unprepared>, answer: sendUnaryData<Unprepared>) => {
      calls.push(`unprepare ${call.request.map(({ name }) => name).join()}`)
      answer(null, new Map(call.request.map(({ uid }) => [uid, { error: '' }])))
    },
  })
  const registrar = new Server()
  registrar.addService({ info: unary('/pluginregistration.Registration/GetInfo', () => ({}), writeInfo), notify: unary('/pluginregistration.Registration/NotifyRegistrationStatus', readRegistered, () => empty) }, {
    info: (_call: unknown, answer: sendUnaryData<object>) => { answer(null, { type, name: driver, endpoint, versions }) },
    notify: (call: ServerUnaryCall<{ readonly error: string }, object>, answer: sendUnaryData<object>) => { registered.resolve(call.request.error); answer(null, {}) },
  })
  const listen = (at: Server, path: string): Promise<void> => new Promise((resolve, reject) => {
    mkdirSync(dirname(path), { recursive: true })
    rmSync(path, { force: true })
    at.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) => { if (error === null) resolve(); else reject(error) })
  })
  await listen(server, socket)
  await listen(registrar, registration)
  const made: TestDriver = {
    calls, registered: registered.promise,
    answer: ({ name }) => ({ devices: [{ requests: [], pool: 'pool', device: name, cdi: [`${driver}/claim=${name}`] }], error: '' }),
    tell(reports) {
      told = reports
      for (const stream of watchers) stream.write(reports)
    },
    hangUp() {
      for (const stream of watchers) stream.end()
      watchers.clear()
    },
    close() {
      server.forceShutdown()
      registrar.forceShutdown()
      for (const path of [socket, registration]) rmSync(path, { force: true })
    },
  }
  return made
}
