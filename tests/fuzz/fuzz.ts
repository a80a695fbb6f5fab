// Sends random requests to a server in memory and tells what no server should do: break, answer 5xx of its own, or keep memory.
import { type Answers, builtInTypes, type Resource } from '../../packages/core/api/index.ts'
import { type Random, seededRandom } from '../../packages/core/base/index.ts'
import { bootstrap } from '../../packages/core/server/bootstrap/index.ts'
import type { Reply, Request } from '../../packages/core/server/index.ts'
import { aWorld, settle, type World } from '../../packages/core/server/testing.ts'
import { aDefinition, aPolicy, placesOf } from './definitions.ts'
import { aRequest } from './requests.ts'
import { anyJson, brokenText, mutated, pick } from './values.ts'

export interface Finding { readonly seed: number; readonly at: number; readonly request: string; readonly what: string }
export interface Summary { readonly requests: number; readonly statuses: ReadonlyMap<number, number>; readonly findings: readonly Finding[]; readonly slowestMs: number; readonly slowest: string }

const decoder = new TextDecoder()
/** A world is thrown away after so many requests: what stays of it is what leaks. */
const worldRequests = 20_000
const sweepEvery = 2_000
const customKinds = 4
const roundsMax = 20
/** One request may take this long, whatever it is: far more than any does, far less than a hang. */
const hangMs = 5_000

/** 5xx that upstream answers to the same request: they say what the client did. */
const expected: readonly RegExp[] = [
  /resourceVersion should not be set on objects to be created/, /Too large resource version/, /failed to create typed patch object/, /unknown patch type: /, /failed calling webhook/, /the server rejected our request due to an error in our request/, /Internal error occurred: .*cannot be handled as a/, /Internal error occurred: json: cannot unmarshal/, /couldn't read the patch of admission webhook/, /no endpoints available for service/, /no service port/,
  /there is no process to reach/, /serves no kubelet API/, /nobody outside this cluster answers/, /service unavailable/, /error trying to reach service/, /more than one PodDisruptionBudget/, /conversion webhook/, /does not have a host assigned/,
]

export function fuzz({ seed, requests, now, onProgress }: { readonly seed: number; readonly requests: number; readonly now: () => number; readonly onProgress?: (done: number) => void }): Summary {
  const random = seededRandom(seed)
  const statuses = new Map<number, number>()
  const findings: Finding[] = []
  let world = newWorld(random)
  let slowestMs = 0
  let slowest = ''
  for (let at = 0; at < requests; at++) {
    if (at % worldRequests === 0 && at > 0) world = newWorld(random)
    if (at % sweepEvery === 0) { sweep(world); prepare(world, random) }
    const request = aRequest(random, placesOf(customKinds))
    const shown = `${request.method} ${request.path.slice(0, 200)}?${request.query.slice(0, 200)} [${request.headers['content-type']}; ${request.headers['accept']}] ${decoder.decode(request.body.subarray(0, 1500))}`
    const began = now()
    const found = (what: string): void => { findings.push({ seed, at, request: shown, what }) }
    try {
      const reply = answered(world, request, random)
      const status = reply === undefined ? 0 : reply.is === 'bytes' ? reply.status : reply.is === 'watch' ? 200 : 101
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (reply?.is === 'watch') { reply.watch.read(100_000); reply.watch.close() }
      if (reply?.is === 'bytes' && status >= 500) {
        const text = reply.body.map((part) => decoder.decode(part)).join('')
        if (!expected.some((pattern) => pattern.test(text))) found(`answered ${status}: ${text.slice(0, 600)}`)
      }
    } catch (error) { found(`broke: ${error instanceof Error ? error.stack?.split('\n').slice(0, 5).join(' | ') ?? error.message : String(error)}`) }
    const took = now() - began
    if (took > slowestMs) { slowestMs = took; slowest = shown.slice(0, 600) }
    if (took > hangMs) found(`took ${Math.round(took)} ms`)
    onProgress?.(at)
  }
  return { requests, statuses, findings, slowestMs, slowest }
}

function newWorld(random: Random): World {
  const world = aWorld({ random: seededRandom(random.below(1e9)) })
  bootstrap(world.server, world.store, { address: '192.0.2.1', port: 6443 })
  settle(world)
  return world
}

/** Definitions and policies of this while. What is refused is fine: the next try may not be. */
function prepare(world: World, random: Random): void {
  for (let at = 0; at < customKinds; at++) quietly(() => { world.ask('POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions', aDefinition(random, at)) })
  for (const { line, body } of aPolicy(random)) quietly(() => { world.ask(line, body) })
  world.clock.advanceTo(world.clock.now() + 60_000)
}

/** Takes away what was made, so that the world stays small. */
function sweep(world: World): void {
  const kept = new Set(['namespaces', 'serviceaccounts'])
  for (const type of builtInTypes) {
    if (kept.has(type.resource)) continue
    const gone: Resource[] = [...world.store.view.list(type)].filter(({ metadata }) => metadata.namespace === 'default' || metadata.name === 'web' || metadata.name === 'fuzz' || metadata.name.endsWith('.fuzz.example'))
    world.store.commit(gone.map(({ metadata }) => ({ key: { resource: type.resource, namespace: metadata.namespace ?? '', name: metadata.name }, expect: 'any' as const, object: undefined })))
  }
}
function quietly(act: () => void): void { try { act() } catch (error) { if (!(error instanceof Error) || !/answered with/.test(error.message)) throw error } }

/** Steps a request to its reply, answering what it asks with anything at all. */
function answered(world: World, request: Request, random: Random): Reply | undefined {
  const answers = new Map<string, unknown>()
  for (let round = 0; round < roundsMax; round++) {
    const reply = world.server.handler.step(request, answers as Answers)
    if (reply.is !== 'asks') return reply
    for (const { id, what, input } of reply.asks) answers.set(id, what === 'webhook' || what === 'convert' ? { is: 'answered', text: reviewed(random, input) } : { is: 'invalid', why: 'fuzz' })
  }
  return undefined
}

/** What a webhook answers that is nearly right, or not at all. */
function reviewed(random: Random, input: unknown): string {
  const asked = JSON.stringify(input) ?? ''
  const uid = /\\?"uid\\?":\\?"([^"\\]+)/.exec(asked)?.[1] ?? ''
  const patch = Buffer.from(JSON.stringify([{ op: pick(random, ['add', 'replace', 'remove', 'x']), path: pick(random, ['/metadata/labels', '/spec', '/data', '/metadata/name', '/x/y']), value: anyJson(random) }])).toString('base64')
  const answer = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid, allowed: random.chance(0.8), ...(random.chance(0.5) && { patch, patchType: 'JSONPatch' }), ...(random.chance(0.2) && { warnings: [anyJson(random)] }) } }
  const text = JSON.stringify(random.chance(0.2) ? mutated(random, answer) : answer) ?? ''
  return random.chance(0.05) ? brokenText(random, text) : text
}
