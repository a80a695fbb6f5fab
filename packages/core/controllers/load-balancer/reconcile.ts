// Addresses for Services of type LoadBalancer, from a pool of the machine's own. Behaviour: the service-controller of a cloud provider.
import { type Action, type ClusterView, type Controller, isSimulated, keyOf, nodes, type Service, services } from '../../api/index.ts'
import { servicesByBalancedIP } from '../../api/kinds/index.ts'
import { blockHolds, type AddressBlock, addressBlock, nextFreeAddress } from '../../rules/addresses.ts'
import { objectKey, splitKey } from '../../rules/changes.ts'
import { isTerminating } from '../../rules/pods.ts'
import { settled } from '../settled.ts'

/** A key is a Service's. `pool`, a block, is where addresses come from: the machine leads them to the nodes that it plays. */
export function loadBalancerController({ pool }: { readonly pool: string }): Controller {
  const block = addressBlock(pool)
  return {
    name: 'service-controller',
    watches: [
      {
        resource: services.resource,
        // An address that is free again goes to one that waits for it.
        affected: ({ key, before, after }, view) => [
          `${key.namespace}/${key.name}`, ...(before !== undefined && addressesOf(before as Service).some((address) => !(after !== undefined && addressesOf(after as Service).includes(address))) ? waiting(view) : []),
        ],
      },
      { resource: nodes.resource, affected: ({ before, after }, view) => (before === undefined && after !== undefined && !isSimulated(after) ? waiting(view) : []) },
    ],
    reconcile(key, { view }) {
      const { namespace, name } = splitKey(key)
      const service = view.get(services, namespace, name)
      if (service === undefined || block === undefined || isTerminating(service)) return settled
      const given = addressesOf(service)
      if (!isOurs(service)) return given.some((address) => blockHolds(block, address)) ? { actions: [statusPatch(service, null)] } : settled
      // What is there may be a client's own: it stays.
      if (given.length > 0 || (service.status.loadBalancer?.ingress ?? []).length > 0 || !hasRealNode(view)) return settled
      const address = chosen(service, block, view)
      if (address === undefined) return { actions: [event(service, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: failed to ensure load balancer: no address of ${pool} is free${service.spec.loadBalancerIP ? ` or is ${service.spec.loadBalancerIP}` : ''}`)] }
      return { actions: [
        event(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer'),
        statusPatch(service, [{ ip: address, ipMode: 'VIP' }]),
        event(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer'),
      ] }
    },
  }
}

/** A class names another's balancer. */
const isOurs = ({ spec }: Service): boolean => spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined
const addressesOf = (service: Service): readonly string[] => servicesByBalancedIP.values(service)
const hasRealNode = (view: ClusterView): boolean => { for (const node of view.list(nodes)) if (!isSimulated(node)) return true; return false }
const waiting = (view: ClusterView): readonly string[] => [...view.list(services)].filter((service) => isOurs(service) && addressesOf(service).length === 0).map(objectKey)

function chosen({ spec: { loadBalancerIP: asked } }: Service, block: AddressBlock, view: ClusterView): string | undefined {
  const isTaken = (address: string): boolean => view.by(servicesByBalancedIP, address)[Symbol.iterator]().next().done === false
  if (asked) return blockHolds(block, asked) && !isTaken(asked) ? asked : undefined
  return nextFreeAddress(block, isTaken)
}

const statusPatch = (service: Service, ingress: readonly object[] | null): Action => ({ do: 'patch', key: keyOf(services, service), uid: service.metadata.uid, part: 'status', patch: { status: { loadBalancer: { ingress } } } })
const event = (about: Service, type: 'Normal' | 'Warning', reason: string, message: string): Action => ({ do: 'record', about, type, reason, message })
