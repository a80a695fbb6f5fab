// Makes packages/host/dist: what the published package runs. Called by prepack.
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const host = join(root, 'packages/host')
const out = join(host, 'dist')
const own = JSON.parse(readFileSync(join(host, 'package.json'), 'utf8')) as { readonly dependencies: Readonly<Record<string, string>> }
const core = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8')) as { readonly dependencies: Readonly<Record<string, string>> }

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
await build({
  entryPoints: { skiff: join(host, 'commands/main.ts'), agent: join(host, 'agent/main.ts'), index: join(host, 'index.ts') },
  outdir: out, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node26', minifySyntax: true, legalComments: 'none',
  // Installed beside it: native code, and libraries that are loaded only when they are needed.
  external: Object.keys(own.dependencies).filter((name) => !(name in core.dependencies)),
  chunkNames: 'chunks/[name]-[hash]',
})
execFileSync(join(root, 'node_modules/.bin/tsc'), [
  '--project', root, '--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rewriteRelativeImportExtensions', '--outDir', join(out, 'types'),
], { stdio: 'inherit' })
// Declarations name core as a package, which is not published: name the declarations beside them instead.
for (const file of globSync('types/packages/host/**/*.d.ts', { cwd: out })) {
  const path = join(out, file)
  const toCore = relative(dirname(path), join(out, 'types/packages/core'))
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/'@kubeskiff\/core\/(\w+)'/g, (_name, folder: string) => `'${toCore}/${folder}/index.js'`))
}
for (const file of ['LICENSE', 'README.md']) cpSync(join(root, file), join(host, file))
cpSync(join(root, 'examples'), join(out, '../examples'), { recursive: true })
