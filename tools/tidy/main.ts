import { join } from 'node:path'
import { tidy } from './tidy.ts'

const faults = tidy(join(import.meta.dirname, '../..'))
for (const fault of faults) console.log(fault)
process.exitCode = faults.length > 0 ? 1 : 0
