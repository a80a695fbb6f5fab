// Runs the scenario in the file that is named, and tells the parent what was measured.
import type { Scenario } from './scenario.ts'

const { scenario } = (await import(process.argv[2] ?? '')) as { readonly scenario: Scenario }
try {
  const measures = await scenario.run()
  process.send?.(measures, () => { process.exit(0) })
} catch (error) {
  console.error(error)
  process.exit(1)
}
