// Every verb of every kind and subresource that discovery lists, exercised with an example: over HTTPS, and in process.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { builtinKinds } from '../../packages/core/api/kinds/index.ts'
import { reviews } from '../../packages/core/server/access/reviews.ts'
import type { Api } from './api.ts'
import { customGroup, exercise, servedBy, type Served } from './every-kind.ts'
import { openInProcess } from './in-process.ts'
import { openOverHttps } from './over-https.ts'
import { anything, define } from './stories/definitions.ts'
import { World } from './story.ts'

const nameOf = (group: string, version: string, plural: string): string => `${group === '' ? version : `${group}/${version}`} ${plural}`
/** What there is to walk, so that each has a test of its own; the first test holds it against what discovery lists. */
/** Nobody writes them: tests/clients/metering.test.ts reads them. */
const measured = ['metrics.k8s.io/v1 nodes', 'metrics.k8s.io/v1 pods', 'metrics.k8s.io/v1beta1 nodes', 'metrics.k8s.io/v1beta1 pods']

const names = [
  ...builtinKinds.flatMap((kind) => kind.served.map(({ group, version }) => nameOf(group, version, kind.plural))),
  ...reviews.map(({ group, version, plural }) => nameOf(group, version, plural)),
]

for (const [way, open] of [['over HTTPS', openOverHttps], ['in process', openInProcess]] as const) {
  describe(way, () => {
    let api: Api | undefined
    let served: ReadonlyMap<string, Served> = new Map()
    before(async () => {
      api = await open()
      served = new Map((await servedBy(new World(api, 'default', undefined))).map((one) => [`${one.apiVersion} ${one.plural}`, one]))
    })
    after(async () => { await api?.stop() })

    test('discovery lists what there is', () => { assert.deepEqual([...served.keys()].sort(), [...names, ...measured].sort()) })

    test('a custom kind does as much, in each of its versions', async () => {
      assert.ok(api)
      const world = new World(api, 'walk-custom', undefined)
      await world.create('/api/v1/namespaces', { metadata: { name: world.namespace } })
      const subresources = { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } }
      await define(world, { group: customGroup, versions: ['v1', 'v2'].map((version) => ({ name: version, schema: anything, subresources })) })
      const custom = (await servedBy(world)).filter(({ apiVersion }) => apiVersion.startsWith(`${customGroup}/`))
      assert.deepEqual(custom.map((one) => [one.apiVersion, one.verbs.length, one.subresources.map((each) => each.name)]), [[`${customGroup}/v2`, 8, ['scale', 'status']], [`${customGroup}/v1`, 8, ['scale', 'status']]])
      for (const one of custom) await exercise(world, one)
    })

    for (const [index, name] of names.entries()) {
      test(name, async () => {
        const one = served.get(name)
        assert.ok(api !== undefined && one !== undefined, `${name} is in discovery`)
        const world = new World(api, `walk-${index}`, undefined)
        await world.create('/api/v1/namespaces', { metadata: { name: world.namespace } })
        try { await exercise(world, one) } finally { await world.ask('DELETE', `/api/v1/namespaces/${world.namespace}`) }
      })
    }
  })
}
