// ConfigMaps and Secrets as files, by a volume of their own and by a projected one: the same rows for all four.
import assert from 'node:assert/strict'
import { good } from '../../api.ts'
import { aPod, type RealStory, type RealWorld, shell } from '../world.ts'

interface Way {
  /** As the rows say. */
  readonly called: string
  readonly plural: 'configmaps' | 'secrets'
  readonly pod: string
  volume(object: string, more?: object, defaultMode?: number): object
}
const content = (plural: Way['plural'], data: Readonly<Record<string, string>>): object =>
  (plural === 'configmaps' ? { data } : { data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) })
const projected = (source: object, defaultMode?: number): object => ({ projected: { sources: [source], ...(defaultMode !== undefined && { defaultMode }) } })
const own = (defaultMode?: number): object => (defaultMode === undefined ? {} : { defaultMode })
const ways: readonly Way[] = [
  { called: 'ConfigMap', plural: 'configmaps', pod: 'the same pod', volume: (name, more, mode) => ({ configMap: { name, ...more, ...own(mode) } }) },
  { called: 'Secrets', plural: 'secrets', pod: 'a pod', volume: (secretName, more, mode) => ({ secret: { secretName, ...more, ...own(mode) } }) },
  { called: 'Projected configMap', plural: 'configmaps', pod: 'the same pod', volume: (name, more, mode) => projected({ configMap: { name, ...more } }, mode) },
  { called: 'Projected secret', plural: 'secrets', pod: 'a pod', volume: (name, more, mode) => projected({ secret: { name, ...more } }, mode) },
]

const make = (world: RealWorld, { plural }: Way, name: string, data: Readonly<Record<string, string>>): Promise<unknown> => world.create(world.path('v1', plural), { metadata: { name }, ...content(plural, data) })
const volumesOf = (volumes: Readonly<Record<string, object>>): object => ({ volumes: Object.entries(volumes).map(([name, source]) => ({ name, ...source })) })
const mountsOf = (names: readonly string[]): object => ({ volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })) })

