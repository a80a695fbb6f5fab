// node tests/peer/compare.ts [discovery|create|update|mutate|widen|put|status|patch|apply|other]… [--kind K]: asks a stock kube-apiserver (SKIFF_PEER_APISERVER, SKIFF_PEER_TOKEN) and our server the
// same, and prints where their answers differ. It finds what to mend: it is no test, because versions of the peer differ among themselves.
import { builtinKinds } from '../../packages/core/api/kinds/index.ts'
import { examples } from '../../packages/core/api/kinds/examples.ts'
import type { Draft } from '../../packages/core/api/index.ts'
import { mutationsOf } from './mutations.ts'
import { differences, normal } from './same.ts'
import { applies, others, patches, replacing, statuses, widening } from './writes.ts'
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
/** Of what was answered last: an object's version on each side. */
let versionsNow: readonly (string | undefined)[] = []
const counts = new Map<string, { asked: number; differing: number }>()
async function count(part: string, ask: () => Promise<unknown>): Promise<void> {
  const had = differing
  await ask()
  const { asked: before, differing: others } = counts.get(part) ?? { asked: 0, differing: 0 }
  counts.set(part, { asked: before + 1, differing: others + differing - had })
}

/** Asks both; prints what differs, each finding once. */
async function both(request: Asked, about = request.line, versions: readonly (string | undefined)[] = [], theirs = request): Promise<readonly [Said, Said]> {
  const [mine, said] = await Promise.all([sides[0].ask(versioned(request, versions[0])), sides[1].ask(versioned(theirs, versions[1]))])
  asked++
  versionsNow = [mine, said].map(({ body }) => (body as { readonly metadata?: { readonly resourceVersion?: string } } | null)?.metadata?.resourceVersion)
  const found = [...differences(mine.status, said.status, 'status'), ...differences(normal(mine.warnings), normal(said.warnings), 'warnings'), ...differences(normal(mine.body), normal(said.body))].filter((line) => !seen.has(line))
  if (found.length > 0) {
    differing++
    console.log(`\n${about}`)
    for (const line of found) { seen.add(line); console.log(`  ${line}`) }
  }
  return [mine, said]
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
  const place = { kind, collection, name, draft: draft as unknown as Readonly<Record<string, unknown>> }
  for (const step of wants('widen') ? widening(place) : []) await count('widen', () => both(step.request, `${kind.kind}: ${step.what}`))
  for (const [part, steps] of Object.entries({ put: replacing, status: statuses, patch: patches, other: others })) {
    if (!wants(part)) continue
    const stored = await Promise.all(sides.map(async (side) => (await side.ask({ line: `POST ${collection}`, body: draft })).body as Readonly<Record<string, unknown>>))
    const [mine = {}, theirs = {}] = stored
    if (mine['kind'] === 'Status' || theirs['kind'] === 'Status') { console.log(`\n${kind.kind}: no ${part}, as it is not made`); await clear(); continue }
    for (const { what, request } of steps(place, mine)) await count(part, () => both(request, `${kind.kind}: ${what}`, [], { ...request, body: translated(request.body, mine, theirs) }))
    await clear()
  }
  if (wants('apply')) {
    for (const { what, request, isVersioned } of applies(place)) await count('apply', () => both(request, `${kind.kind}: ${what}`, isVersioned ? versionsNow : []))
    await clear()
  }
  if (!wants('mutate')) continue
  for (const { body, what } of mutationsOf(draft)) await both({ line: `POST ${collection}?dryRun=All&fieldValidation=Strict`, body }, `${kind.kind}: ${what}`)
}
await sides[1].ask({ line: `DELETE /api/v1/namespaces/${namespace}` })
await sides[1].ask({ line: `PUT /api/v1/namespaces/${namespace}/finalize`, body: { kind: 'Namespace', apiVersion: 'v1', metadata: { name: namespace }, spec: { finalizers: [] } } })
for (const [part, { asked: sent, differing: found }] of counts) console.log(`${part}: ${sent} requests, ${found} with new differences`)
console.log(`\n${asked} requests, ${differing} with new differences`)

/** A body in our terms, in the other's: where it says what our stored object has, it says what theirs has there. */
function translated(body: unknown, mine: unknown, theirs: unknown): unknown {
  if (body === mine) return theirs ?? body
  if (Array.isArray(body)) return body.map((item, at) => (Array.isArray(mine) && Array.isArray(theirs) ? translated(item, mine[at], theirs[at]) : item))
  if (typeof body !== 'object' || body === null || typeof mine !== 'object' || mine === null || typeof theirs !== 'object' || theirs === null) return body
  return Object.fromEntries(Object.entries(body).map(([key, item]) => [key, translated(item, (mine as Readonly<Record<string, unknown>>)[key], (theirs as Readonly<Record<string, unknown>>)[key])]))
}

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
