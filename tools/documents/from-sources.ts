// Lets an example import 'kubeskiff' as its reader would, and run on the sources of this repository.
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const library = pathToFileURL(join(import.meta.dirname, '../../packages/host/index.ts')).href

registerHooks({ resolve: (name, context, next) => (name === 'kubeskiff' ? { url: library, format: 'module-typescript', shortCircuit: true } : next(name, context)) })
