// Who asks for pod resources, for tests: answers are read by the numbers of the protocol's fields.
import { Client, credentials } from '@grpc/grpc-js'
import { readTopology } from '../messages.ts'
import { empty, fieldsOf, message } from '../../plugins/index.ts'

export interface TestConsumer {
  /** A list a pod: 'namespace/name', then a list a container: its name, 'resource device at NUMA node', 'CPUs 1,2', 'namespace/claim: CDI names driver pool device share'. */
  list(): Promise<readonly PodText[]>
  get(name: string, namespace: string): Promise<PodText>
  allocatable(): Promise<readonly string[]>
  close(): void
}
export type PodText = readonly (string | readonly string[])[]

export function testConsumer(socket: string): TestConsumer {
  const client = new Client(`unix://${socket}`, credentials.createInsecure())
  const ask = (method: string, request: Buffer = empty): Promise<Buffer> => new Promise((resolve, reject) => {
    client.makeUnaryRequest(`/v1.PodResourcesLister/${method}`, (bytes: Buffer) => bytes, (bytes: Buffer) => bytes, request, (error, answer) => { if (error !== null || answer === undefined) reject(error ?? new Error('nothing')); else resolve(answer) })
  })
  return {
    list: async () => parts(await ask('List'), 1).map(podIn),
    get: async (name, namespace) => parts(await ask('Get', message([[1, name], [2, namespace]])), 1).flatMap(podIn),
    allocatable: async () => { const answer = await ask('GetAllocatableResources'); return [...devicesIn(answer, 1), ...cpusIn(answer, 2)] },
    close: () => { client.close() },
  }
}

const text = (bytes: Uint8Array, number: number): string => fieldsOf(bytes).texts(number).join()
const parts = (bytes: Uint8Array, number: number): readonly Uint8Array[] => fieldsOf(bytes).parts(number)
const devicesIn = (bytes: Uint8Array, number: number): readonly string[] => parts(bytes, number).map((each) => `${text(each, 1)} ${text(each, 2)}${parts(each, 3).map((topology) => ` at ${readTopology(topology).join()}`).join('')}`)
/** Numbers below 128 are a byte each. */
const cpusIn = (bytes: Uint8Array, number: number): readonly string[] => parts(bytes, number).map((each) => `CPUs ${each.join()}`)
const claimsIn = (bytes: Uint8Array): readonly string[] => parts(bytes, 5).map((each) => `${text(each, 3)}/${text(each, 2)}: ${parts(each, 4).map((one) => [parts(one, 1).map((cdi) => text(cdi, 1)).join() || 'no name', text(one, 2), text(one, 3), text(one, 4), text(one, 5)].join(' ').trim()).join(', ')}`)
const podIn = (bytes: Uint8Array): PodText => [`${text(bytes, 2)}/${text(bytes, 1)}`, ...parts(bytes, 3).map((each) => [text(each, 1), ...devicesIn(each, 2), ...cpusIn(each, 3), ...claimsIn(each)])]
