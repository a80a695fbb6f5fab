// A device plugin for tests: its devices are /dev/zero under other names.
import { join } from 'node:path'
import { Client, credentials, Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js'
import { type Device, type Granted, readPreference, readStarting, readWanted, writeDevices, writeGranted, writeOptions, writePreferred, writeRegistration } from './messages.ts'
import { empty, streaming, unary } from '../plugins/index.ts'

/** Serves devices of a resource beside the kubelet's socket in a folder, and registers there. */
export async function startTestPlugin(directory: string, resource: string, first: readonly Device[], more: { readonly chooses?: boolean; readonly cdi?: string; readonly onStart?: (ids: readonly string[]) => void } = {}): Promise<{ tell(devices: readonly Device[]): void; close(): void }> {
  const endpoint = `${resource.replaceAll('/', '-')}.sock`
  let devices = first
  const streams = new Set<ServerWritableStream<object, readonly Device[]>>()
  const server = new Server()
  server.addService({
    listAndWatch: streaming('/v1beta1.DevicePlugin/ListAndWatch', writeDevices),
    allocate: unary('/v1beta1.DevicePlugin/Allocate', readWanted, writeGranted),
    ...(more.chooses === true && {
      options: unary('/v1beta1.DevicePlugin/GetDevicePluginOptions', () => ({}), writeOptions),
      preferred: unary('/v1beta1.DevicePlugin/GetPreferredAllocation', readPreference, writePreferred),
      starting: unary('/v1beta1.DevicePlugin/PreStartContainer', readStarting, () => empty),
    }),
  }, {
    ...(more.chooses === true && {
      options: (_call: unknown, answer: sendUnaryData<object>) => { answer(null, { preStart: true, preferred: true }) },
      // The last ones first.
      preferred: (call: ServerUnaryCall<ReturnType<typeof readPreference>, readonly string[]>, answer: sendUnaryData<readonly string[]>) => { answer(null, call.request.available.toReversed().slice(0, call.request.count)) },
      starting: (call: ServerUnaryCall<readonly string[], object>, answer: sendUnaryData<object>) => { more.onStart?.(call.request); answer(null, {}) },
    }),
    listAndWatch: (stream: ServerWritableStream<object, readonly Device[]>) => { streams.add(stream); stream.write(devices) },
    allocate: (call: ServerUnaryCall<readonly string[], Granted>, answer: sendUnaryData<Granted>) => {
      answer(null, { env: { GPUS: call.request.join(',') }, mounts: [], devices: call.request.map((id) => ({ path: `/dev/${id}`, source: '/dev/zero', permissions: 'r' })), cdi: more.cdi === undefined ? [] : [more.cdi] })
    },
  })
  await new Promise<void>((resolve, reject) => { server.bindAsync(`unix://${join(directory, endpoint)}`, ServerCredentials.createInsecure(), (error) => { if (error === null) resolve(); else reject(error) }) })
  const kubelet = new Client(`unix://${join(directory, 'kubelet.sock')}`, credentials.createInsecure())
  const close = (): void => { server.forceShutdown(); kubelet.close() }
  try {
    await new Promise<void>((resolve, reject) => {
      kubelet.makeUnaryRequest('/v1beta1.Registration/Register', writeRegistration, () => ({}), { version: 'v1beta1', endpoint, resource }, (error) => { if (error === null) resolve(); else reject(error) })
    })
  } catch (error) {
    close()
    throw error
  }
  return { close, tell: (next) => { devices = next; for (const stream of streams) stream.write(next) } }
}
