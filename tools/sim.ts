// npm run sim -- --seeds 1000 [--steps 400] [--from 1]: many runs. --seed N: one run, told in full. --bugs: each planted bug must be found.
import { parseArgs } from 'node:util'
import { plantedBugs, report, shortest, simulate } from '../packages/core/simulator/index.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, seed: { type: 'string' }, steps: { type: 'string', default: '400' }, from: { type: 'string', default: '1' }, bugs: { type: 'boolean', default: false } },
})
const steps = whole('steps', values.steps)
if (values.bugs) findBugs()
else if (values.seed !== undefined) one(whole('seed', values.seed))
else many(whole('from', values.from), whole('seeds', values.seeds ?? '100'))

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) {
    console.error(`--${name} is a whole number, not '${text}'`)
    process.exit(2)
  }
  return Number(text)
}

function one(seed: number): void {
  const run = simulate({ seed, steps })
  console.log(report(run))
  if (run.failure !== undefined) process.exitCode = 1
}

function many(from: number, count: number): void {
  const began = performance.now()
  let commits = 0
  for (let seed = from; seed < from + count; seed++) {
    const run = simulate({ seed, steps })
    commits += run.commits
    if (run.failure !== undefined) {
      console.log(report(shortest(run)))
      process.exitCode = 1
      return
    }
    if ((seed - from + 1) % 100 === 0) console.log(`${seed - from + 1} of ${count} seeds are fine`)
  }
  console.log(`${count} seeds from ${from}, ${steps} steps each: all invariants held over ${commits} commits (${((performance.now() - began) / 1000).toFixed(1)} s)`)
}

function findBugs(): void {
  for (const bug of plantedBugs) {
    const found = firstSeed(100, (seed) => simulate({ seed, steps, bug }).failure?.invariant === bug.catches)
    console.log(found === undefined ? `NOT FOUND in 100 seeds: ${bug.name}` : `found by seed ${found}: ${bug.name}`)
    if (found === undefined) process.exitCode = 1
  }
}

function firstSeed(most: number, fails: (seed: number) => boolean): number | undefined {
  for (let seed = 1; seed <= most; seed++) if (fails(seed)) return seed
  return undefined
}
