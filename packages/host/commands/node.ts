import type { Node } from '@kubeskiff/core/api'
import { poolOf, PoolProblem, type NodePool } from '@kubeskiff/core/rules'
import { machineAddressMark, several } from '../agent/machine-marks.ts'
import { requestObject } from '../client/index.ts'
import { addressForOthers } from '../daemon/cluster-info.ts'
import { missingPackages, whyNoRealNodes } from '../daemon/debian-packages.ts'
import { type DataDirectory, dataDirectory } from '../daemon/directory.ts'
import { newRealNodes, newSimulatedNodes } from '../daemon/nodes.ts'
import { type NodeSettings, readSettings, type Settings, writeSettings } from '../daemon/settings.ts'
import { isTurned, readCourse } from '../daemon/time-file.ts'
import { few, pairs, parse, UsageError, wholeNumber } from './arguments.ts'
import { changeFailure } from './node-failure.ts'
import { poolsInFile } from './pool-file.ts'
import { adminConnection, ownerOf } from './running.ts'

const usage = `usage: skiff node list
       skiff node add --simulate N [--name PREFIX] [--cpu 8] [--memory 32Gi] [--pods 110] [--storage 100Gi] [--gpus N] [--resources a.b/c=N,…]
                      [--devices gpu.example.com=N,…]
                      [--zone a,…] [--region R] [--instance-type T] [--labels a=b,…] [--taints key=value:Effect,…]
       skiff node add -f FILE           simulated nodes of the pools in a YAML file
       skiff node add [--count N] [--name PREFIX] [--labels a=b,…] [--taints …]      real nodes: this machine plays them
       skiff node remove NAME…          or --pool PREFIX: all that 'node add --name PREFIX' has added
       skiff node fail NAME…            or --zone Z, --pool PREFIX: simulated nodes fall silent, as when their machines lose power
       skiff node recover NAME…         or --zone Z, --pool PREFIX, --all

A running cluster follows at once.
`
const options = {
  'data-dir': { type: 'string' }, help: { type: 'boolean', short: 'h' }, simulate: { type: 'string' }, filename: { type: 'string', short: 'f' }, count: { type: 'string' }, name: { type: 'string' },
  cpu: { type: 'string' }, memory: { type: 'string' }, pods: { type: 'string' }, storage: { type: 'string' }, gpus: { type: 'string' }, resources: { type: 'string', multiple: true }, devices: { type: 'string', multiple: true },
  zone: { type: 'string', multiple: true }, region: { type: 'string' }, 'instance-type': { type: 'string' }, labels: { type: 'string', multiple: true }, taints: { type: 'string', multiple: true },
  pool: { type: 'string' }, all: { type: 'boolean' },
} as const
type Values = ReturnType<typeof parse<typeof options>>['values']
const verbs: readonly string[] = ['list', 'add', 'remove', 'fail', 'recover']
export const nodesMax = 5000
/** The pods' networks of further ones are for nodes of other machines. */
export const realNodesMax = 192

/** `skiff node`: the nodes of the cluster. */
export async function node(words: readonly string[]): Promise<number> {
  const { values, positionals: [verb, ...names] } = parse(words, options)
  if (values.help === true || verb === undefined) { process.stdout.write(usage); return values.help === true ? 0 : 2 }
  if (!verbs.includes(verb)) throw new UsageError(`there is no 'skiff node ${verb}': expected one of ${verbs.join(', ')}`)
  if ((verb === 'list' || verb === 'add') && names.length > 0) throw new UsageError(`'skiff node ${verb}' takes options only, not '${names[0]}'`)
  const directory = dataDirectory(values['data-dir'])
  const settings = readSettings(directory.settings)
  if (settings === undefined) throw new UsageError(`there is no cluster in ${directory.root}: start one with 'skiff up'`)
  switch (verb) {
    case 'list':
      for (const known of settings.nodes) console.log(lineOf(known))
      for (const line of await linesOfOthers(directory, settings)) console.log(line)
      return 0
    case 'add': {
      const added = toAdd(values, settings)
      save({ ...settings, nodes: [...settings.nodes, ...added] })
      console.log(`added ${few(added.map(({ name }) => name))}`)
      return 0
    }
    case 'remove': {
      const chosen = [...names, ...poolNamed(values.pool, settings.nodes)]
      const unknown = chosen.filter((name) => !settings.nodes.some((known) => known.name === name))
      if (chosen.length === 0) throw new UsageError("'skiff node remove' takes at least one name, or --pool PREFIX")
      if (unknown.length > 0) throw new UsageError(`there is no node ${unknown.join(', ')}: 'skiff node list' shows those there are`)
      const gone = new Set(chosen)
      save({ ...settings, nodes: settings.nodes.filter(({ name }) => !gone.has(name)) })
      console.log(`removed ${few(chosen)}`)
      return 0
    }
    case 'fail':
    case 'recover':
      return changeFailure(verb, { names: [...names, ...poolNamed(values.pool, settings.nodes)], zones: listed(values.zone), all: values.all === true }, directory, settings)
    default: throw new UsageError(usage)
  }

  function save(next: Settings): void { writeSettings(directory.settings, next) }
}

