// Makes packages/core/api/generated: what Skiff takes from published descriptions of the Kubernetes API.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateTypes } from './types.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const out = join(root, 'packages/core/api/generated')
mkdirSync(out, { recursive: true })
const client = dirname(fileURLToPath(import.meta.resolve('@kubernetes/client-node')))
writeFileSync(join(out, 'types.ts'), generateTypes(join(client, 'gen/models')))
