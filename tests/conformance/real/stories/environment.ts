// What a container's environment is made of: ConfigMaps, Secrets, the downward API, Services, and references to each other.
import assert from 'node:assert/strict'
import { at, text, until } from '../../api.ts'
import { named } from '../../story.ts'
import { aPod, image, type RealStory, type RealWorld, shell, waiting } from '../world.ts'

const everywhere = '[Conformance] [NodeConformance]'
const sources = {
  ConfigMap: { plural: 'configmaps', made: (data: object): object => ({ data }), key: 'configMapKeyRef', whole: 'configMapRef', one: 'consumable via environment variable', prefixes: 'consumable as environment variable names with various prefixes' },
  Secrets: { plural: 'secrets', made: (data: object): object => ({ stringData: data }), key: 'secretKeyRef', whole: 'secretRef', one: 'consumable from pods in env vars', prefixes: 'consumable as environment variable names variable names with various prefixes' },
} as const
/** A pod that shows its environment. No shell is between: it would leave out what is no name to it. */
const shows = (more: object): ReturnType<typeof aPod> => aPod('shows', [{ name: 'main', image, command: ['env'], ...more }])
/** The variables that match, sorted. */
const matching = (log: string, pattern: RegExp): readonly string[] => log.trimEnd().split('\n').filter((line) => pattern.test(line)).sort()
const own = (log: string): string => matching(log, /^(OWN|FOOBAR)/).map((line) => `${line}\n`).join('')

const fromField = (variables: Readonly<Record<string, string>>): readonly object[] => Object.entries(variables).map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } }))
interface Shown { readonly says: string; readonly variables: Readonly<Record<string, string>>; readonly expected: (pod: unknown) => string }
const fields: readonly Shown[] = [
  { says: 'pod name, namespace and IP address as env vars', variables: { OWN_NAME: 'metadata.name', OWN_NAMESPACE: 'metadata.namespace', OWN_ZIP: 'status.podIP' }, expected: (pod) => `OWN_NAME=shows\nOWN_NAMESPACE=${text(pod, 'metadata', 'namespace')}\nOWN_ZIP=${text(pod, 'status', 'podIP')}\n` },
  { says: 'pod UID as env vars', variables: { OWN_UID: 'metadata.uid' }, expected: (pod) => `OWN_UID=${text(pod, 'metadata', 'uid')}\n` },
  { says: 'host IP as an env var', variables: { OWN_HOST: 'status.hostIP' }, expected: (pod) => `OWN_HOST=${text(pod, 'status', 'hostIP')}\n` },
  { says: 'hostIPs as an env var', variables: { OWN_HOSTS: 'status.hostIPs' }, expected: (pod) => `OWN_HOSTS=${text(pod, 'status', 'hostIPs', 0, 'ip')}\n` },
]
const limits = ['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']
const fromResource = (names: readonly string[]): readonly object[] => names.map((resource) => ({ name: `OWN_${resource.replace('.', '_').toUpperCase()}`, valueFrom: { resourceFieldRef: { resource } } }))

async function makes(world: RealWorld, source: keyof typeof sources, name: string, data: object): Promise<void> {
  const { plural, made } = sources[source]
  await world.create(world.path('v1', plural), { ...named(name), ...made(data) })
}

