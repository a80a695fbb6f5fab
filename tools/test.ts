// Runs the tests: `npm test` all of them, `npm run unit` those without real containers and stock clients.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { canInstall, installPackages, missingPackages, whyNoRealNodes } from '../packages/host/daemon/debian-packages.ts'

const root = join(import.meta.dirname, '..')
interface Group { readonly name: string; readonly files: readonly string[]; readonly concurrency: number; readonly timeoutMs: number }

const every = globSync(['packages/**/*.test.ts', 'tools/**/*.test.ts', 'tests/**/*.test.ts'], { cwd: root }).filter((path) => !/node_modules|^packages\/host\/examples\//.test(path)).sort()
const isReal = (path: string): boolean => path.endsWith('.real.test.ts')
/** Real containers and stock clients share the machine's kernel: one file at a time. */
const groups: readonly Group[] = [
  { name: 'unit', files: every.filter((path) => !isReal(path) && !path.startsWith('tests/')), concurrency: 2, timeoutMs: 300_000 },
  { name: 'clients', files: every.filter((path) => !isReal(path) && path.startsWith('tests/')), concurrency: 1, timeoutMs: 600_000 },
  { name: 'real', files: every.filter(isReal), concurrency: 1, timeoutMs: 900_000 },
]

/** Root on a fresh Debian machine gets the packages that real containers need; elsewhere those tests are skipped, with the reason. */
async function prepareRealNodes(): Promise<void> {
  const missing = whyNoRealNodes() === undefined ? missingPackages() : []
  const say = (line: string): void => { console.log(line) }
  if (missing.length > 0 && canInstall()) await installPackages(missing, say)
  const withoutPlugins = !['/usr/lib/cni', '/opt/cni/bin'].some((folder) => existsSync(join(folder, 'bridge')))
  // One test file is about them; where they can't be had it is skipped.
  if (whyNoRealNodes() === undefined && withoutPlugins && canInstall()) await installPackages(['containernetworking-plugins'], say).catch((error: unknown) => { say(String(error)) })
}

const asked = process.argv.slice(2)
const counts = { passed: 0, failed: 0, skipped: 0 }
const scratch = mkdtempSync(join(tmpdir(), 'skiff-test-'))
let broken = false
for (const group of groups) {
  if (group.files.length === 0 || (asked.length > 0 && !asked.includes(group.name))) continue
  console.log(`\n== ${group.name}: ${group.files.length} files`)
  if (group.name === 'real') await prepareRealNodes()
  const results = join(scratch, group.name)
  const run = spawnSync(process.execPath, [
    '--test', `--test-concurrency=${group.concurrency}`, `--test-timeout=${group.timeoutMs}`,
    '--test-reporter=dot', '--test-reporter-destination=stdout',
    `--test-reporter=${join(root, 'tools/count-reporter.ts')}`, `--test-reporter-destination=${results}`,
    ...group.files,
  ], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (run.status !== 0) broken = true
  const lines = existsSync(results) ? readFileSync(results, 'utf8').split('\n').filter((line) => line !== '') : []
  for (const line of lines) {
    const { result, name, file, why } = JSON.parse(line) as { result: keyof typeof counts; name: string; file: string; why?: unknown }
    counts[result]++
    if (result !== 'passed') console.log(`${result}: ${name} (${relative(root, file)})${typeof why === 'string' ? `: ${why}` : ''}`)
  }
}
rmSync(scratch, { recursive: true, force: true })
// A file that dies before its first test fails the run without a failed test: count it as one.
if (broken && counts.failed === 0) counts.failed = 1
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0
