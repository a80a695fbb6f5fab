// Points about discovery, reading and watching.
import assert from 'node:assert/strict'
import { at, good, list, nameOf, refused, text, until, versionOf } from '../api.ts'
import { sees } from '../operations.ts'
import type { World } from '../story.ts'
import { define, objectOf } from '../stories/definitions.ts'
import type { Point } from './point.ts'

const maps = (world: World, name?: string): string => world.path('v1', 'configmaps', name)
const aMap = (world: World, name: string, more: object = {}) => world.create(maps(world), { metadata: { name, ...more } })
const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

export const asking: readonly Point[] = [
  {
    number: 5, says: '/openapi/v2 is to be had in gnostic\'s protobuf, too',
    tell: async (world) => {
      const reply = await world.ask('GET', '/openapi/v2', undefined, { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' })
      assert.deepEqual([reply.status, reply.headers['content-type'], reply.text.slice(0, 5)], [200, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf', '\n\u00032.0'])
    },
  },
  {
    number: 6, says: 'OpenAPI v3 tells of fieldValidation and dryRun, and of the kinds of operations and schemas',
    tell: async (world) => {
      const document = await world.get('/openapi/v3/apis/apps/v1')
      const operation = at(document, 'paths', '/apis/apps/v1/namespaces/{namespace}/deployments/{name}', 'patch')
      const names = list(operation, 'parameters').map((one) => text(one, 'name'))
      assert.ok(['dryRun', 'fieldManager', 'fieldValidation', 'force'].every((name) => names.includes(name)), names.join())
      assert.deepEqual(at(operation, 'x-kubernetes-group-version-kind'), { group: 'apps', version: 'v1', kind: 'Deployment' })
      assert.deepEqual(at(document, 'components', 'schemas', 'io.k8s.api.apps.v1.Deployment', 'x-kubernetes-group-version-kind'), [{ group: 'apps', version: 'v1', kind: 'Deployment' }])
    },
  },
  {
    number: 7, says: 'aggregated discovery says in its Content-Type what it is',
    tell: async (world) => {
      for (const version of ['v2', 'v2beta1']) {
        const accept = v2.replace('v=v2', `v=${version}`)
        assert.equal((await world.ask('GET', '/apis', undefined, { accept: `${accept},application/json` })).headers['content-type'], accept)
      }
    },
  },
  {
    number: 8, says: 'legacy discovery goes on, and lists the core before everything else',
    tell: async (world) => {
      assert.deepEqual((await world.get('/api'))['versions'], ['v1'])
      const names = list(await world.get('/apis'), 'groups').map((group) => text(group, 'name'))
      assert.deepEqual([names.length, names.indexOf('apps') < names.indexOf('batch')], [new Set(names).size, true])
    },
  },
  {
    number: 9, says: 'old clients find CronJobs of v1beta1 preferred, new ones those of v1',
    tell: async (world) => {
      assert.equal(text(await world.get('/apis/batch'), 'preferredVersion', 'version'), 'v1beta1')
      const batch = list(good(await world.ask('GET', '/apis', undefined, { accept: v2 })), 'items').find((group) => nameOf(group) === 'batch')
      assert.equal(text(list(batch, 'versions')[0], 'version'), 'v1')
    },
  },
  {
    number: 10, says: 'a Table has all columns, wide ones by priority, ages as text, and the metadata of each row',
    tell: async (world) => {
      await world.create(world.path('v1', 'pods'), { metadata: { name: 'one' }, spec: { containers: [{ name: 'a', image: 'a' }] } })
      const found = good(await world.ask('GET', world.path('v1', 'pods'), undefined, table), 200)
      const columns = list(found, 'columnDefinitions')
      assert.deepEqual(columns.map(({ name, priority }) => `${String(name)} ${String(priority)}`), ['Name 0', 'Ready 0', 'Status 0', 'Restarts 0', 'Age 0', 'IP 1', 'Node 1', 'Nominated Node 1', 'Readiness Gates 1'])
      const [row] = list(found, 'rows')
      assert.match(String(list(row, 'cells')[4]), /^(\d+s|<unknown>)$/)
      assert.deepEqual([at(row, 'object', 'kind'), nameOf(at(row, 'object')), at(row, 'object', 'spec')], ['PartialObjectMetadata', 'one', undefined])
    },
  },
  {
    number: 11, says: 'includeObject=Object puts whole objects into a Table',
    tell: async (world) => {
      await aMap(world, 'one')
      const objects = async (include: string): Promise<readonly unknown[]> => list(good(await world.ask('GET', `${maps(world)}?includeObject=${include}&fieldSelector=metadata.name%3Done`, undefined, table)), 'rows').map((row) => at(row, 'object', 'kind'))
      assert.deepEqual([await objects('Object'), await objects('Metadata'), await objects('None')], [['ConfigMap'], ['PartialObjectMetadata'], [undefined]])
    },
  },
  {
    number: 12, says: 'a watched Table tells its columns once',
    tell: async (world) => {
      const watch = await world.api.watch(`${maps(world)}?watch=true&labelSelector=story%3Dtable`, table)
      for (const name of ['one', 'two']) await aMap(world, name, { labels: { story: 'table' } })
      const events = [await watch.next(), await watch.next()]
      assert.deepEqual(events.map(({ type, object }) => [type, object['kind'], list(object, 'columnDefinitions').length > 0, list(object, 'rows').length]), [['ADDED', 'Table', true, 1], ['ADDED', 'Table', false, 1]])
      watch.stop()
    },
  },
  {
    number: 13, says: 'a watch of one name from revision 0 begins with the object',
    tell: async (world) => {
      await aMap(world, 'one')
      const watch = await world.api.watch(`${maps(world)}?watch=true&resourceVersion=0&fieldSelector=metadata.name%3Done`)
      const { type, object } = await watch.next()
      assert.deepEqual([type, nameOf(object)], ['ADDED', 'one'])
      watch.stop()
    },
  },
  {
    number: 14, says: 'who watches a selector never hears of what never matched it',
    tell: async (world) => {
      const watch = await world.api.watch(`${maps(world)}?watch=true&labelSelector=a%3Db`)
      await aMap(world, 'one', { labels: { a: 'c' } })
      await world.merge(maps(world, 'one'), { data: { x: 'y' } })
      await world.remove(maps(world, 'one'))
      assert.deepEqual(await watch.rest(), [])
      watch.stop()
    },
  },
  {
    number: 15, says: 'a DELETED event has a revision of its own',
    tell: async (world) => {
      const made = await aMap(world, 'one')
      const watch = await world.api.watch(`${maps(world)}?watch=true&fieldSelector=metadata.name%3Done&resourceVersion=${versionOf(made)}`)
      await world.remove(maps(world, 'one'))
      const { type, object } = await watch.next()
      assert.ok(type === 'DELETED' && Number(versionOf(object)) > Number(versionOf(made)))
      watch.stop()
    },
  },
  {
    number: 16, says: 'sendInitialEvents lists in the stream, and marks the end',
    tell: async (world) => {
      await aMap(world, 'one', { labels: { story: 'initial' } })
      const watch = await world.api.watch(`${maps(world)}?watch=true&labelSelector=story%3Dinitial&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`)
      const [first, second] = [await watch.next(), await watch.next()]
      assert.deepEqual([first.type, nameOf(first.object), second.type, at(second.object, 'metadata', 'annotations')], ['ADDED', 'one', 'BOOKMARK', { 'k8s.io/initial-events-end': 'true' }])
      refused(await world.ask('GET', `${maps(world)}?watch=true&sendInitialEvents=true`), 422, 'Invalid')
      watch.stop()
    },
  },
  {
    number: 17, says: 'too old a revision is told in the stream as 410, too new a one is 504 with its cause',
    tell: async (world) => {
      const made = await aMap(world, 'one')
      const newer = refused(await world.ask('GET', `${maps(world)}?resourceVersion=99999999&resourceVersionMatch=NotOlderThan`), 504, 'Timeout', /^Timeout: Too large resource version: 99999999, current: \d+$/)
      assert.ok(list(newer, 'details', 'causes').some(({ reason }) => reason === 'ResourceVersionTooLarge'))
      const event = await until(world.api, 'history is forgotten', async () => {
        await world.api.advance(120_000)
        await world.merge(maps(world, 'one'), { data: { at: String(world.api.now()) } })
        const watch = await world.api.watch(`${maps(world)}?watch=true&resourceVersion=${versionOf(made)}`)
        const first = await watch.next()
        watch.stop()
        return first.type === 'ERROR' && first
      })
      assert.deepEqual([event.object['kind'], event.object['code'], event.object['reason']], ['Status', 410, 'Expired'])
    },
  },
  {
    number: 18, says: 'a watch ends when its timeoutSeconds are over',
    tell: async (world) => {
      const watch = await world.api.watch(`${maps(world)}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dabsent`)
      await assert.rejects(watch.next(), /the watch has ended/)
    },
  },
  {
    number: 19, says: 'booleans are read as Python and Go write them',
    tell: async (world) => {
      await aMap(world, 'one')
      for (const yes of ['1', 'true', 'True']) {
        const watch = await world.api.watch(`${maps(world)}?watch=${yes}&fieldSelector=metadata.name%3Done`)
        assert.equal((await watch.next()).type, 'ADDED')
        watch.stop()
      }
      assert.equal((await world.get(`${maps(world)}?watch=False`))['kind'], 'ConfigMapList')
    },
  },
  {
    number: 20, says: 'revisions are one growing number for all kinds, and writing nothing new is no revision',
    tell: async (world) => {
      const [first, second] = [await aMap(world, 'one'), await world.create(world.path('v1', 'secrets'), { metadata: { name: 'one' } })]
      assert.ok(/^\d+$/.test(versionOf(first)) && Number(versionOf(second)) > Number(versionOf(first)))
      assert.equal(versionOf(await world.replace(maps(world, 'one'), first)), versionOf(first))
      assert.equal(versionOf(await world.merge(maps(world, 'one'), {})), versionOf(first))
    },
  },
  {
    number: 21, says: 'nothing is an empty list, not null',
    tell: async (world) => {
      assert.deepEqual((await world.get(world.path('v1', 'pods')))['items'], [])
      const rules = good(await world.ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: world.namespace } }, { 'impersonate-user': 'nobody' }), 201)
      assert.ok(Array.isArray(at(rules, 'status', 'resourceRules')) && Array.isArray(at(rules, 'status', 'nonResourceRules')))
    },
  },
  {
    number: 22, says: 'field selectors know empty values, !=, and their kind\'s own fields',
    tell: async (world) => {
      await world.create(world.path('v1', 'pods'), { metadata: { name: 'waiting' }, spec: { schedulerName: 'nobody', containers: [{ name: 'a', image: 'a' }] } })
      const select = (selector: string): Promise<readonly string[]> => world.names(`${world.path('v1', 'pods')}?fieldSelector=${encodeURIComponent(selector)}`)
      assert.deepEqual([await select('spec.nodeName='), await select('spec.nodeName!='), await select('metadata.name!=other,status.phase=Pending')], [['waiting'], [], ['waiting']])
      refused(await world.ask('GET', `${world.path('v1', 'pods')}?fieldSelector=spec.colour%3Dred`), 400, 'BadRequest', 'field label not supported: spec.colour')
    },
  },
  {
    number: 23, says: '!= and notin match what lacks the label',
    tell: async (world) => {
      await aMap(world, 'bare')
      await aMap(world, 'labelled', { labels: { a: 'b' } })
      for (const selector of ['a!=b', 'a notin (b,c)', '!a']) assert.ok((await world.names(`${maps(world)}?labelSelector=${encodeURIComponent(selector)}`)).includes('bare'), selector)
      assert.deepEqual(await world.names(`${maps(world)}?labelSelector=a`), ['labelled'])
    },
  },
  {
    number: 40, says: '/version/ has a trailing slash, too; anybody may ask for it and for health; reviews answer 201',
    tell: async (world) => {
      for (const path of ['/version', '/version/', '/healthz', '/livez', '/readyz?verbose']) assert.equal((await world.api.request('GET', path, { anonymous: true })).status, 200, path)
      good(await world.ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }), 201)
    },
  },
]

/** Custom resources have no strategic merge. */
export async function customResourcesRefuseStrategicMerge(world: World): Promise<void> {
  const made = await define(world, {})
  const watch = await world.api.watch(`${made.path('v1')}?watch=true`)
  await world.create(made.path('v1'), objectOf(made, 'one'))
  await sees(watch, 'ADDED', ['one'])
  watch.stop()
  refused(await world.ask('PATCH', made.path('v1', 'one'), { spec: {} }, { 'content-type': 'application/strategic-merge-patch+json' }), 415, 'UnsupportedMediaType')
}