/** The nodes that other machines play, as long as the cluster runs to tell of them. */
async function linesOfOthers(directory: DataDirectory, settings: Settings): Promise<readonly string[]> {
  if (addressForOthers(settings.listen) === undefined || await ownerOf(directory) === undefined) return []
  const connection = adminConnection(directory, settings)
  try {
    const { items } = await requestObject(connection, 'GET', '/api/v1/nodes') as { readonly items: readonly Node[] }
    const own = new Set(settings.nodes.map(({ name }) => name))
    return items.filter(({ metadata }) => !own.has(metadata.name)).map(({ metadata }) => {
      const [address] = several(metadata.annotations?.[machineAddressMark])
      return `${metadata.name}\treal${address === undefined ? '' : `\ton ${address}`}`
    })
  } finally { connection.close() }
}

/** The nodes that were asked for; refused as a whole where one cannot be. */
function toAdd(values: Values, settings: Settings): readonly NodeSettings[] {
  if (values.filename !== undefined) {
    const other = (['simulate', 'count', 'name', 'cpu', 'memory', 'pods', 'storage', 'gpus', 'resources', 'devices', 'zone', 'region', 'instance-type', 'labels', 'taints'] as const).find((option) => values[option] !== undefined)
    if (other !== undefined) throw new UsageError(`--filename tells all about its pools: leave out --${other}`)
    const pools = poolsInFile(values.filename)
    checkRoom(settings, pools.reduce((sum, { count = 1 }) => sum + count, 0), true)
    return newSimulatedNodes(settings.nodes, pools)
  }
  const simulated = values.simulate !== undefined
  if (simulated && values.count !== undefined) throw new UsageError('--simulate says how many: leave out --count')
  const count = wholeNumber(simulated ? '--simulate' : '--count', values.simulate ?? values.count ?? '1', 1, nodesMax)
  const pool = poolAsked(values, count)
  if (!simulated && isTurned(readCourse(dataDirectory(values['data-dir']).time))) throw new UsageError("the time of this cluster has been turned ('skiff time now'): real nodes live by this machine's")
  if (!simulated) for (const option of ['storage', 'gpus', 'resources', 'devices'] as const) if (values[option] !== undefined) throw new UsageError(`--${option} is for simulated nodes: a real one has what this machine has`)
  checkRoom(settings, count, simulated)
  const lacking = simulated ? undefined : whyNoRealNodes() ?? (missingPackages().length > 0 ? `real nodes need ${missingPackages().join(', ')}` : undefined)
  if (lacking !== undefined) throw new UsageError(`${lacking}: simulated ones are added with --simulate ${count}`)
  return simulated ? newSimulatedNodes(settings.nodes, [pool]) : newRealNodes(settings.nodes, pool)
}

function checkRoom(settings: Settings, count: number, simulated: boolean): void {
  const most = (simulated ? nodesMax : realNodesMax) - settings.nodes.filter((known) => known.simulated === simulated).length
  if (count > most) throw new UsageError(`a cluster has at most ${simulated ? `${nodesMax} simulated` : `${realNodesMax} real`} nodes: ${most} more can be added, not ${count}`)
}

/** Options say what a file's fields say; what is wrong is told of the option. */
function poolAsked(values: Values, count: number): NodePool {
  const said = {
    count, name: values.name, cpu: values.cpu, memory: values.memory, pods: values.pods, storage: values.storage, gpus: values.gpus, region: values.region, instanceType: values['instance-type'],
    resources: values.resources && pairs('--resources', values.resources), devices: values.devices && pairs('--devices', values.devices), zones: values.zone && listed(values.zone), labels: values.labels && pairs('--labels', values.labels), taints: values.taints && listed(values.taints),
  }
  try {
    return poolOf(Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)))
  } catch (error) {
    if (error instanceof PoolProblem) throw new UsageError(`--${error.message.replace(/^zones/, 'zone').replace(/^instanceType/, 'instance-type').replace(/^(\w[\w-]*)\[\d+\]/, '$1')}`)
    throw error
  }
}

const listed = (texts: readonly string[] | undefined): readonly string[] => (texts ?? []).flatMap((text) => text.split(',')).filter((text) => text !== '')
/** The nodes of a pool that was named; none where none was. */
function poolNamed(prefix: string | undefined, nodes: readonly NodeSettings[]): readonly string[] {
  const names = prefix === undefined ? [] : namesOfPool(nodes, prefix)
  if (prefix !== undefined && names.length === 0) throw new UsageError(`no node is of pool ${prefix}: nodes of a pool are named ${prefix}-1, ${prefix}-2, …`)
  return names
}

/** The nodes whose names a pool of this prefix would have. */
export const namesOfPool = (nodes: readonly NodeSettings[], prefix: string): readonly string[] => nodes.map(({ name }) => name).filter((name) => name.startsWith(`${prefix}-`) && /^\d+$/.test(name.slice(prefix.length + 1)))

/** What is there, in columns; what is not usual after them. */
function lineOf({ name, simulated, cpu, memory, pods, labels, taints, resources = {}, devices = {} }: NodeSettings): string {
  if (!simulated) return `${name}\treal`
  const zone = labels['topology.kubernetes.io/zone']
  return [
    name, 'simulated', `${cpu} cpu`, memory, ...(pods === 110 ? [] : [`${pods} pods`]), ...Object.entries(resources).map(([resource, amount]) => `${amount} ${resource}`), ...Object.entries(devices).map(([driver, { count }]) => `${count} of ${driver}`),
    ...(zone === undefined ? [] : [`zone ${zone}`]), ...taints.map(({ key, value, effect }) => `${key}${value === '' ? '' : `=${value}`}:${effect}`),
  ].join('\t')
}
