import { failedAtMark, isSimulated, type Node, silentSince } from '@kubeskiff/core/api'
import type { DataDirectory } from '../daemon/directory.ts'
import type { Settings } from '../daemon/settings.ts'
import { few, UsageError } from './arguments.ts'
import { adminConnection, ownerOf } from './running.ts'

export interface Chosen { readonly names: readonly string[]; readonly zones: readonly string[]; readonly all: boolean }

const zoneLabel = 'topology.kubernetes.io/zone'
const atOnce = 16

/** Makes simulated nodes fall silent as of now, or lets them speak again: a mark on their objects, which the cluster's own time gives its instant. */
export async function changeFailure(verb: 'fail' | 'recover', chosen: Chosen, directory: DataDirectory, settings: Settings): Promise<number> {
  if (chosen.names.length === 0 && chosen.zones.length === 0 && !chosen.all) throw new UsageError(`'skiff node ${verb}' takes names, --zone Z, --pool PREFIX${verb === 'recover' ? ' or --all' : ''}`)
  if (chosen.all && verb === 'fail') throw new UsageError("--all is for 'skiff node recover': name the nodes that are to fail")
  if (await ownerOf(directory) === undefined) throw new UsageError(`the cluster in ${directory.root} does not run: nodes fail and recover while it does`)
  const connection = adminConnection(directory, settings)
  try {
    const answer = await connection.request('GET', '/api/v1/nodes')
    if (answer.status !== 200) throw new Error(`the cluster answered ${answer.status}: ${answer.body}`)
    const list = JSON.parse(answer.body) as { readonly items: readonly Node[] }
    const nodes = selected(list.items, chosen).filter((node) => verb === 'fail' ? silentSince(node) === undefined : silentSince(node) !== undefined)
    const now = verb === 'fail' ? await clusterNow() : null
    for (let at = 0; at < nodes.length; at += atOnce) await Promise.all(nodes.slice(at, at + atOnce).map((node) => mark(node.metadata.name, now)))
    const names = nodes.map((node) => node.metadata.name)
    console.log(names.length === 0 ? `nothing to do: ${verb === 'fail' ? 'all of them have failed already' : 'none of them has failed'}` : `${verb === 'fail' ? 'failed' : 'recovered'} ${few(names)}`)
    return 0
  } finally { connection.close() }

  /** The cluster's time, which need not be this machine's. */
  async function clusterNow(): Promise<string> {
    const answer = await connection.request('GET', '/skiff.dev/time')
    const { now } = answer.status === 200 ? JSON.parse(answer.body) as { readonly now: string } : { now: new Date().toISOString() }
    return now
  }
  async function mark(name: string, instant: string | null): Promise<void> {
    const patch = { metadata: { annotations: { [failedAtMark]: instant } } }
    const answer = await connection.request('PATCH', `/api/v1/nodes/${name}`, { body: JSON.stringify(patch), contentType: 'application/merge-patch+json' })
    if (answer.status !== 200) throw new Error(`node ${name}: the cluster answered ${answer.status}: ${answer.body}`)
  }
}

function selected(nodes: readonly Node[], { names, zones, all }: Chosen): readonly Node[] {
  const known = new Set(nodes.map((node) => node.metadata.name))
  const unknown = names.filter((name) => !known.has(name))
  if (unknown.length > 0) throw new UsageError(`there is no node ${unknown.join(', ')}: 'skiff node list' shows those there are`)
  const there = new Set(nodes.map((node) => node.metadata.labels?.[zoneLabel]))
  const empty = zones.filter((zone) => !there.has(zone))
  if (empty.length > 0) throw new UsageError(`no node is in zone ${empty.join(', ')}: zones are told by the label ${zoneLabel}`)
  const found = nodes.filter((node) => all || names.includes(node.metadata.name) || zones.includes(node.metadata.labels?.[zoneLabel] ?? ''))
  const real = found.filter((node) => !isSimulated(node))
  if (real.length > 0 && !all) throw new UsageError(`${real.map((node) => node.metadata.name).join(', ')} ${real.length === 1 ? 'is a real node' : 'are real nodes'}: only simulated ones fail by command`)
  return found.filter(isSimulated)
}
