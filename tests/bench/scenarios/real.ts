import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { Playground, whyNoContainers } from '../../e2e/playground.ts'
import { measureContainerd, whyNoContainerd } from '../containerd.ts'
import { type Measure, quantile, type Scenario } from '../scenario.ts'
import { cpuPercent, end, family, pssMegabytes, ready, skiff } from '../skiff.ts'

const starts = 5
const settleMs = 5000
const idleSeconds = 20
const oneByOne = 30
const together = 50
const image = 'localhost/skiff/busybox:1'

export const scenario: Scenario = {
  name: 'real',
  about: '`skiff up` with 3 real nodes in namespaces of their own: start, idle, and pods from create to Running',
  skip: whyNoContainers,
  async run(): Promise<readonly Measure[]> {
    const ground = new Playground()
    try {
      await ground.ready()
      const up = (): ChildProcess => ground.start([process.execPath, skiff.entry, 'up', '--bare', '--nodes', '3', '--data-dir', ground.dataDir])
      // nsenter becomes the command it runs, so the child is skiff itself.
      let child = up()
      const first = await ready(child)
      const built = ground.buildImage([image, '--package', 'busybox-static'])
      if (built.code !== 0) throw new Error(built.err)
      const warm: number[] = []
      for (let start = 0; start < starts; start++) {
        await end(child)
        child = up()
        warm.push(await ready(child))
      }
      await new Promise((resolve) => { setTimeout(resolve, settleMs) })
      const pid = child.pid ?? 0
      const pss = pssMegabytes(pid)
      const processes = family(pid).length
      const cpu = await cpuPercent(pid, idleSeconds)
      const client = ground.run([process.execPath, join(import.meta.dirname, '../real-pods.child.ts'), join(ground.dataDir, 'kubeconfig'), image, String(oneByOne), String(together)], { timeoutMs: 300_000 })
      if (client.code !== 0) throw new Error(client.err)
      const { each, togetherMs } = JSON.parse(client.out) as { readonly each: readonly number[]; readonly togetherMs: number }
      await end(child)
      const peer = whyNoContainerd() === undefined ? measureContainerd(ground, image, oneByOne, together) : undefined
      const beside = (runs: readonly number[] | undefined): Pick<Measure, 'beside'> => (runs === undefined ? {} : { beside: { what: 'containerd through the CRI, without an API', runs } })
      return [
        { what: `first start, 3 nodes (${skiff.form})`, unit: 'ms', runs: [first] },
        { what: 'warm start, 3 nodes', unit: 'ms', runs: warm, aim: '≤ 400' },
        { what: `idle memory (PSS) of ${processes} processes`, unit: 'MB', runs: [pss], aim: '≤ 150' },
        { what: 'idle CPU', unit: '%', runs: [cpu], aim: '≤ 0.5' },
        { what: 'one pod at a time, create to Running', unit: 'ms', runs: each, ...beside(peer?.each), aim: '≤ 60 (p50)' },
        { what: 'p99 of them', unit: 'ms', runs: [quantile(each, 0.99)], aim: '≤ 120' },
        { what: `${together} pods at once, until all run`, unit: 'ms', runs: [togetherMs], ...beside(peer && [peer.togetherMs]), aim: '≤ 1,500' },
      ]
    } finally { ground.close() }
  },
}
