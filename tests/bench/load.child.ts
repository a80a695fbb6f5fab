// The client's side: a process of its own, told what to do by its parent.
import { Line } from './connection.ts'
import type { Load, Result } from './load.ts'
import { aConfigMap, aPod } from './manifests.ts'
import type { Target } from './world.ts'

process.once('message', (message) => {
  const { target, load } = message as { readonly target: Target; readonly load: Load }
  carryOut(target, load).then((result) => { process.send?.(result, () => { process.exit(0) }) }, (error: unknown) => { console.error(error); process.exit(1) })
})

function carryOut(target: Target, load: Load): Promise<Result> {
  switch (load.is) {
    case 'create': return create(target, load)
    case 'run': return run(target, load)
    case 'get': return get(target, load)
    case 'fan out': return fanOut(target, load)
    case 'apply': return apply(target, load)
    case 'deliver': return deliver(target, load)
  }
}

const openLines = (target: Target, count: number): Promise<readonly Line[]> => Promise.all(Array.from({ length: count }, () => Line.open(target)))

/** Shares `count` pieces of work between lines, each one at a time. */
async function share(lines: readonly Line[], count: number, act: (line: Line, index: number) => Promise<void>): Promise<readonly number[]> {
  const each: number[] = []
  let next = 0
  await Promise.all(lines.map(async (line) => {
    while (next < count) {
      const began = performance.now()
      await act(line, next++)
      each.push(performance.now() - began)
    }
  }))
  return each
}

async function create(target: Target, { what, prefix, count, writers }: Pick<Extract<Load, { readonly is: 'create' }>, 'what' | 'prefix' | 'count' | 'writers'>): Promise<Result> {
  const lines = await openLines(target, writers)
  const bodyOf = what === 'pods' ? aPod : aConfigMap
  const bodies = Array.from({ length: count }, (_, index) => JSON.stringify(bodyOf(`${prefix}${index}`)))
  const began = performance.now()
  const each = await share(lines, count, async (line, index) => {
    const { status, body } = await line.request('POST', `/api/v1/namespaces/default/${what}`, bodies[index])
    if (status !== 201) throw new Error(body.toString())
  })
  return { ms: performance.now() - began, each, bytes: bodies.reduce((sum, body) => sum + body.length, 0) }
}

async function run(target: Target, load: Extract<Load, { readonly is: 'run' }>): Promise<Result> {
  const watch = await Line.open(target)
  const running = new Set<string>()
  let bytes = 0
  let rest = ''
  let began = 0
  const all = new Promise<number>((resolve) => {
    watch.stream('/api/v1/namespaces/default/pods?watch=true', (chunk) => {
      bytes += chunk.length
      const lines = (rest + chunk.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (!line.includes('"phase":"Running"')) continue
        const name = /"name":"([^"]+)"/.exec(line)?.[1]
        if (name === undefined || !name.startsWith(load.prefix) || running.has(name)) continue
        running.add(name)
        if (running.size === load.count) resolve(performance.now() - began)
      }
    })
  })
  began = performance.now()
  const { each } = await create(target, { what: 'pods', ...load })
  const ms = await all
  return { ms, each, bytes }
}

async function get(target: Target, { path, times, accept }: Extract<Load, { readonly is: 'get' }>): Promise<Result> {
  const line = await Line.open(target)
  let bytes = 0
  const began = performance.now()
  const each = await share([line], times, async () => {
    const { status, body } = await line.request('GET', path, '', undefined, accept)
    if (status !== 200) throw new Error(body.toString())
    bytes += body.length
  })
  return { ms: performance.now() - began, each, bytes }
}

async function apply(target: Target, { objects, count, writers }: Extract<Load, { readonly is: 'apply' }>): Promise<Result> {
  const lines = await openLines(target, writers)
  const began = performance.now()
  const each = await share(lines, count, async (line, index) => {
    const name = `applied-${index % objects}`
    const { status, body } = await line.request('PATCH', `/api/v1/namespaces/default/configmaps/${name}?fieldManager=bench&force=true`, JSON.stringify({ ...aConfigMap(name), data: { count: String(index), text: 'x'.repeat(900) } }), 'application/apply-patch+yaml')
    if (status !== 200 && status !== 201) throw new Error(body.toString())
  })
  return { ms: performance.now() - began, each, bytes: 0 }
}

/** Opens watches of one ConfigMap; `onFrames` is told how many events have come. */
async function watching(target: Target, writer: Line, watchers: number, onFrames: (frames: number, bytes: number) => void): Promise<void> {
  await writer.request('POST', '/api/v1/namespaces/default/configmaps', JSON.stringify(aConfigMap('watched')))
  const answer = await writer.request('GET', '/api/v1/namespaces/default/configmaps/watched')
  const { resourceVersion } = (JSON.parse(answer.body.toString()) as { readonly metadata: { readonly resourceVersion: string } }).metadata
  // Opened a few at a time: a handshake costs the server more than an event does.
  for (let opened = 0; opened < watchers; opened += 50) {
    const lines = await openLines(target, Math.min(50, watchers - opened))
    for (const line of lines) {
      line.stream(`/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3Dwatched&resourceVersion=${resourceVersion}`, (chunk) => {
        let frames = 0
        for (let at = chunk.indexOf(frameEnd); at >= 0; at = chunk.indexOf(frameEnd, at + 1)) frames++
        onFrames(frames, chunk.length)
      })
    }
  }
  await new Promise((resolve) => { setTimeout(resolve, 200) })
}
const change = async (line: Line, index: number): Promise<void> => {
  const { status, body } = await line.request('PATCH', '/api/v1/namespaces/default/configmaps/watched', JSON.stringify({ data: { count: String(index) } }), 'application/merge-patch+json')
  if (status !== 200) throw new Error(body.toString())
}

async function deliver(target: Target, { watchers, changes }: Extract<Load, { readonly is: 'deliver' }>): Promise<Result> {
  const writer = await Line.open(target)
  let frames = 0
  let shown: () => void = () => {}
  await watching(target, writer, watchers, (more) => { frames += more; if (frames === watchers) shown() })
  const began = performance.now()
  const each: number[] = []
  for (let index = 0; index < changes; index++) {
    frames = 0
    const all = new Promise<void>((resolve) => { shown = resolve })
    const sent = performance.now()
    await Promise.all([change(writer, index), all])
    each.push(performance.now() - sent)
  }
  return { ms: performance.now() - began, each, bytes: 0 }
}

async function fanOut(target: Target, { watchers, changes, writers }: Extract<Load, { readonly is: 'fan out' }>): Promise<Result> {
  const [first, ...others] = await openLines(target, writers)
  if (first === undefined) throw new Error('nobody writes')
  let bytes = 0
  let frames = 0
  const wanted = watchers * changes
  let done: () => void = () => {}
  const all = new Promise<void>((resolve) => { done = resolve })
  await watching(target, first, watchers, (more, size) => { frames += more; bytes += size; if (frames === wanted) done() })
  const began = performance.now()
  const each = await share([first, ...others], changes, change)
  await all
  return { ms: performance.now() - began, each, bytes }
}
/** How each frame's JSON ends; chunk headers hold no brace. */
const frameEnd = Buffer.from('}}\n')