export const environment: readonly RealStory[] = [
  ...(Object.keys(sources) as (keyof typeof sources)[]).flatMap((kind): readonly RealStory[] => {
    const { key, whole, one, prefixes } = sources[kind]
    return [
      {
        row: `[sig-node] ${kind} should be ${one} ${everywhere}`,
        tell: async (world) => {
          await makes(world, kind, 'given', { 'data-1': 'value-1' })
          assert.equal(own(await world.says(shows({ env: [{ name: 'OWN_DATA', valueFrom: { [key]: { name: 'given', key: 'data-1' } } }, { name: 'OWN_NOTHING', valueFrom: { [key]: { name: 'none', key: 'none', optional: true } } }] }))), 'OWN_DATA=value-1\n')
        },
      },
      {
        row: `[sig-node] ${kind} should be consumable via the environment ${everywhere}`,
        tell: async (world) => {
          await makes(world, kind, 'given', { data_1: 'value-1', data_2: 'value-2' })
          assert.deepEqual(matching(await world.says(shows({ envFrom: [{ [whole]: { name: 'given' } }, { prefix: 'p-', [whole]: { name: 'given' } }] })), /data_/), ['data_1=value-1', 'data_2=value-2', 'p-data_1=value-1', 'p-data_2=value-2'])
        },
      },
      {
        row: `[sig-node] ${kind} should be ${prefixes} [Conformance]`,
        tell: async (world) => {
          await makes(world, kind, 'given', { 'data.1': 'one' })
          const all = ['p_', '1', '$_', 'p-', '.', 'a b', '#!'] as const
          const log = await world.says(shows({ envFrom: all.map((prefix) => ({ prefix, [whole]: { name: 'given' } })) }))
          assert.deepEqual(matching(log, /data\.1/), all.map((prefix) => `${prefix}data.1=one`).sort())
        },
      },
    ]
  }),
  ...fields.map(({ says, variables, expected }): RealStory => ({
    row: `[sig-node] Downward API should provide ${says} ${everywhere}`,
    tell: async (world) => {
      const { log, pod } = await world.ends(shows({ env: fromField(variables) }))
      assert.equal(own(log), expected(pod))
    },
  })),
  {
    row: `[sig-node] Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars ${everywhere}`,
    tell: async (world) => {
      const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } }
      assert.equal(own(await world.says(shows({ resources, env: fromResource(limits) }))), 'OWN_LIMITS_CPU=2\nOWN_LIMITS_MEMORY=67108864\nOWN_REQUESTS_CPU=1\nOWN_REQUESTS_MEMORY=33554432\n')
    },
  },
  {
    row: `[sig-node] Downward API should provide default limits.cpu/memory from node allocatable ${everywhere}`,
    tell: async (world) => {
      const { log, pod } = await world.ends(shows({ env: fromResource(limits.slice(0, 2)) }))
      const { cpu = '', memory = '' } = at(await world.get(world.everywhere('v1', 'nodes', text(pod, 'spec', 'nodeName'))), 'status', 'allocatable') as Readonly<Record<string, string>>
      assert.equal(own(log), `OWN_LIMITS_CPU=${cpu}\nOWN_LIMITS_MEMORY=${Number(memory.replace('Ki', '')) * 1024}\n`)
    },
  },
  {
    row: `[sig-node] Variable Expansion should allow composing env vars into new env vars ${everywhere}`,
    tell: async (world) => {
      const env = [{ name: 'FOO', value: 'foo-value' }, { name: 'BAR', value: 'bar-value' }, { name: 'FOOBAR', value: '$(FOO);;$(BAR);;$(NONE);;$$(FOO)' }]
      assert.equal(own(await world.says(shows({ env }))), 'FOOBAR=foo-value;;bar-value;;$(NONE);;$(FOO)\n')
    },
  },
  {
    row: `[sig-node] Variable Expansion should allow substituting values in a container's command ${everywhere}`,
    tell: async (world) => { assert.equal(await world.says(aPod('shows', [shell('TEST_VAR=wrong; echo "$(TEST_VAR)"', { env: [{ name: 'TEST_VAR', value: 'test-value' }] })])), 'test-value\n') },
  },
  {
    row: `[sig-node] Variable Expansion should allow substituting values in a container's args ${everywhere}`,
    tell: async (world) => {
      const container = { name: 'main', image, command: ['sh', '-c'], args: ['TEST_VAR=wrong; echo "$(TEST_VAR)"'], env: [{ name: 'TEST_VAR', value: 'test-value' }] }
      assert.equal(await world.says(aPod('shows', [container])), 'test-value\n')
    },
  },
  {
    row: `[sig-node] Pods should contain environment variables for services ${everywhere}`,
    tell: async (world) => {
      await world.runs(aPod('server', [waiting()], {}, { labels: { app: 'server' } }))
      const service = await world.create(world.path('v1', 'services'), { ...named('fooservice'), spec: { ports: [{ port: 8765, targetPort: 8080 }], selector: { app: 'server' } } })
      const address = text(service, 'spec', 'clusterIP')
      const expected = [
        `FOOSERVICE_PORT=tcp://${address}:8765`, `FOOSERVICE_PORT_8765_TCP=tcp://${address}:8765`, `FOOSERVICE_PORT_8765_TCP_ADDR=${address}`, 'FOOSERVICE_PORT_8765_TCP_PORT=8765', 'FOOSERVICE_PORT_8765_TCP_PROTO=tcp',
        `FOOSERVICE_SERVICE_HOST=${address}`, 'FOOSERVICE_SERVICE_PORT=8765',
      ]
      // As upstream's own test: the node may hear of the Service a little later than of the pod.
      let tries = 0
      await until(world.api, 'a pod knows of the Service', async () => {
        const log = await world.says(aPod(`shows-${tries += 1}`, [shell('env | grep FOOSERVICE | sort; true')]))
        return log.trimEnd() === expected.join('\n')
      })
    },
  },
]
