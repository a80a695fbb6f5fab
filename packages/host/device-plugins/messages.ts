// The messages of the device plugin API, v1beta1, as far as both sides need them here: facts of its protocol.
import { fieldsOf, message } from '../plugins/index.ts'

export interface Registration { readonly version: string; readonly endpoint: string; readonly resource: string; readonly options?: PluginOptions }
/** What a plugin wants to be asked beyond Allocate. */
export interface PluginOptions { readonly preStart: boolean; readonly preferred: boolean }
/** `numaNodes`: those that it is near to; absent where its plugin tells of no topology. */
export interface Device { readonly id: string; readonly healthy: boolean; readonly numaNodes?: readonly number[] }
/** What a container gets with its devices. */
export interface Granted {
  readonly env: Readonly<Record<string, string>>
  readonly mounts: readonly { readonly path: string; readonly source: string; readonly readOnly: boolean }[]
  readonly devices: readonly { readonly path: string; readonly source: string; readonly permissions: string }[]
  /** Names of CDI devices. */
  readonly cdi: readonly string[]
}

/** DevicePluginOptions. */
export const writeOptions = ({ preStart, preferred }: PluginOptions): Buffer => message([[1, preStart], [2, preferred]])
export function readOptions(bytes: Uint8Array): PluginOptions {
  const { flag } = fieldsOf(bytes)
  return { preStart: flag(1), preferred: flag(2) }
}

export const writeRegistration = ({ version, endpoint, resource, options }: Registration): Buffer => message([[1, version], [2, endpoint], [3, resource], ...(options === undefined ? [] : [[4, writeOptions(options)] as const])])
export function readRegistration(bytes: Uint8Array): Registration {
  const { texts, parts } = fieldsOf(bytes)
  const [options] = parts(4)
  return { version: texts(1)[0] ?? '', endpoint: texts(2)[0] ?? '', resource: texts(3)[0] ?? '', ...(options === undefined ? {} : { options: readOptions(options) }) }
}

/** ListAndWatchResponse. */
export const writeDevices = (devices: readonly Device[]): Buffer => message(devices.map(({ id, healthy, numaNodes }) => [1, message([[1, id], [2, healthy ? 'Healthy' : 'Unhealthy'], ...(numaNodes === undefined ? [] : [[3, writeTopology(numaNodes)] as const])])] as const))
export const readDevices = (bytes: Uint8Array): readonly Device[] => fieldsOf(bytes).parts(1).map((part) => {
  const { texts, parts } = fieldsOf(part)
  const [topology] = parts(3)
  return { id: texts(1)[0] ?? '', healthy: texts(2)[0] === 'Healthy', ...(topology === undefined ? {} : { numaNodes: readTopology(topology) }) }
})
/** TopologyInfo: the numbers of NUMA nodes. */
export const writeTopology = (numaNodes: readonly number[]): Buffer => message(numaNodes.map((number) => [1, message([[1, number]])] as const))
export const readTopology = (bytes: Uint8Array): readonly number[] => fieldsOf(bytes).parts(1).map((part) => fieldsOf(part).number(1))

/** AllocateRequest of one container. */
export const writeWanted = (ids: readonly string[]): Buffer => message([[1, message(ids.map((id) => [1, id] as const))]])
export const readWanted = (bytes: Uint8Array): readonly string[] => fieldsOf(bytes).parts(1).flatMap((part) => fieldsOf(part).texts(1))

/** PreferredAllocationRequest of one container: of which, how many. */
export const writePreference = ({ available, count }: { readonly available: readonly string[]; readonly count: number }): Buffer => message([[1, message([...available.map((id) => [1, id] as const), [3, count]])]])
export const readPreference = (bytes: Uint8Array): { readonly available: readonly string[]; readonly count: number } => {
  const { texts, number } = fieldsOf(fieldsOf(bytes).parts(1)[0] ?? new Uint8Array(0))
  return { available: texts(1), count: number(3) }
}
/** PreferredAllocationResponse of one container, which lies on the wire as AllocateRequest does. */
export const [writePreferred, readPreferred] = [writeWanted, readWanted]
/** PreStartContainerRequest. */
export const writeStarting = (ids: readonly string[]): Buffer => message(ids.map((id) => [1, id] as const))
export const readStarting = (bytes: Uint8Array): readonly string[] => fieldsOf(bytes).texts(1)

/** AllocateResponse of one container. */
export function writeGranted({ env, mounts, devices, cdi }: Granted): Buffer {
  return message([[1, message([
    ...Object.entries(env).map(([name, value]) => [1, message([[1, name], [2, value]])] as const),
    ...mounts.map(({ path, source, readOnly }) => [2, message([[1, path], [2, source], [3, readOnly]])] as const),
    ...devices.map(({ path, source, permissions }) => [3, message([[1, path], [2, source], [3, permissions]])] as const),
    ...cdi.map((name) => [5, message([[1, name]])] as const),
  ])]])
}
export function readGranted(bytes: Uint8Array): Granted {
  const [container = new Uint8Array(0)] = fieldsOf(bytes).parts(1)
  const { parts } = fieldsOf(container)
  return {
    env: Object.fromEntries(parts(1).map((part) => { const { texts } = fieldsOf(part); return [texts(1)[0] ?? '', texts(2)[0] ?? ''] })),
    mounts: parts(2).map((part) => { const { texts, flag } = fieldsOf(part); return { path: texts(1)[0] ?? '', source: texts(2)[0] ?? '', readOnly: flag(3) } }),
    devices: parts(3).map((part) => { const { texts } = fieldsOf(part); return { path: texts(1)[0] ?? '', source: texts(2)[0] ?? '', permissions: texts(3)[0] ?? '' } }),
    cdi: parts(5).map((part) => fieldsOf(part).texts(1)[0] ?? ''),
  }
}
