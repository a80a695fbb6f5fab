import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Measure, Scenario } from '../scenario.ts'
import { cpuPercent, end, pssMegabytes, ready, skiff } from '../skiff.ts'

const starts = 10
/** Simulated nodes are given their leases 5 s after a start: 5,000 of them take a while, which is no idleness. */
const settleMs = 15_000
const idleSeconds = 20

const freePort = (): Promise<number> => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => { resolve(typeof address === 'object' && address !== null ? address.port : 0) })
  })
})

async function idle(nodes: number, port: number): Promise<{ readonly first: number; readonly warm: readonly number[]; readonly pss: number; readonly cpu: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-bench-'))
  const up = (): ChildProcess => spawn(process.execPath, [skiff.entry, 'up', '--bare', '--runtime', 'simulated', '--pace', 'instant', '--simulate', String(nodes), '--data-dir', folder, '--port', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let child = up()
  const first = await ready(child)
  const warm: number[] = []
  for (let start = 0; start < starts; start++) {
    await end(child)
    child = up()
    warm.push(await ready(child))
  }
  await new Promise((resolve) => { setTimeout(resolve, settleMs) })
  const pid = child.pid ?? 0
  const pss = pssMegabytes(pid)
  const cpu = await cpuPercent(pid, idleSeconds)
  await end(child)
  rmSync(folder, { recursive: true, force: true })
  return { first, warm, pss, cpu }
}

export const scenario: Scenario = {
  name: 'start',
  about: '`skiff up` with simulated nodes: from the start of the process to nodes Ready, and what it takes when idle',
  skip: () => (process.platform === 'linux' ? undefined : 'memory and CPU are read from /proc'),
  async run(): Promise<readonly Measure[]> {
    const port = await freePort()
    const three = await idle(3, port)
    const many = await idle(5000, port)
    return [
      { what: `first start, 3 nodes (${skiff.form})`, unit: 'ms', runs: [three.first] },
      { what: 'warm start, 3 nodes', unit: 'ms', runs: three.warm, aim: '≤ 400' },
      { what: 'idle memory (PSS), 3 nodes', unit: 'MB', runs: [three.pss], aim: '≤ 100' },
      { what: 'idle CPU, 3 nodes', unit: '%', runs: [three.cpu], aim: '≤ 0.1' },
      { what: 'warm start, 5,000 nodes', unit: 'ms', runs: many.warm },
      { what: 'idle memory (PSS), 5,000 nodes', unit: 'MB', runs: [many.pss], aim: '≤ 400' },
      { what: 'idle CPU, 5,000 nodes', unit: '%', runs: [many.cpu], aim: '≤ 0.1' },
    ]
  },
}
