// The one thing to run before a commit: shape, types, unit tests and laws, and some hundred seeds of the simulation.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const steps: readonly (readonly string[])[] = [['tools/test.ts', 'unit'], ['tools/sim.ts', '--seeds', '200']]
for (const step of steps) {
  const run = spawnSync(process.execPath, [...step], { cwd: root, stdio: 'inherit' })
  if (run.status !== 0) { process.exitCode = 1; break }
}
