import { isReservedNodeLabel } from '@kubeskiff/core/rules'
import { parseQuantity } from '@kubeskiff/core/base'
import { missingPackages, whyNoRealNodes } from '../daemon/debian-packages.ts'
import { dataDirectory } from '../daemon/directory.ts'
import { type NodeSettings, readSettings, type Settings, writeSettings } from '../daemon/settings.ts'
import { newNodes } from '../daemon/nodes.ts'
import { pairs, parse, UsageError, wholeNumber } from './arguments.ts'

const usage = `usage: skiff node list
       skiff node add [--simulate N] [--count N] [--name PREFIX] [--cpu 8] [--memory 32Gi] [--pods 110] [--labels a=b,…] [--taints key=value:Effect,…]
       skiff node remove NAME…

A running cluster follows at once. Without --simulate, nodes are real: this machine plays them.
`
const options = {
  'data-dir': { type: 'string' }, help: { type: 'boolean', short: 'h' }, simulate: { type: 'string' }, count: { type: 'string' }, name: { type: 'string' },
  cpu: { type: 'string' }, memory: { type: 'string' }, pods: { type: 'string' }, labels: { type: 'string', multiple: true }, taints: { type: 'string', multiple: true },
} as const
const verbs: readonly string[] = ['list', 'add', 'remove']
export const nodesMax = 5000
export const realNodesMax = 200

/** `skiff node`: the nodes of the cluster. */
export async function node(words: readonly string[]): Promise<number> {
  const { values, positionals: [verb, ...names] } = parse(words, options)
  if (values.help === true || verb === undefined) { process.stdout.write(usage); return values.help === true ? 0 : 2 }
  if (!verbs.includes(verb)) throw new UsageError(`there is no 'skiff node ${verb}': expected one of ${verbs.join(', ')}`)
  if (verb !== 'remove' && names.length > 0) throw new UsageError(`'skiff node ${verb}' takes options only, not '${names[0]}'`)
  const directory = dataDirectory(values['data-dir'])
  const settings = readSettings(directory.settings)
  if (settings === undefined) throw new UsageError(`there is no cluster in ${directory.root}: start one with 'skiff up'`)
  switch (verb) {
    case 'list':
      for (const { name, simulated, cpu, memory } of settings.nodes) console.log(`${name}\t${simulated ? `simulated\t${cpu} cpu\t${memory}` : 'real'}`)
      return 0
    case 'add': {
      const simulated = values.simulate !== undefined
      const count = wholeNumber(simulated ? '--simulate' : '--count', values.simulate ?? values.count ?? '1', 1, nodesMax)
      const labels = pairs('--labels', values.labels ?? [])
      const reserved = Object.keys(labels).filter(isReservedNodeLabel)
      if (reserved.length > 0) throw new UsageError(`--labels: a node must not give itself ${reserved.join(', ')}: use 'kubectl label node' when it is there`)
      const most = (simulated ? nodesMax : realNodesMax) - settings.nodes.filter((known) => known.simulated === simulated).length
      if (count > most) throw new UsageError(`a cluster has at most ${simulated ? `${nodesMax} simulated` : `${realNodesMax} real`} nodes: ${most} more can be added, not ${count}`)
      const lacking = simulated ? undefined : whyNoRealNodes() ?? (missingPackages().length > 0 ? `real nodes need ${missingPackages().join(', ')}` : undefined)
      if (lacking !== undefined) throw new UsageError(`${lacking}: simulated ones are added with --simulate ${count}`)
      for (const [option, text] of [['--cpu', values.cpu], ['--memory', values.memory]] as const) if (text !== undefined && parseQuantity(text) === undefined) throw new UsageError(`${option} takes a quantity such as 4, 500m or 16Gi, not '${text}'`)
      if (values.name !== undefined && !/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/.test(values.name)) throw new UsageError(`--name takes lower-case letters, digits and '-', not '${values.name}'`)
      const added = newNodes(settings.nodes, count, {
        simulated, ...(values.name !== undefined && { prefix: values.name }), ...(values.cpu !== undefined && { cpu: values.cpu }), ...(values.memory !== undefined && { memory: values.memory }),
        ...(values.pods !== undefined && { pods: wholeNumber('--pods', values.pods, 1, 10_000) }),
        labels, taints: (values.taints ?? []).flatMap((text) => text.split(',')).map(taintOf),
      })
      save({ ...settings, nodes: [...settings.nodes, ...added] })
      console.log(`added ${added.map(({ name }) => name).slice(0, 5).join(', ')}${added.length > 5 ? ` and ${added.length - 5} more` : ''}`)
      return 0
    }
    case 'remove': {
      const unknown = names.filter((name) => !settings.nodes.some((known) => known.name === name))
      if (names.length === 0) throw new UsageError("'skiff node remove' takes at least one name")
      if (unknown.length > 0) throw new UsageError(`there is no node ${unknown.join(', ')}: 'skiff node list' shows those there are`)
      save({ ...settings, nodes: settings.nodes.filter(({ name }) => !names.includes(name)) })
      console.log(`removed ${names.join(', ')}`)
      return 0
    }
    default: throw new UsageError(usage)
  }

  function save(next: Settings): void { writeSettings(directory.settings, next) }
}

function taintOf(text: string): NodeSettings['taints'][number] {
  const parts = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text)
  if (parts === null) throw new UsageError(`--taints takes key=value:NoSchedule, :PreferNoSchedule or :NoExecute, not '${text}'`)
  return { key: parts[1] ?? '', value: parts[2] ?? '', effect: parts[3] ?? '' }
}
