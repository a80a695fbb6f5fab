// node tests/peer/compare.ts [discovery|create|update|mutate]… [--kind K]: asks a stock kube-apiserver (SKIFF_PEER_APISERVER, SKIFF_PEER_TOKEN) and our server the
// same, and prints where their answers differ. It finds what to mend: it is no test, because versions of the peer differ among themselves.
import { builtinKinds } from '../../packages/core/api/kinds/index.ts'
import { examples } from '../../packages/core/api/kinds/examples.ts'
import type { Draft } from '../../packages/core/api/index.ts'
import { mutationsOf } from './mutations.ts'
import { differences, normal } from './same.ts'
import { type Asked, ours, peer, type Said } from './sides.ts'

const url = process.env['SKIFF_PEER_APISERVER']
if (url === undefined) { console.error('SKIFF_PEER_APISERVER names no kube-apiserver to compare with'); process.exit(2) }
const words = process.argv.slice(2)
const only = words.includes('--kind') ? words[words.indexOf('--kind') + 1] : undefined
const parts = words.filter((word) => !word.startsWith('--') && word !== only)
const wants = (part: string): boolean => parts.length === 0 || parts.includes(part)
const namespace = `compare-${process.pid}`
const sides = [ours(), peer(url, process.env['SKIFF_PEER_TOKEN'] ?? '')] as const
let asked = 0
let differing = 0
const seen = new Set<string>()

/** Asks both; prints what differs, each finding once. */
async function both(request: Asked, about = request.line, versions: readonly (string | undefined)[] = []): Promise<readonly [Said, Said]> {
  const [mine, theirs] = await Promise.all([sides[0].ask(versioned(request, versions[0])), sides[1].ask(versioned(request, versions[1]))])
  asked++
  const found = [...differences(mine.status, theirs.status, 'status'), ...differences(normal(mine.warnings), normal(theirs.warnings), 'warnings'), ...differences(normal(mine.body), normal(theirs.body))].filter((line) => !seen.has(line))
  if (found.length > 0) {
    differing++
    console.log(`\n${about}`)
    for (const line of found) { seen.add(line); console.log(`  ${line}`) }
  }
  return [mine, theirs]
}

if (wants('discovery')) {
  await both({ line: 'GET /apis' })
  await both({ line: 'GET /api' })
  await both({ line: 'GET /api/v1' })
  for (const root of ['/api', '/apis']) await both({ line: `GET ${root}`, headers: { accept: 'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io' } }, `aggregated ${root}`)
  const { body } = await sides[1].ask({ line: 'GET /apis' })
  for (const { versions } of (body as { readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[] }).groups) for (const { groupVersion } of versions) await both({ line: `GET /apis/${groupVersion}` })
}

await Promise.all(sides.map(async (side) => {
  await side.ask({ line: 'POST /api/v1/namespaces', body: { metadata: { name: namespace } } })
  await side.ask({ line: `POST /api/v1/namespaces/${namespace}/serviceaccounts`, body: { metadata: { name: 'default' } } })
  await side.ask({ line: 'POST /apis/scheduling.k8s.io/v1/priorityclasses', body: { metadata: { name: 'high' }, value: 1000 } })
}))

for (const kind of builtinKinds) {
  const example = examples[kind.resource]
  const served = kind.served[0]
  if (example === undefined || served === undefined || (only !== undefined && kind.kind !== only)) continue
  const base = served.group === '' ? '/api/v1' : `/apis/${served.group}/${served.version}`
  const collection = kind.scope === 'Namespaced' ? `${base}/namespaces/${namespace}/${kind.plural}` : `${base}/${kind.plural}`
  const draft = placed(example, kind.scope === 'Namespaced')
  const name = String(draft.metadata.name)
  const clear = async (): Promise<void> => {
    await Promise.all(sides.map(async (side) => {
      await side.ask({ line: `DELETE ${collection}/${name}?gracePeriodSeconds=0` })
      await side.ask({ line: `PATCH ${collection}/${name}`, body: { metadata: { finalizers: null } }, headers: { 'content-type': 'application/merge-patch+json' } })
      if (kind.resource === 'namespaces') await side.ask({ line: `PUT ${collection}/${name}/finalize`, body: { kind: 'Namespace', apiVersion: 'v1', metadata: { name }, spec: { finalizers: [] } } })
    }))
  }
  if (wants('create')) {
    await clear()
    await both({ line: `POST ${collection}`, body: draft }, `${kind.kind}: create`)
    await both({ line: `GET ${collection}/${name}`, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }, `${kind.kind}: table`)
    await both({ line: `PATCH ${collection}/${name}`, body: { metadata: { labels: { changed: 'yes' } } }, headers: { 'content-type': 'application/merge-patch+json' } }, `${kind.kind}: merge patch`)
    await both({ line: `DELETE ${collection}/${name}?gracePeriodSeconds=0` }, `${kind.kind}: delete`)
  }
  await clear()
  if (wants('update')) {
    const made = await Promise.all(sides.map((side) => side.ask({ line: `POST ${collection}`, body: draft })))
    const versions = made.map(({ body }) => (body as { readonly metadata?: { readonly resourceVersion?: string } }).metadata?.resourceVersion)
    await both({ line: `PUT ${collection}/${name}?dryRun=All`, body: draft }, `${kind.kind}: update of no version`)
    for (const { body, what } of mutationsOf(draft)) await both({ line: `PUT ${collection}/${name}?dryRun=All&fieldValidation=Strict`, body }, `${kind.kind}: update with ${what}`, versions)
    await clear()
  }
  if (!wants('mutate')) continue
  for (const { body, what } of mutationsOf(draft)) await both({ line: `POST ${collection}?dryRun=All&fieldValidation=Strict`, body }, `${kind.kind}: ${what}`)
}
await sides[1].ask({ line: `DELETE /api/v1/namespaces/${namespace}` })
await sides[1].ask({ line: `PUT /api/v1/namespaces/${namespace}/finalize`, body: { kind: 'Namespace', apiVersion: 'v1', metadata: { name: namespace }, spec: { finalizers: [] } } })
console.log(`\n${asked} requests, ${differing} with new differences`)

/** An update of this version of what the side has. */
function versioned(request: Asked, resourceVersion: string | undefined): Asked {
  const { body } = request
  if (resourceVersion === undefined || typeof body !== 'object' || body === null || !('metadata' in body) || typeof body.metadata !== 'object' || body.metadata === null) return request
  return { ...request, body: { ...body, metadata: { ...body.metadata, resourceVersion } } }
}

function placed(example: Draft, namespaced: boolean): Draft {
  const { namespace: _, ...metadata } = example.metadata
  const moved = { ...example, metadata: namespaced ? { ...metadata, namespace } : metadata }
  // An Event is about something in its own namespace.
  return JSON.parse(JSON.stringify(moved).replaceAll('"namespace":"default"', `"namespace":"${namespace}"`)) as Draft
}
