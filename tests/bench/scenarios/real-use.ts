import { join } from 'node:path'
import { Playground, whyNoContainers } from '../../e2e/playground.ts'
import type { Measure, Scenario } from '../scenario.ts'
import { end, pssMegabytes, ready, skiff } from '../skiff.ts'

const image = 'localhost/skiff/tools:1'
const idlePods = 40
const settleMs = 3000

export const scenario: Scenario = {
  name: 'real-use',
  about: 'real pods at work: exec, logs, deleting, connections through a Service beside straight ones, names, memory of idle pods, rules of 1,000 Services',
  skip: whyNoContainers,
  async run(): Promise<readonly Measure[]> {
    const ground = new Playground()
    try {
      await ground.ready()
      const built = ground.buildImage([image, '--package', 'busybox-static', '--package', 'perl-base'])
      if (built.code !== 0) throw new Error(built.err)
      const child = ground.start([process.execPath, skiff.entry, 'up', '--bare', '--nodes', '2', '--data-dir', ground.dataDir])
      await ready(child)
      const tell = (what: string): unknown => {
        const run = ground.run([process.execPath, join(import.meta.dirname, '../real-use.child.ts'), ground.dataDir, image, what], { timeoutMs: 300_000 })
        if (run.code !== 0) throw new Error(run.err)
        return JSON.parse(run.out)
      }
      const used = tell('use') as { readonly exec: readonly number[]; readonly deletes: readonly number[]; readonly logs: readonly number[]; readonly straight: readonly number[]; readonly service: readonly number[]; readonly names: readonly number[] }
      const before = pssMegabytes(child.pid ?? 0) + monitors(ground)
      tell(`idle ${idlePods}`)
      await new Promise((resolve) => { setTimeout(resolve, settleMs) })
      const perPod = (pssMegabytes(child.pid ?? 0) + monitors(ground) - before) / idlePods
      const rules = tell('rules') as { readonly before: readonly number[]; readonly after: readonly number[] }
      await end(child)
      return [
        { what: 'exec of `true`, round trip', unit: 'ms', runs: used.exec },
        { what: 'a pod that ends at once, delete to gone', unit: 'ms', runs: used.deletes },
        { what: 'log of 40 MB read through the API', unit: 'MB/s', runs: used.logs },
        { what: 'connections one after another, through a Service', unit: '1/s', runs: used.service, beside: { what: 'straight to the pod', runs: used.straight } },
        { what: 'names asked one after another', unit: '1/s', runs: used.names },
        { what: 'memory (PSS) of one idle pod, all of our processes', unit: 'MB', runs: [perPod] },
        { what: 'a new Service answers, beside 1,000 Services of 10 endpoints', unit: 'ms', runs: rules.after, beside: { what: 'beside none', runs: rules.before } },
      ]
    } finally { ground.close() }
  },
}

/** Monitors of containers are nobody's children: found by the folder that they name. */
const monitors = (ground: Playground): number => ground.processes().filter(({ command }) => command.includes('conmon')).reduce((sum, { pid }) => sum + pssMegabytes(pid), 0)
