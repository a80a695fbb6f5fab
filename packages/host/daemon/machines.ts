// How nodes of other machines leave the cluster, and how all nodes go.
import { type Actor, isRefusal, keyOf, nodes, pods, podsByNode } from '@kubeskiff/core/api'
import type { Cluster } from '@kubeskiff/core/cluster'
import { nodeOfPeer, type OwnPath } from '../http/index.ts'
import { leavePath } from './cluster-info.ts'

/** Deletes the node that asks, unless this machine plays it. */
export const leaveRequests = (cluster: Cluster, own: () => readonly string[]): OwnPath => async ({ method, peer }) => {
  if (method !== 'POST') return reply(405, `${leavePath} takes POST`)
  const node = nodeOfPeer(peer)
  if (node === undefined) return reply(403, 'a node leaves by its own certificate')
  if (own().includes(node)) return reply(409, `node ${node} is played by the control plane's machine: remove it there ('skiff node remove ${node}')`)
  // They were stopped before the node left: nobody needs to find out that it is gone.
  for (const { metadata } of [...cluster.store.view.by(podsByNode, node)]) cluster.server.submit({ do: 'delete', key: keyOf(pods, { metadata }), uid: metadata.uid, graceSeconds: 0 }, skiff, () => {})
  const refused = await removeNodeObject(cluster, node)
  return refused === undefined ? reply(200, `node ${node} has left`) : reply(500, refused)
}
const reply = (status: number, text: string) => ({ status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: [Buffer.from(`${text}\n`)] })

const skiff: Actor = { user: 'skiff', groups: ['system:masters'], component: 'skiff' }

/** Deletes a node's object; answers why it could not be. One that is not there is gone. */
export function removeNodeObject(cluster: Pick<Cluster, 'store' | 'server'>, name: string): Promise<string | undefined> {
  const node = cluster.store.view.get(nodes, '', name)
  if (node === undefined) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    cluster.server.submit({ do: 'delete', key: { resource: 'nodes', namespace: '', name }, uid: node.metadata.uid }, skiff, (outcome) => { resolve(isRefusal(outcome) && outcome.code !== 404 ? outcome.message : undefined) })
  })
}
