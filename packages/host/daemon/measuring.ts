import type { Ask } from '@kubeskiff/core/api'
import { isRefusal } from '@kubeskiff/core/api'
import type { MeasuredNode, MeasuredUse } from '@kubeskiff/core/rules'
import type { AgentHub } from '../agent-link/index.ts'
import type { Summary } from '../metrics/index.ts'
import { textOf } from './texts.ts'

/** As metrics-server's resolution: a node is asked no more often. */
const keptMs = 15_000

/** Asks the kubelets of real nodes what is used there, when somebody wants to know; what they said is good for a while. */
export function createMeasuring(options: { readonly askKubelet: AgentHub['askKubelet']; readonly now: () => number }): (nodes: readonly string[]) => Promise<MeasuredUse> {
  const { askKubelet, now } = options
  const known = new Map<string, { readonly at: number; readonly told: Promise<MeasuredNode | undefined> }>()
  const ask = (node: string): Promise<MeasuredNode | undefined> => {
    const last = known.get(node)
    if (last !== undefined && now() - last.at < keptMs) return last.told
    const told = askOne(askKubelet, node, now).catch(() => undefined) // it cannot be reached, or answers nonsense: nothing is known of it
    known.set(node, { at: now(), told })
    // Who did not tell may be asked again at once.
    void told.then((found) => { if (found === undefined && known.get(node)?.told === told) known.delete(node) })
    return told
  }
  return async (nodes) => {
    for (const node of known.keys()) if (!nodes.includes(node)) known.delete(node)
    const told = await Promise.all(nodes.map(async (node) => [node, await ask(node)] as const))
    return new Map(told.flatMap(([node, found]) => (found === undefined ? [] : [[node, found] as const])))
  }
}

/** Answers `metrics`, and all else as `answer` does. */
export const withMeasures = (measure: (nodes: readonly string[]) => Promise<MeasuredUse>, answer: (ask: Ask) => Promise<unknown>) => (ask: Ask): Promise<unknown> =>
  (ask.what === 'metrics' ? measure((ask.input as { readonly nodes: readonly string[] }).nodes) : answer(ask)) // the core asks so: rules/measured-use.ts

async function askOne(askKubelet: AgentHub['askKubelet'], node: string, now: () => number): Promise<MeasuredNode | undefined> {
  const answer = await askKubelet(node, { method: 'GET', path: '/stats/summary', query: 'only_cpu_and_memory=true' })
  if (isRefusal(answer) || answer.status !== 200) return undefined
  const { node: whole, pods } = JSON.parse(await textOf(answer.body)) as Summary // our own agent wrote it
  // What was read once only has no rate yet: as metrics-server, it is not told.
  const use = ({ cpu, memory }: Summary['node'] | Summary['pods'][number]['containers'][number]): readonly { readonly cpu: number; readonly memory: number }[] =>
    (cpu?.usageNanoCores === undefined || memory === undefined ? [] : [{ cpu: cpu.usageNanoCores / 1e6, memory: memory.workingSetBytes }])
  const [own] = use(whole)
  if (own === undefined) return undefined
  return {
    at: now(), ...own,
    pods: new Map(pods.flatMap(({ podRef, containers }) => {
      const uses = containers.flatMap((container) => use(container).map((one) => ({ name: container.name, ...one })))
      // As metrics-server: a pod of which a container is not measured yet is not either.
      return uses.length === 0 || uses.length < containers.length ? [] : [[podRef.uid, uses] as const]
    })),
  }
}
