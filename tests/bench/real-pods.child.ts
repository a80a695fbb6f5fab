// Inside the namespaces of a cluster of real nodes: creates pods and tells when a watch shows them Running. Prints one JSON line.
import { readFileSync } from 'node:fs'
import { Line } from './connection.ts'
import type { Target } from './world.ts'

const [file = '', image = '', oneByOne = '0', together = '0'] = process.argv.slice(2)
const config = readFileSync(file, 'utf8')
const pem = (name: string): string => Buffer.from(new RegExp(`${name}: (\\S+)`).exec(config)?.[1] ?? '', 'base64').toString()
const target: Target = { port: Number(/server: "?https:\/\/[^:]+:(\d+)/.exec(config)?.[1]), authority: pem('certificate-authority-data'), certificate: pem('client-certificate-data'), key: pem('client-key-data') }

const path = '/api/v1/namespaces/default/pods'
const watch = await Line.open(target)
const writer = await Line.open(target)
const running = new Map<string, () => void>()
let rest = ''
watch.stream(`${path}?watch=true`, (chunk) => {
  const lines = (rest + chunk.toString('latin1')).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) if (line.includes('"phase":"Running"')) running.get(/"name":"([^"]+)"/.exec(line)?.[1] ?? '')?.()
})

/** Creates a pod; resolves when it was taken, with what resolves when it runs. */
async function create(name: string): Promise<{ readonly runs: Promise<void> }> {
  const runs = new Promise<void>((resolve) => { running.set(name, resolve) })
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, command: ['sleep', '100000'] }] } }
  const { status, body } = await writer.request('POST', path, JSON.stringify(pod))
  if (status !== 201) throw new Error(body.toString())
  return { runs }
}
/** Milliseconds from the create to Running. */
async function run(name: string): Promise<number> {
  const began = performance.now()
  await (await create(name)).runs
  return performance.now() - began
}
const remove = async (name: string): Promise<void> => { await writer.request('DELETE', `${path}/${name}?gracePeriodSeconds=0`) }

await run('warm')
await remove('warm')
const each: number[] = []
for (let index = 0; index < Number(oneByOne); index++) {
  each.push(await run(`one-${index}`))
  await remove(`one-${index}`)
}
await new Promise((resolve) => { setTimeout(resolve, 2000) })
const began = performance.now()
const all: Promise<void>[] = []
for (let index = 0; index < Number(together); index++) all.push((await create(`all-${index}`)).runs)
await Promise.all(all)
console.log(JSON.stringify({ each, togetherMs: performance.now() - began }))
for (let index = 0; index < Number(together); index++) await remove(`all-${index}`)
process.exit(0)
