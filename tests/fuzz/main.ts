// npm run fuzz -- [--requests N] [--seed S]: a million requests by default. Prints each finding with its seed; ends with 1 when there is one.
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'

const { values } = parseArgs({ options: { requests: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } } })
const [requests, seed] = [Number(values.requests), Number(values.seed)]
if (!Number.isSafeInteger(requests) || requests < 1 || !Number.isSafeInteger(seed)) { console.error('--requests and --seed take whole numbers'); process.exit(2) }
const every = 50_000
const heapMb = (): number => { (globalThis as { gc?: () => void }).gc?.(); return process.memoryUsage().heapUsed / 2 ** 20 }
const began = performance.now()
const first = heapMb()
const summary = fuzz({
  seed, requests, now: () => performance.now(),
  onProgress: (done) => { if (done > 0 && done % every === 0) console.log(`${done} requests, ${(done / (performance.now() - began) * 1000).toFixed(0)}/s, heap ${heapMb().toFixed(0)} MB (at first ${first.toFixed(0)})`) },
})
const kinds = new Map<string, number>()
for (const { seed: of, at, request, what } of summary.findings) {
  const kind = what.replaceAll(/\d+/g, 'N').slice(0, 160)
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  if (kinds.get(kind) === 1) console.log(`\nseed ${of}, request ${at}: ${what}\n  ${request}`)
}
console.log(`\n${summary.requests} requests in ${((performance.now() - began) / 1000).toFixed(0)} s: ${[...summary.statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`).join(', ')}`)
console.log(`slowest ${summary.slowestMs.toFixed(0)} ms: ${summary.slowest.slice(0, 200)}`)
console.log(`${summary.findings.length} findings of ${kinds.size} sorts; heap ${heapMb().toFixed(0)} MB`)
process.exitCode = summary.findings.length > 0 ? 1 : 0
