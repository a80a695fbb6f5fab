// npm run bench -- [name…]: measures, each scenario in a process of its own, and prints one table. Nothing here passes or fails.
import { fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Measure, Scenario } from './scenario.ts'
import { type Row, table } from './table.ts'

const folder = join(import.meta.dirname, 'scenarios')
const files = readdirSync(folder).filter((file) => file.endsWith('.ts')).sort()
const scenarios = await Promise.all(files.map(async (file) => ({ file: join(folder, file), scenario: ((await import(join(folder, file))) as { readonly scenario: Scenario }).scenario })))
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !scenarios.some(({ scenario }) => scenario.name === name))
if (unknown.length > 0 || wanted.includes('--help')) {
  console.error(`there is no scenario ${unknown.join(', ')}; there are:\n${scenarios.map(({ scenario }) => `  ${scenario.name.padEnd(12)} ${scenario.about}`).join('\n')}`)
  process.exit(2)
}

console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`.replace('Linux', process.platform === 'linux' ? 'Linux' : process.platform))
const rows: Row[] = []
for (const { file, scenario } of scenarios) {
  if (wanted.length > 0 && !wanted.includes(scenario.name)) continue
  const why = scenario.skip?.()
  if (why !== undefined) { console.error(`${scenario.name}: left out, ${why}`); continue }
  process.stderr.write(`${scenario.name}: ${scenario.about} … `)
  const began = performance.now()
  const measures = await measure(file)
  process.stderr.write(`${measures === undefined ? 'FAILED' : 'done'} in ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
  if (measures === undefined) { process.exitCode = 1; continue }
  rows.push(...measures.map((each) => ({ scenario: scenario.name, measure: each })))
}
if (rows.length > 0) console.log(table(rows))

/** Runs one scenario in a child; undefined when it broke, which the child has told on stderr. */
function measure(file: string): Promise<readonly Measure[] | undefined> {
  return new Promise((resolve) => {
    let measures: readonly Measure[] | undefined
    const child = fork(join(import.meta.dirname, 'one.child.ts'), [file], { execArgv: ['--expose-gc', '--max-old-space-size=6000'] })
    child.on('message', (message) => { measures = message as readonly Measure[] })
    child.on('exit', () => { resolve(measures) })
  })
}
