import type { Node, Pod } from '@kubeskiff/core/api'
import { dataDirectory } from '../daemon/directory.ts'
import { readSettings } from '../daemon/settings.ts'
import { parseOptions } from './arguments.ts'
import { adminConnection, ownerOf } from './running.ts'

const usage = `usage: skiff status [--data-dir DIR]

Shows what runs, and where. Exit code 0 when the cluster answers, 3 when it does not run.
`

/** `skiff status`: what runs, and where. Exit code 0 when the cluster answers, 3 when it does not run. */
export async function status(words: readonly string[]): Promise<number> {
  const values = parseOptions(words, { 'data-dir': { type: 'string' }, help: { type: 'boolean', short: 'h' } })
  if (values.help === true) { process.stdout.write(usage); return 0 }
  const directory = dataDirectory(values['data-dir'])
  const settings = readSettings(directory.settings)
  const pid = await ownerOf(directory)
  if (settings === undefined || pid === undefined) {
    console.log(settings === undefined ? `no cluster in ${directory.root}: 'skiff up' makes one` : `the cluster in ${directory.root} is stopped: 'skiff up' brings it back`)
    return 3
  }
  const connection = adminConnection(directory, settings)
  try {
    const [nodes, pods] = await Promise.all([items<Node>('/api/v1/nodes'), items<Pod>('/api/v1/pods')])
    console.log(`running: process ${pid}, https://127.0.0.1:${settings.port}, data in ${directory.root}`)
    for (const node of nodes) {
      const ready = node.status.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True'
      const simulated = settings.nodes.find((known) => known.name === node.metadata.name)?.simulated === true
      console.log(`  ${node.metadata.name}: ${ready ? 'Ready' : 'NotReady'}, ${simulated ? 'simulated' : 'real'}, ${pods.filter((pod) => pod.spec.nodeName === node.metadata.name).length} pods`)
    }
    const waiting = pods.filter((pod) => pod.spec.nodeName === undefined).length
    if (waiting > 0) console.log(`  ${waiting} pods wait for a node`)
    console.log(`export KUBECONFIG=${directory.kubeconfig}`)
    return 0
  } catch (error) {
    console.error(`skiff: process ${pid} owns ${directory.root}, but https://127.0.0.1:${settings.port} does not answer: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  } finally { connection.close() }

  async function items<T>(path: string): Promise<readonly T[]> {
    const answer = await connection.request('GET', path)
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`)
    return (JSON.parse(answer.body) as { readonly items: readonly T[] }).items
  }
}
