// What a pod reads about itself as files, by a volume of its own and by a projected one.
import assert from 'node:assert/strict'
import { text } from '../../api.ts'
import { aPod, type RealStory, type RealWorld, shell } from '../world.ts'

type Way = (items: readonly object[], defaultMode?: number) => object
const ways: Readonly<Record<string, Way>> = {
  'Downward API volume': (items: readonly object[], defaultMode?: number) => ({ downwardAPI: { items, ...(defaultMode !== undefined && { defaultMode }) } }),
  'Projected downwardAPI': (items: readonly object[], defaultMode?: number) => ({ projected: { sources: [{ downwardAPI: { items } }], ...(defaultMode !== undefined && { defaultMode }) } }),
}

const amounts = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } }
const amount = (resource: string, divisor: string): object => ({ path: 'file', resourceFieldRef: { containerName: 'main', resource, divisor } })
const podName = { path: 'file', fieldRef: { fieldPath: 'metadata.name' } }
const mounted = { volumeMounts: [{ name: 'about', mountPath: '/about' }] }
const reader = (way: Way, item: object, more: object = {}, defaultMode?: number): ReturnType<typeof aPod> =>
  aPod('reader', [shell(`cat /about/file; stat -Lc ' %a' /about/file`, { ...mounted, ...more })], { volumes: [{ name: 'about', ...way([item], defaultMode) }] })

interface Reading { readonly says: string; readonly item: object; readonly mode?: number; readonly more?: object; readonly seen: string }
const readings: readonly Reading[] = [
  { says: 'provide podname only', item: podName, seen: 'reader 644' },
  { says: 'set DefaultMode on files [LinuxOnly]', item: podName, mode: 0o400, seen: 'reader 400' },
  { says: 'set mode on item file [LinuxOnly]', item: { ...podName, mode: 0o400 }, seen: 'reader 400' },
  { says: "provide container's cpu limit", item: amount('limits.cpu', '1m'), more: { resources: amounts }, seen: '1250 644' },
  { says: "provide container's memory limit", item: amount('limits.memory', '1Mi'), more: { resources: amounts }, seen: '64 644' },
  { says: "provide container's cpu request", item: amount('requests.cpu', '1m'), more: { resources: amounts }, seen: '250 644' },
  { says: "provide container's memory request", item: amount('requests.memory', '1Ki'), more: { resources: amounts }, seen: '32768 644' },
]

/** What the pod's node has to give, in the unit of the row. */
async function allocatable(world: RealWorld, resource: 'cpu' | 'memory'): Promise<number> {
  const node = text(await world.get(world.pod('reader')), 'spec', 'nodeName')
  const quantity = text(await world.get(world.everywhere('v1', 'nodes', node)), 'status', 'allocatable', resource)
  const units: Readonly<Record<string, number>> = { '': 1, m: 0.001, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 }
  const [, digits = '', unit = ''] = /^(\d+)([A-Za-z]*)$/.exec(quantity) ?? []
  return Math.ceil(Number(digits) * (units[unit] ?? NaN))
}

/** A change of the pod reaches the file of a container that runs. */
const modified = (way: Way, field: 'labels' | 'annotations'): RealStory['tell'] => async (world) => {
  const volumes = [{ name: 'about', ...way([{ path: 'file', fieldRef: { fieldPath: `metadata.${field}` } }]) }]
  await world.runs(aPod('reader', [shell('while true; do cat /about/file; echo; sleep 0.3; done', mounted)], { volumes }, { [field]: { key1: 'value1', key2: 'value2' } }))
  await world.logged('reader', (log) => log.includes('key1="value1"\nkey2="value2"\n'))
  await world.merge(world.pod('reader'), { metadata: { [field]: { key3: 'value3' } } })
  await world.logged('reader', (log) => log.includes('key3="value3"\n'))
}

export const volumesDownward: readonly RealStory[] = Object.entries(ways).flatMap(([called, way]) => [
  ...readings.map(({ says, item, mode, more, seen }): RealStory => ({
    row: `[sig-storage] ${called} should ${says} [Conformance] [NodeConformance]`,
    tell: async (world) => { assert.equal(await world.says(reader(way, item, more, mode)), `${seen}\n`) },
  })),
  ...(['cpu', 'memory'] as const).map((resource): RealStory => ({
    row: `[sig-storage] ${called} should provide node allocatable (${resource}) as default ${resource} limit if the limit is not set [Conformance] [NodeConformance]`,
    tell: async (world) => {
      const log = await world.says(reader(way, amount(`limits.${resource}`, '1')))
      assert.equal(log, `${await allocatable(world, resource)} 644\n`)
    },
  })),
  ...(['labels', 'annotations'] as const).map((field): RealStory => ({
    row: `[sig-storage] ${called} should update ${field} on modification [Conformance] [NodeConformance]`,
    tell: modified(way, field),
  })),
])
