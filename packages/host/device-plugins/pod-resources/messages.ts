// The messages of the PodResources API, v1, as far as there is something to tell: facts of its protocol.
import type { ClaimedDevice } from '../dra/index.ts'
import { type Device, writeTopology } from '../messages.ts'
import { fieldsOf, message, numbersAt } from '../../plugins/index.ts'

/** What a container has of its node to itself. */
export interface ContainerResources {
  readonly name: string
  /** By resource. */
  readonly devices: Readonly<Record<string, readonly Device[]>>
  /** Numbers of CPUs. */
  readonly cpus: readonly number[]
  readonly claims: readonly { readonly name: string; readonly namespace: string; readonly devices: readonly ClaimedDevice[] }[]
}
export interface PodResources { readonly name: string; readonly namespace: string; readonly containers: readonly ContainerResources[] }

/** ListPodResourcesResponse. */
export const writePods = (pods: readonly PodResources[]): Buffer => message(pods.map((pod) => [1, writePod(pod)] as const))
/** GetPodResourcesResponse. */
export const writeOnePod = (pod: PodResources): Buffer => message([[1, writePod(pod)]])
/** AllocatableResourcesResponse. */
export const writeAllocatable = ({ devices, cpus }: Pick<ContainerResources, 'devices' | 'cpus'>): Buffer => message([...writeDevices(devices).map((each) => [1, each] as const), ...numbersAt(2, cpus)])

/** GetPodResourcesRequest. */
export const readAsked = (bytes: Uint8Array): { readonly name: string; readonly namespace: string } => {
  const { texts } = fieldsOf(bytes)
  return { name: texts(1)[0] ?? '', namespace: texts(2)[0] ?? '' }
}

const writePod = ({ name, namespace, containers }: PodResources): Buffer => message([[1, name], [2, namespace], ...containers.map((container) => [3, writeContainer(container)] as const)])
const writeContainer = ({ name, devices, cpus, claims }: ContainerResources): Buffer => message([[1, name], ...writeDevices(devices).map((each) => [2, each] as const), ...numbersAt(3, cpus), ...claims.map((claim) => [5, writeClaim(claim)] as const)])

/** As upstream: an entry for each device and NUMA node, one without a node where its plugin tells of no topology. */
function writeDevices(devices: ContainerResources['devices']): readonly Buffer[] {
  return Object.entries(devices).flatMap(([resource, each]) => each.flatMap(({ id, numaNodes }) => (numaNodes === undefined ? [message([[1, resource], [2, id]])] : numaNodes.map((number) => message([[1, resource], [2, id], [3, writeTopology([number])]])))))
}

const writeClaim = ({ name, namespace, devices }: ContainerResources['claims'][number]): Buffer => message([
  [2, name], [3, namespace],
  ...devices.map(({ cdi, driver, pool, device, share = '' }) => [4, message([...cdi.map((each) => [1, message([[1, each]])] as const), [2, driver], [3, pool], [4, device], [5, share]])] as const),
])