interface Reading {
  readonly says: string
  readonly only?: 'configmaps' | 'secrets'
  readonly more?: object
  readonly mode?: number
  readonly pod?: object
  readonly path: string
  readonly seen: string
}
const mapping = { items: [{ key: 'data-2', path: 'path/to/data-2' }] }
const mappingWithMode = { items: [{ key: 'data-2', path: 'path/to/data-2', mode: 0o400 }] }
const nonRoot = { securityContext: { runAsUser: 1000 } }
const readings: readonly Reading[] = [
  { says: 'should be consumable from pods in volume [Conformance]', path: 'data-1', seen: 'value-1 644 0' },
  { says: 'should be consumable from pods in volume as non-root [Conformance]', only: 'configmaps', pod: nonRoot, path: 'data-1', seen: 'value-1 644 0' },
  { says: 'should be consumable from pods in volume with defaultMode set [LinuxOnly] [Conformance]', mode: 0o400, path: 'data-1', seen: 'value-1 400 0' },
  { says: 'should be consumable from pods in volume as non-root with defaultMode and fsGroup set [LinuxOnly] [Conformance]', only: 'secrets', mode: 0o440, pod: { securityContext: { runAsUser: 1000, fsGroup: 1001 } }, path: 'data-1', seen: 'value-1 440 1001' },
  { says: 'should be consumable from pods in volume with mappings [Conformance]', more: mapping, path: 'path/to/data-2', seen: 'value-2 644 0' },
  { says: 'should be consumable from pods in volume with mappings as non-root [Conformance]', only: 'configmaps', more: mapping, pod: nonRoot, path: 'path/to/data-2', seen: 'value-2 644 0' },
]
const value = { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' }

const reading = (way: Way, { says, more, mode, pod, path, seen }: Reading): RealStory => ({
  row: `[sig-storage] ${way.called} ${says} [NodeConformance]`,
  tell: async (world) => {
    await make(world, way, 'given', value)
    const script = `cat /files/${path}; stat -Lc ' %a %g' /files/${path}`
    assert.equal(await world.says(aPod('reader', [shell(script, mountsOf(['files']))], { ...volumesOf({ files: way.volume('given', more, mode) }), ...pod })), `${seen}\n`)
  },
})

const storiesOf = (way: Way): readonly RealStory[] => [
  ...readings.filter(({ only }) => only === undefined || only === way.plural).map((one) => reading(way, one)),
  reading(way, { says: `should be consumable from pods in volume with mappings and Item ${way.plural === 'secrets' ? 'Mode' : 'mode'} set [LinuxOnly] [Conformance]`, more: mappingWithMode, path: 'path/to/data-2', seen: 'value-2 400 0' }),
  {
    row: `[sig-storage] ${way.called} should be consumable in multiple volumes in ${way.pod} [Conformance] [NodeConformance]`,
    tell: async (world) => {
      await make(world, way, 'given', value)
      assert.equal(await world.says(aPod('reader', [shell('cat /one/data-1 /two/data-1', mountsOf(['one', 'two']))], volumesOf({ one: way.volume('given'), two: way.volume('given') }))), 'value-1value-1')
    },
  },
  {
    row: `[sig-storage] ${way.called} optional updates should be reflected in volume [Conformance] [NodeConformance]`,
    tell: async (world) => {
      await make(world, way, 'deleted', { 'data-1': 'value-1' })
      await make(world, way, 'updated', { 'data-1': 'value-1' })
      const optional = { optional: true }
      const sources = volumesOf({ deleted: way.volume('deleted', optional), updated: way.volume('updated', { ...optional, items: [{ key: 'data-3', path: 'path/to/data-3' }] }), created: way.volume('created', { ...optional, items: [{ key: 'data-1', path: 'path/to/data-1' }] }) })
      await world.runs(aPod('reader', [shell('while true; do cat /deleted/data-1; echo; cat /updated/path/to/data-3; echo; cat /created/path/to/data-1; echo; sleep 0.3; done 2>&1', mountsOf(['deleted', 'updated', 'created']))], sources))
      const log = await world.logged('reader', (written) => written.includes("'/updated/path/to/data-3': No such file"))
      assert.match(log, /^value-1$/m)
      assert.match(log, /'\/created\/path\/to\/data-1': No such file/)
      good(await world.ask('DELETE', world.path('v1', way.plural, 'deleted')), 200)
      const objects = world.path('v1', way.plural, 'updated')
      await world.replace(objects, { metadata: { name: 'updated' }, ...content(way.plural, { 'data-3': 'value-3' }) })
      await make(world, way, 'created', { 'data-1': 'made later' })
      await world.logged('reader', (written) => written.includes("'/deleted/data-1': No such file") && /^value-3$/m.test(written) && /^made later$/m.test(written))
    },
  },
]

const updated = (way: Way): RealStory => ({
  row: `[sig-storage] ${way.called} updates should be reflected in volume [Conformance] [NodeConformance]`,
  tell: async (world) => {
    await make(world, way, 'given', { 'data-1': 'value-1' })
    await world.runs(aPod('reader', [shell('while true; do cat /files/data-1; echo; sleep 0.3; done', mountsOf(['files']))], volumesOf({ files: way.volume('given') })))
    await world.logged('reader', (log) => /^value-1$/m.test(log))
    await world.merge(world.path('v1', way.plural, 'given'), content(way.plural, { 'data-1': 'value-2' }))
    await world.logged('reader', (log) => /^value-2$/m.test(log))
  },
})

const [configMap, secret, projectedConfigMap] = ways
export const volumesFiles: readonly RealStory[] = [
  ...ways.flatMap(storiesOf),
  ...[configMap, projectedConfigMap].flatMap((way) => (way === undefined ? [] : [updated(way)])),
  {
    row: '[sig-storage] ConfigMap binary data should be reflected in volume [Conformance] [NodeConformance]',
    tell: async (world) => {
      await world.create(world.path('v1', 'configmaps'), { metadata: { name: 'both' }, data: { text: 'value-1' }, binaryData: { bytes: Buffer.of(0xde, 0xca, 0xfe, 0xba, 0xd0, 0xfe, 0xff).toString('base64') } })
      const log = await world.says(aPod('reader', [shell('cat /files/text; echo; od -An -tx1 /files/bytes', mountsOf(['files']))], volumesOf({ files: { configMap: { name: 'both' } } })))
      assert.equal(log.replaceAll(/ +/g, ' ').trim(), 'value-1\n de ca fe ba d0 fe ff')
    },
  },
  ...(secret === undefined ? [] : [{
    row: '[sig-storage] Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace [Conformance] [NodeConformance]',
    tell: async (world: RealWorld): Promise<void> => {
      const other = world.unique('other')
      await world.create(world.everywhere('v1', 'namespaces'), { metadata: { name: other } })
      await world.create(world.everywhere('v1', `namespaces/${other}/secrets`), { metadata: { name: 'given' }, ...content('secrets', { 'this_should_not_match_content_of_other_secret': 'no' }) })
      await make(world, secret, 'given', value)
      assert.equal(await world.says(aPod('reader', [shell('cat /files/data-1; ls /files', mountsOf(['files']))], volumesOf({ files: secret.volume('given') }))), 'value-1data-1\ndata-2\ndata-3\n')
      await world.remove(world.everywhere('v1', 'namespaces', other))
    },
  }]),
  {
    row: '[sig-storage] Projected combined should project all components that make up the projection API [Projection] [Conformance] [NodeConformance]',
    tell: async (world) => {
      await world.create(world.path('v1', 'configmaps'), { metadata: { name: 'map' }, data: { 'configmap-data': 'configmap-value-1' } })
      await world.create(world.path('v1', 'secrets'), { metadata: { name: 'hidden' }, ...content('secrets', { 'secret-data': 'secret-value-1' }) })
      const sources = [
        { configMap: { name: 'map', items: [{ key: 'configmap-data', path: 'cmap' }] } },
        { secret: { name: 'hidden', items: [{ key: 'secret-data', path: 'sec' }] } },
        { downwardAPI: { items: [{ path: 'podname', fieldRef: { fieldPath: 'metadata.name' } }] } },
      ]
      assert.equal(await world.says(aPod('reader', [shell('for file in podname sec cmap; do cat /all/$file; echo; done', mountsOf(['all']))], volumesOf({ all: { projected: { sources } } }))), 'reader\nsecret-value-1\nconfigmap-value-1\n')
    },
  },
]
