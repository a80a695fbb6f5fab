// Every ClusterIP is an IPAddress, so that it can be seen who holds it. Behaviour: upstream's allocator and its repair loop.
import { type Action, type ClusterView, clusterIPsOf, type Controller, type IPAddress, ipAddresses, keyOf, type Service, services, servicesByClusterIP } from '../../api/index.ts'
import { addressesByService, allocatorLabels, isAllocated } from '../../api/kinds/index.ts'
import { objectKey, sidesOf, splitKey } from '../../rules/changes.ts'
import { settled } from '../settled.ts'

/** A key is a Service's. */
export const serviceAddressController: Controller = {
  name: 'ipallocator-repair-controller',
  watches: [
    {
      resource: services.resource,
      affected: (change, view) => {
        const { before, after } = sidesOf(services, change) ?? {}
        const [had, has] = [clusterIPsOf(before), clusterIPsOf(after)]
        if (before !== undefined && had.length === has.length && had.every((address, index) => address === has[index])) return []
        // Whoever waits for an address that is free now.
        const waiting = had.filter((address) => !has.includes(address)).flatMap((address) => [...view.by(servicesByClusterIP, address)])
        return [...new Set([`${change.key.namespace}/${change.key.name}`, ...waiting.map(objectKey)])]
      },
    },
    {
      resource: ipAddresses.resource,
      affected: ({ key, before, after }, view) => {
        const parents = [before, after].flatMap((side) => (side === undefined ? [] : addressesByService.values(side as IPAddress)))
        const holders = [...view.by(servicesByClusterIP, key.name)].map(objectKey)
        return [...new Set([...parents, ...holders])]
      },
    },
  ],
  reconcile(key, { view }) {
    const { namespace, name } = splitKey(key)
    const service = view.get(services, namespace, name)
    const wanted = clusterIPsOf(service)
    const actions = [
      ...[...view.by(addressesByService, key)].filter((address) => isAllocated(address) && !wanted.includes(address.metadata.name)).map(remove),
      ...(service === undefined ? [] : wanted.flatMap((address) => hold(address, service, view))),
    ]
    return actions.length === 0 ? settled : { actions }
  },
}

function hold(address: string, service: Service, view: ClusterView): readonly Action[] {
  const found = view.get(ipAddresses, '', address)
  const create: Action = {
    do: 'create', object: {
      apiVersion: 'networking.k8s.io/v1', kind: 'IPAddress', metadata: { name: address, labels: allocatorLabels(address) },
      spec: { parentRef: { group: '', resource: 'services', namespace: service.metadata.namespace ?? '', name: service.metadata.name } },
    },
  }
  if (found === undefined) return [create]
  const [parent] = addressesByService.values(found)
  if (parent === objectKey(service) || !isAllocated(found)) return []
  // The address of a service that is gone, or has another by now.
  const { namespace, name } = splitKey(parent ?? '/')
  return clusterIPsOf(view.get(services, namespace, name)).includes(address) ? [] : [remove(found), create]
}

const remove = (address: IPAddress): Action => ({ do: 'delete', key: keyOf(ipAddresses, address), uid: address.metadata.uid })
