import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import type { Pod } from '@kubeskiff/core/api'
import { claimsOfContainer } from '@kubeskiff/core/kubelet'
import { isTerminal } from '@kubeskiff/core/rules'
import type { DeviceDrivers } from '../dra/index.ts'
import type { DevicePlugins } from '../plugins.ts'
import { listenAt, unary } from '../../plugins/index.ts'
import { type ContainerResources, type PodResources, readAsked, writeAllocatable, writeOnePod, writePods } from './messages.ts'

/** As upstream's: more than anybody needs. */
const [callsPerSecond, callsAtOnce] = [100, 10]

export interface PodResourcesOptions {
  /** Where `kubelet.sock` is put: what consumers know as /var/lib/kubelet/pod-resources. */
  readonly directory: string
  /** The node's pods. */
  readonly pods: () => Iterable<Pod>
  readonly plugins: Pick<DevicePlugins, 'devices' | 'held'>
  readonly drivers: Pick<DeviceDrivers, 'claimed'> | undefined
  /** Who has CPUs to himself, and which one can have; absent: nobody. */
  readonly cpus?: { owned(uid: string, container: string): ReadonlySet<number>; assignable(): ReadonlySet<number> } | undefined
  readonly onTrouble: (message: string) => void
  /** Milliseconds. */
  readonly now: () => number
}

/** Tells who asks at a socket of the node which devices and CPUs its pods have, by the kubelet's PodResources API. A question costs the node's pods. */
export function servePodResources({ directory, pods, plugins, drivers, cpus, onTrouble, now }: PodResourcesOptions): { close(): void } {
  mkdirSync(directory, { recursive: true, mode: 0o750 })
  const resourcesOf = (pod: Pod): PodResources => {
    const { name, namespace = '', uid } = pod.metadata
    const containers = [...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'), ...pod.spec.containers]
    return {
      name, namespace,
      containers: containers.map((container): ContainerResources => {
        // As upstream: all that a claim holds, whichever of its requests the container named.
        const claims = [...new Set(claimsOfContainer(container, pod).claims?.map(({ claim }) => claim))]
        return { name: container.name, devices: plugins.held(uid, container.name), cpus: [...cpus?.owned(uid, container.name) ?? []], claims: claims.map((claim) => ({ name: claim, namespace, devices: drivers?.claimed(namespace, { claim }) ?? [] })) }
      }),
    }
  }
  const usable = (): Pick<ContainerResources, 'devices' | 'cpus'> => ({
    devices: Object.fromEntries(Object.entries(plugins.devices()).map(([resource, devices]) => [resource, devices.filter((device) => device.healthy)])), cpus: [...cpus?.assignable() ?? []],
  })
  const mayAsk = limiter(callsPerSecond, callsAtOnce, now)
  return listenAt({
    socket: join(directory, 'kubelet.sock'), name: 'pod resources', onTrouble,
    serve: (server, { status }) => {
      const answering = <Asked, Answered>(answerTo: (asked: Asked) => Answered | { readonly fault: string }) => (call: ServerUnaryCall<Asked, Answered>, answer: sendUnaryData<Answered>): void => {
        if (!mayAsk()) { answer({ code: status.RESOURCE_EXHAUSTED, details: 'rejected by rate limit' }); return }
        const found = answerTo(call.request)
        if (typeof found === 'object' && found !== null && 'fault' in found) answer({ code: status.UNKNOWN, details: found.fault })
        else answer(null, found)
      }
      const service = '/v1.PodResourcesLister'
      server.addService({
        list: unary(`${service}/List`, () => ({}), writePods),
        get: unary(`${service}/Get`, readAsked, writeOnePod),
        allocatable: unary(`${service}/GetAllocatableResources`, () => ({}), writeAllocatable),
      }, {
        list: answering(() => [...pods()].filter((pod) => !isTerminal(pod)).map(resourcesOf)),
        get: answering(({ name, namespace }: ReturnType<typeof readAsked>) => {
          const pod = [...pods()].find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
          return pod === undefined ? { fault: `pod ${name} in namespace ${namespace} not found` } : resourcesOf(pod)
        }),
        allocatable: answering(usable),
      })
    },
  })
}

/** Whether one more may be asked: so many a second, and as many at once as have been saved up. */
function limiter(perSecond: number, most: number, now: () => number): () => boolean {
  let left = most
  let at = now()
  return () => {
    const time = now()
    left = Math.min(most, left + Math.max(0, time - at) * perSecond / 1000)
    at = time
    if (left < 1) return false
    left -= 1
    return true
  }
}
