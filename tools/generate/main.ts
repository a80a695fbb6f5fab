// Makes packages/core/api/generated: what Skiff takes from published descriptions of the Kubernetes API.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { definitionsModule, descriptionsModule, readSchema } from './schema.ts'
import { generateTypes } from './types.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const out = join(root, 'packages/core/api/generated')
mkdirSync(out, { recursive: true })
const schema = readSchema()
writeFileSync(join(out, 'types.ts'), generateTypes(schema.folders.models))
writeFileSync(join(out, 'definitions.ts'), definitionsModule(schema))
writeFileSync(join(out, 'descriptions.ts'), descriptionsModule(schema))
