// Tells the stories to the cluster whose namespaces this process is in; conformance.real.test.ts starts both.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { kubectlOn } from '../kubectl.ts'
import { stockKubectl } from '../../e2e/playground.ts'
import { notYet } from '../not-yet.ts'
import { openReal, type RealApi } from './cluster.ts'
import { realStories } from './stories/index.ts'
import { type RealStory, RealWorld } from './world.ts'

/** So many stories at once: they wait more than they work. */
const concurrency = 6
const kubectl = stockKubectl()
const { SKIFF_TEST_DATA: dataDir = '', SKIFF_TEST_STORIES: wanted = '', SKIFF_TEST_FOLDER: folder = '' } = process.env
let api: RealApi | undefined
let serial = 0

before(async () => { api = await openReal(dataDir) })
after(async () => { await api?.stop() })

const told = realStories.filter(({ row }) => new RegExp(wanted).test(row))
describe('together', { concurrency }, () => { for (const story of told) if (story.alone !== true) tells(story) })
describe('alone', () => { for (const story of told) if (story.alone === true) tells(story) })

function tells(story: RealStory): void {
  const skip = story.kubectl === true && kubectl === undefined ? 'no kubectl on PATH, and SKIFF_TEST_KUBECTL names none' : false
  test(story.row, { skip, todo: notYet[story.row] ?? false, timeout: 180_000 }, async () => {
    assert.ok(api)
    const namespace = `story-${++serial}`
    const world = new RealWorld(api, namespace, kubectl === undefined ? undefined : kubectlOn(kubectl, { kubeconfig: api.kubeconfig, folder }))
    await world.create('/api/v1/namespaces', { metadata: { name: namespace } })
    try { await story.tell(world) } finally { await world.ask('DELETE', `/api/v1/namespaces/${namespace}`) }
  })
}
