// Writes docs/supported.md.
import { writeFileSync } from 'node:fs'
import { page, supported } from './supported.ts'

writeFileSync(page, supported())
