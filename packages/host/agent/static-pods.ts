// Static pods: manifests in a folder of the node's, each shown to the cluster as a mirror pod that its kubelet runs, as upstream's file source does.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClusterView, type Draft, nodes, type Node, type Pod, pods, podsByNode } from '@kubeskiff/core/api'
import { timestamp } from '@kubeskiff/core/rules'
import type { Connection } from '../client/index.ts'
import { watchIfCan } from '../files/index.ts'

const hashKey = 'kubernetes.io/config.hash'
const mirrorKey = 'kubernetes.io/config.mirror'
const sourceKey = 'kubernetes.io/config.source'
const seenKey = 'kubernetes.io/config.seen'
/** As upstream's fileCheckFrequency: what a watch has missed is seen then. */
const pollMs = 20_000
/** Changes that come together are looked at together. */
const gatherMs = 200

export interface StaticPodsOptions {
  readonly node: string
  readonly directory: string
  readonly connection: Pick<Connection, 'request'>
  readonly view: ClusterView
  readonly now: () => number
  readonly onTrouble: (message: string) => void
}

/** Keeps the mirror pods of one node as its manifests say. `look` is for who knows that something has changed. */
export function followManifests(options: StaticPodsOptions): { look(): void; close(): void } {
  const { node, directory, connection, view } = options
  mkdirSync(directory, { recursive: true })
  const told = new Map<string, string>()
  let timer: NodeJS.Timeout | undefined
  let working = false
  let wanted: ReadonlyMap<string, Pod> = new Map()

  const tell = (file: string, trouble: string): void => {
    if (trouble !== '' && told.get(file) !== trouble) options.onTrouble(`static pod ${join(directory, file)}: ${trouble}`)
    told.set(file, trouble)
  }
  const readManifests = async (): Promise<ReadonlyMap<string, Pod>> => {
    const found = new Map<string, Pod>()
    for (const file of manifestsIn(directory)) {
      const pod = await readManifest(directory, { node, file })
      if (typeof pod !== 'string') found.set(keyOf(pod), pod)
      tell(file, typeof pod === 'string' ? pod : '')
    }
    return found
  }

  const reconcile = async (): Promise<void> => {
    const own = view.get(nodes, '', node)
    if (own === undefined) return
    for (const pod of view.by(podsByNode, node)) {
      if (!isMirror(pod) || pod.metadata.deletionTimestamp !== undefined || wanted.get(keyOf(pod))?.metadata.annotations?.[hashKey] === pod.metadata.annotations?.[hashKey]) continue
      await connection.request('DELETE', pathOf(pod), { body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: pod.metadata.uid } }) })
    }
    for (const pod of wanted.values()) {
      if (view.get(pods, pod.metadata.namespace ?? '', pod.metadata.name) !== undefined) continue
      const { status, body } = await connection.request('POST', `/api/v1/namespaces/${pod.metadata.namespace}/pods`, { body: JSON.stringify(ownedBy(own, pod, options.now())) })
      if (status >= 300 && status !== 409) options.onTrouble(`static pod ${pod.metadata.name}: ${body}`)
    }
  }
  /** Without manifests a change of the view means nothing here. */
  const look = (): void => { if (wanted.size > 0) soon() }
  const soon = (): void => {
    if (timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      if (working) { soon(); return }
      working = true
      reconcile().catch((error: unknown) => { options.onTrouble(`static pods of ${node}: ${error instanceof Error ? error.message : String(error)}`) }).finally(() => { working = false })
    }, gatherMs)
  }
  let reading = Promise.resolve()
  const read = (): void => {
    reading = reading.then(readManifests).then((found) => { wanted = found; tell('', ''); soon() }, (error: unknown) => { tell('', error instanceof Error ? error.message : String(error)) })
  }
  const watcher = watchIfCan(directory, read)
  const poll = setInterval(read, pollMs)
  read()
  return { look, close: () => { watcher?.close(); clearInterval(poll); clearTimeout(timer) } }
}

/** The files of a folder that may be manifests. One that has gone holds none, as upstream has it: its pods go. */
function manifestsIn(directory: string): readonly string[] {
  try { return readdirSync(directory).filter((name) => /\.(yaml|yml|json)$/.test(name) && !name.startsWith('.')).sort() } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

async function readManifest(directory: string, { node, file }: { readonly node: string; readonly file: string }): Promise<Pod | string> {
  try { return await mirrorOf(readFileSync(join(directory, file), 'utf8'), { node, file }) } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The mirror pod of a manifest, or what is wrong with that. As upstream: named after its node, bound to it, and not driven off by taints. */
export async function mirrorOf(text: string, { node, file }: { readonly node: string; readonly file: string }): Promise<Pod | string> {
  // Most nodes have no manifests: who has none does without the reader.
  const { readYaml } = await import('@kubeskiff/core/api/text')
  const reading = readYaml(text)
  const pod = reading.ok ? reading.value as Partial<Pod> | null : null // looked at in the next lines
  if (typeof pod !== 'object' || pod === null) return 'it is no YAML'
  if (pod.kind !== 'Pod' || pod.apiVersion !== 'v1' || pod.spec === undefined || pod.metadata?.name === undefined) return 'it is no Pod of v1 with a name and a spec'
  const hash = createHash('sha256').update(`${node} ${file} ${text}`).digest('hex').slice(0, 32)
  const { metadata } = pod
  const annotations = { ...metadata.annotations, [hashKey]: hash, [sourceKey]: 'file', [mirrorKey]: hash }
  const tolerations = [...(pod.spec.tolerations ?? []), { effect: 'NoExecute', operator: 'Exists' }]
  return { ...pod, metadata: { ...metadata, namespace: metadata.namespace ?? 'default', name: `${metadata.name}-${node.toLowerCase()}`, annotations }, spec: { ...pod.spec, nodeName: node, tolerations } } as Pod
}

function ownedBy(node: Node, pod: Pod, now: number): Draft {
  const { uid: _, resourceVersion: __, ...metadata } = pod.metadata
  return { ...pod, metadata: {
    ...metadata, annotations: { ...pod.metadata.annotations, [seenKey]: timestamp(now) },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid, controller: true }],
  } }
}
const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.[mirrorKey] !== undefined && metadata.annotations[sourceKey] === 'file'
const keyOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`
const pathOf = ({ metadata }: Pod): string => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`
