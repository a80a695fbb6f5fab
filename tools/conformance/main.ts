// Writes docs/conformance.md.
import { writeFileSync } from 'node:fs'
import { conformance, page } from './conformance.ts'

writeFileSync(page, conformance())
