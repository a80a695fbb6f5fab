// Every conformance row of classes A and B, and what servers often get wrong, told twice: to a control plane over HTTPS, and to one in this process.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { stockKubectl } from '../e2e/playground.ts'
import { type Api, type Way, ways } from './api.ts'
import { openInProcess } from './in-process.ts'
import { kubectlOn } from './kubectl.ts'
import { notYet } from './not-yet.ts'
import { openOverHttps } from './over-https.ts'
import { points } from './points/index.ts'
import { stories } from './stories/index.ts'
import { type Story, World } from './story.ts'

const kubectl = stockKubectl()
const opened = new Map<Way, { readonly api: Api; readonly world: (namespace: string) => World }>()

before(async () => {
  const [https, inProcess] = [await openOverHttps(), await openInProcess()]
  const run = kubectl === undefined ? undefined : kubectlOn(kubectl, https)
  opened.set('over HTTPS', { api: https, world: (namespace) => new World(https, namespace, run) })
  opened.set('in process', { api: inProcess, world: (namespace) => new World(inProcess, namespace, undefined) })
})
after(async () => { for (const { api } of opened.values()) await api.stop() })

let serial = 0
for (const story of stories) {
  describe(story.row, () => {
    for (const way of ways) test(way, { todo: notYet[story.row] ?? false, skip: whySkipped(story, way) }, () => tell(story, way))
  })
}

for (const point of points) {
  const name = `${point.number}. ${point.says}`
  if ('shownBy' in point) test(name, { skip: `shown by ${point.shownBy}` }, () => {})
  else describe(name, () => { for (const way of ways) test(way, () => tell(point, way)) })
}

function whySkipped({ kubectl: byKubectl }: Story, way: Way): string | false {
  if (byKubectl === undefined) return false
  if (way === 'in process') return 'kubectl needs a connection'
  return kubectl === undefined ? 'no kubectl on PATH, and SKIFF_TEST_KUBECTL names none' : false
}

async function tell(story: Pick<Story, 'tell'>, way: Way): Promise<void> {
  const there = opened.get(way)
  assert.ok(there)
  const namespace = `story-${++serial}`
  const world = there.world(namespace)
  await world.create('/api/v1/namespaces', { metadata: { name: namespace } })
  try { await story.tell(world) } finally { await world.ask('DELETE', `/api/v1/namespaces/${namespace}`) }
}
