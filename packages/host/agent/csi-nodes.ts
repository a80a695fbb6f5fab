// What a node tells the cluster of its CSI drivers. Behaviour and messages: upstream's node info manager.
import type { CSINode, Node } from '@kubeskiff/core/api'
import { wordsOf } from '@kubeskiff/core/base'
import { type Connection, refusalOf, requestObject } from '../client/index.ts'
import type { CsiNodeInfo } from '../csi/index.ts'

const annotation = 'csi.volume.kubernetes.io/nodeid'
const csiNodesPath = '/apis/storage.k8s.io/v1/csinodes'
/** Others write these objects too: as upstream, it is tried a few times. */
const triesMost = 4
const retryMs = 10
/** What the field can hold. */
const countMost = 2 ** 31 - 1

type Driver = NonNullable<CSINode['spec']['drivers']>[number]

/** Writes a driver into the node's annotation and labels, and into its CSINode. Rejects in upstream's words. */
export async function installDriver(connection: Connection, node: string, name: string, { nodeId, volumesMost, topology }: CsiNodeInfo): Promise<void> {
  await trying('error updating Node object with CSI driver node info: error updating node: ', async () => {
    const found = await read<Node>(connection, `/api/v1/nodes/${node}`)
    const { labels = {}, annotations = {} } = found.metadata
    for (const [key, value] of Object.entries(topology)) {
      const [told, here] = [value, labels[key]].map((one) => `${JSON.stringify(key)}:${JSON.stringify(one)}`)
      if (labels[key] !== undefined && labels[key] !== value) throw new Error(`detected topology value collision: driver reported ${told} but existing label is ${here}`)
    }
    const ids = { ...idsIn(annotations[annotation]), [name]: nodeId }
    const isSame = annotations[annotation] === JSON.stringify(ids) && Object.keys(topology).every((key) => labels[key] !== undefined)
    if (!isSame) await patchNode(connection, found, { labels: topology, annotations: { [annotation]: JSON.stringify(ids) } })
  })
  await trying('error updating CSINode object with CSI driver node info: error updating CSINode: ', async () => {
    const driver: Driver = { name, nodeID: nodeId, topologyKeys: Object.keys(topology).sort(), ...(volumesMost > 0 && { allocatable: { count: Math.min(volumesMost, countMost) } }) }
    const found = await csiNodeOf(connection, node)
    if (found === undefined) {
      const { metadata: { uid } } = await read<Node>(connection, `/api/v1/nodes/${node}`)
      await requestObject(connection, 'POST', csiNodesPath, { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: node, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid }] }, spec: { drivers: [driver] } })
      return
    }
    const before = found.spec.drivers ?? []
    if (before.some((one) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(driver)))) return
    await putDrivers(connection, found, [...before.filter((one) => one.name !== name), driver])
  })
}

/** Takes a driver out of both again; labels stay, as upstream leaves them. */
export async function uninstallDriver(connection: Connection, node: string, name: string): Promise<void> {
  await trying('error uninstalling CSI driver from CSINode object ', async () => {
    const found = await csiNodeOf(connection, node)
    if (found?.spec.drivers?.some((one) => one.name === name) === true) await putDrivers(connection, found, found.spec.drivers.filter((one) => one.name !== name))
  })
  await trying('error removing CSI driver node info from Node object ', async () => {
    const found = await read<Node>(connection, `/api/v1/nodes/${node}`)
    const { [name]: gone, ...others } = idsIn(found.metadata.annotations?.[annotation])
    if (gone !== undefined) await patchNode(connection, found, { annotations: { [annotation]: Object.keys(others).length === 0 ? null : JSON.stringify(others) } })
  })
}

function idsIn(text: string | undefined): Readonly<Record<string, string>> {
  try { return JSON.parse(text ?? '{}') as Readonly<Record<string, string>> } catch {
    return {} // Somebody else's: it is written anew.
  }
}
const sorted = ({ name, nodeID, topologyKeys = [], allocatable }: Driver): unknown => [name, nodeID, topologyKeys, allocatable?.count]

const patchNode = ({ request }: Connection, { metadata: { name, resourceVersion } }: Node, metadata: object): Promise<void> =>
  accepted(request('PATCH', `/api/v1/nodes/${name}`, { body: JSON.stringify({ metadata: { resourceVersion, ...metadata } }), contentType: 'application/merge-patch+json' }))
const putDrivers = ({ request }: Connection, before: CSINode, drivers: readonly Driver[]): Promise<void> =>
  accepted(request('PUT', `${csiNodesPath}/${before.metadata.name}`, { body: JSON.stringify({ apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: before.metadata, spec: { drivers } }) }))
async function accepted(sent: ReturnType<Connection['request']>): Promise<void> {
  const answer = await sent
  if (answer.status >= 300) throw new Error(refusalOf(answer).message)
}

const read = async <T>(connection: Connection, path: string): Promise<T> => await requestObject(connection, 'GET', path) as T // the path says so
async function csiNodeOf(connection: Connection, node: string): Promise<CSINode | undefined> {
  const answer = await connection.request('GET', `${csiNodesPath}/${node}`)
  if (answer.status === 404) return undefined
  if (answer.status >= 300) throw new Error(refusalOf(answer).message)
  return JSON.parse(answer.body) as CSINode
}

async function trying(words: string, act: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try { await act(); return } catch (error) {
      if (tries === triesMost) throw new Error(`${words}${wordsOf(error)}`)
    }
    await new Promise((resolve) => { setTimeout(resolve, retryMs * 6 ** tries) })
  }
}
