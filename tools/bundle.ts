// Makes packages/host/dist: what the published package runs, and its declarations. Called by prepack.
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const host = join(root, 'packages/host')
const out = join(host, 'dist')
const installedBeside = Object.keys((JSON.parse(readFileSync(join(host, 'package.json'), 'utf8')) as { readonly dependencies: Readonly<Record<string, string>> }).dependencies)

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
// The agent is small, and stays so in a bundle of its own: in one with the control plane, files that both need bring with them all that either takes from them.
const bundles = [await bundle({ skiff: join(host, 'commands/main.ts'), index: join(host, 'index.ts') }), await bundle({ agent: join(host, 'agent/main.ts') })]
writeFileSync(join(out, 'licenses.txt'), licensesOf([...bundles, await fillIn()]))
declare(join(out, 'types'))
for (const file of ['LICENSE', 'README.md']) cpSync(join(root, file), join(host, file))
rmSync(join(host, 'examples'), { recursive: true, force: true })
cpSync(join(root, 'examples'), join(host, 'examples'), { recursive: true })

/**
 * An import of node:http or node:crypto reads every export of it, and with some of them Node loads what we never use (a
 * WebSocket client, worker threads): some 40 ms and 5 MB. Asked for as a whole, a module loads what is used.
 */
function builtinsAsTheyAre(): Plugin {
  return {
    name: 'builtins as they are',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^node:/ }, ({ path, kind }) => (kind === 'import-statement' ? { path, namespace: 'builtin' } : { path, external: true }))
      onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule('${path}')`, loader: 'js' }))
    },
  }
}

/** Some of the commands, the node agent and the library; what two of them need stands in chunks beside them, all in one folder. */
async function bundle(entryPoints: Readonly<Record<string, string>>): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints, outdir: out, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node26', minifySyntax: true, legalComments: 'none', metafile: true,
    chunkNames: '[name]-[hash]', logLevel: 'warning',
    external: installedBeside, plugins: [builtinsAsTheyAre()],
    // For Node this library offers only CommonJS, which can't stand in a module: its other form has the same code.
    alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
  })
  return metafile
}

/** What older Nodes lack, run before the library: modules run in the order of their imports, those that await come too late. */
async function fillIn(): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [join(host, 'older-nodes.ts')], outdir: out, bundle: true, format: 'iife', platform: 'node', target: 'node18', minify: true, legalComments: 'none', metafile: true, logLevel: 'warning',
    banner: { js: "if (!('fromBase64' in Uint8Array)) {" }, footer: { js: '}' },
  })
  const library = join(out, 'index.js')
  writeFileSync(library, `import './older-nodes.js'\n${readFileSync(library, 'utf8')}`)
  return metafile
}

/** The licences of the libraries that stand in the bundle ask to be passed on with it. */
function licensesOf(bundles: readonly Metafile[]): string {
  const libraries = new Set(bundles.flatMap(({ inputs }) => Object.keys(inputs)).flatMap((path) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []))
  return [...libraries].sort().map((name) => {
    const [file] = globSync('LICENSE*', { cwd: join(root, 'node_modules', name) })
    if (file === undefined) throw new Error(`${name} has no licence file: bundle another library, or install it beside the bundle`)
    return `${name}\n\n${readFileSync(join(root, 'node_modules', name, file), 'utf8').trim()}\n`
  }).join(`\n${'-'.repeat(80)}\n\n`)
}

/** Declarations of the library and of all that they name. */
function declare(into: string): void {
  const project = join(out, 'tsconfig.json')
  writeFileSync(project, JSON.stringify({
    extends: join(root, 'tsconfig.json'), include: [], files: [join(host, 'index.ts')],
    compilerOptions: {
      paths: { '@kubeskiff/core/*': [join(root, 'packages/core/*/index.ts')] },
      noEmit: false, declaration: true, emitDeclarationOnly: true, rewriteRelativeImportExtensions: true, rootDir: join(root, 'packages'), outDir: into,
    },
  }))
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['--project', project], { stdio: 'inherit' })
  rmSync(project)
  const named = new Set<string>()
  follow(join(into, 'host/index.d.ts'))
  for (const file of globSync('**/*.d.ts', { cwd: into })) if (!named.has(join(into, file))) rmSync(join(into, file))

  function follow(path: string): void {
    if (named.has(path)) return
    named.add(path)
    // Core is no package that anybody could install, and files of this package are .js and .d.ts.
    const text = readFileSync(path, 'utf8').replaceAll(/(?<=(?:from |import\()')([^']+)(?=')/g, (name: string) => {
      const core = /^@kubeskiff\/core\/(\w+)$/.exec(name)?.[1]
      if (core === undefined && !name.startsWith('.')) throw new Error(`${relative(into, path)} names ${name}, which a user of the package may not have`)
      const file = core === undefined ? join(dirname(path), name.replace(/\.[jt]s$/, '')) : join(into, 'core', core, 'index')
      follow(`${file}.d.ts`)
      const from = relative(dirname(path), `${file}.js`)
      return from.startsWith('.') ? from : `./${from}`
    })
    writeFileSync(path, text)
  }
}
