import { wordsOf } from '@kubeskiff/core/base'
import { type Node, type Pod, silentSince } from '@kubeskiff/core/api'
import { dataDirectory } from '../daemon/directory.ts'
import { readJoined } from '../daemon/joined-file.ts'
import { readSettings } from '../daemon/settings.ts'
import { readIfThere } from '../files/index.ts'
import { delegatedGroups } from '../linux/delegation.ts'
import { findKeeper, hasWayOut, lacks } from '../reduced/index.ts'
import { few, parseOptions } from './arguments.ts'
import { adminConnection, ownerOf } from './running.ts'

const usage = `usage: skiff status [--data-dir DIR]

Shows what runs, and where. Exit code 0 when the cluster answers, 3 when it does not run.
`

const nodesShownMax = 20
const isReady = ({ status }: Pick<Node, 'status'>): boolean => status.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True'

/** `skiff status`: what runs, and where. Exit code 0 when the cluster answers, 3 when it does not run. */
export async function status(words: readonly string[]): Promise<number> {
  const values = parseOptions(words, { 'data-dir': { type: 'string' }, help: { type: 'boolean', short: 'h' } })
  if (values.help === true) { process.stdout.write(usage); return 0 }
  const directory = dataDirectory(values['data-dir'])
  const settings = readSettings(directory.settings)
  const pid = await ownerOf(directory)
  const joined = readJoined(directory)
  if (joined !== undefined) {
    const { url, nodes: played } = joined
    console.log(`${pid === undefined ? 'stopped' : `running: process ${pid}`}: ${few(played.map(({ name }) => name))} of the cluster at ${url}, data in ${directory.root}`)
    return pid === undefined ? 3 : 0
  }
  if (settings === undefined || pid === undefined) {
    console.log(settings === undefined ? `no cluster in ${directory.root}: 'skiff up' makes one` : `the cluster in ${directory.root} is stopped: 'skiff up' brings it back`)
    return 3
  }
  const connection = adminConnection(directory, settings)
  try {
    const [nodes, pods] = await Promise.all([items<Node>('/api/v1/nodes'), items<Pod>('/api/v1/pods')])
    console.log(`running: process ${pid}, https://127.0.0.1:${settings.port}, data in ${directory.root}`)
    const keeper = findKeeper(directory.keeper)
    if (keeper !== undefined) console.log(`reduced mode: ${lacks(hasWayOut(keeper) ? 'way-out' : 'alone', delegatedGroups(readIfThere(`/proc/${pid}/cgroup`) ?? ''))}`)
    const held = Map.groupBy(pods, (pod) => pod.spec.nodeName ?? '')
    const simulated = new Set(settings.nodes.filter((node) => node.simulated).map(({ name }) => name))
    // The first nodes in full, but of those that are not Ready as many as fit: they are why one looks.
    const shown = [...nodes.filter((node) => !isReady(node)), ...nodes.filter(isReady)].slice(0, nodesShownMax)
    for (const { metadata, status } of shown) {
      const { name } = metadata
      console.log(`  ${name}: ${isReady({ status }) ? 'Ready' : 'NotReady'}, ${simulated.has(name) ? 'simulated' : 'real'}${silentSince({ metadata }) === undefined ? '' : ', failed'}, ${held.get(name)?.length ?? 0} pods`)
    }
    if (nodes.length > shown.length) console.log(`  and ${nodes.length - shown.length} more; of all ${nodes.length} nodes ${nodes.filter(isReady).length} are Ready, with ${pods.length} pods`)
    const waiting = held.get('')?.length ?? 0
    if (waiting > 0) console.log(`  ${waiting} pods wait for a node`)
    console.log(`export KUBECONFIG=${directory.kubeconfig}`)
    return 0
  } catch (error) {
    console.error(`skiff: process ${pid} owns ${directory.root}, but https://127.0.0.1:${settings.port} does not answer: ${wordsOf(error)}`)
    return 1
  } finally { connection.close() }

  async function items<T>(path: string): Promise<readonly T[]> {
    const answer = await connection.request('GET', path)
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`)
    return (JSON.parse(answer.body) as { readonly items: readonly T[] }).items
  }
}
