// Addresses for Services of type LoadBalancer, from a pool of the machine's own. Behaviour: the service-controller of a cloud provider.
import { type Action, type ClusterView, type Controller, isSimulated, keyOf, nodes, type Service, services } from '../../api/index.ts'
import { servicesByBalancedIP } from '../../api/kinds/index.ts'
import { blockHolds, type AddressBlock, addressBlock, nextFreeAddress } from '../../rules/addresses.ts'
import { objectKey, splitKey } from '../../rules/changes.ts'
import { isTerminating } from '../../rules/pods.ts'
import { settled } from '../settled.ts'

/** A key is a Service's. `pools`, one block a family, are where addresses come from: the machine leads them to the nodes that it plays. */
export function loadBalancerController({ pools }: { readonly pools: readonly string[] }): Controller {
  const blocks = pools.flatMap((pool) => addressBlock(pool) ?? [])
  const isPooled = (address: string): boolean => blocks.some((block) => blockHolds(block, address))
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
      if (service === undefined || isTerminating(service)) return settled
      const given = addressesOf(service)
      if (!isOurs(service)) return given.some(isPooled) ? { actions: [statusPatch(service, null)] } : settled
      // What is there may be a client's own: it stays.
      const isGivenByUs = (service.status.loadBalancer?.ingress ?? []).every(({ ip = '' }) => isPooled(ip))
      if (!isGivenByUs || !hasRealNode(view)) return settled
      const { asked, wanted } = wantedOf(service, blocks)
      const addresses = wanted.flatMap((block) => given.find((address) => blockHolds(block, address)) ?? chosen(asked, block, view) ?? [])
      if (given.length > 0 && (wanted.length === 0 || addresses.join() === given.join())) return settled
      if (addresses.length === 0 || addresses.length < wanted.length) return { actions: [event(service, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: failed to ensure load balancer: no address of ${pools.join(' or ')} is free${service.spec.loadBalancerIP ? ` or is ${service.spec.loadBalancerIP}` : ''}`)] }
      return { actions: [
        event(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer'),
        statusPatch(service, addresses.map((ip) => ({ ip, ipMode: 'VIP' }))),
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

/** An address of each of the Service's families, or the one that it asks for. */
function wantedOf({ spec: { loadBalancerIP: asked, ipFamilies = [] } }: Service, blocks: readonly AddressBlock[]): { readonly asked: string | undefined; readonly wanted: readonly AddressBlock[] } {
  if (asked) return { asked, wanted: blocks.filter((block) => blockHolds(block, asked)) }
  return { asked: undefined, wanted: ipFamilies.length === 0 ? blocks.slice(0, 1) : ipFamilies.flatMap((family) => blocks.find((block) => block.family === family) ?? []) }
}

function chosen(asked: string | undefined, block: AddressBlock, view: ClusterView): string | undefined {
  const isTaken = (address: string): boolean => view.by(servicesByBalancedIP, address)[Symbol.iterator]().next().done === false
  return asked === undefined ? nextFreeAddress(block, isTaken) : isTaken(asked) ? undefined : asked
}

const statusPatch = (service: Service, ingress: readonly object[] | null): Action => ({ do: 'patch', key: keyOf(services, service), uid: service.metadata.uid, part: 'status', patch: { status: { loadBalancer: { ingress } } } })
const event = (about: Service, type: 'Normal' | 'Warning', reason: string, message: string): Action => ({ do: 'record', about, type, reason, message })
