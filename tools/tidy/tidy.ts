import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { banned, bannedInCore, type Ban, emptyNames, layers, linesMax, mayAwait } from './rules.ts'

const core = 'packages/core/'
const rank = (folder: string): number => layers.findIndex((row) => row.includes(folder))
const folderOf = (path: string): string => path.slice(core.length).split('/')[0] ?? ''

/** Every fault in the shape of the code below `root`, as 'path:line: what, instead'. */
export function tidy(root: string): readonly string[] {
  const paths = globSync(['packages/**/*.ts', 'tools/**/*.ts', 'tests/**/*.ts'], { cwd: root })
    .filter((path) => !/node_modules|\/generated\/|\/dist\//.test(path)).sort()
  return paths.flatMap((path) => faultsOf(path, readFileSync(join(root, path), 'utf8')))
}

/** The faults of one file. */
export function faultsOf(path: string, text: string): readonly string[] {
  const test = /\.(test|conformance|bench)\.ts$/.test(path)
  const rules = path.startsWith('tools/tidy/')
  const code = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).replace(/(^|\s)\/\/.*$/gm, '$1')
  const lines = text.split('\n').length
  return [
    ...(lines > linesMax && !test ? [`${path}: ${lines} lines, at most ${linesMax}: it is about more than one thing`] : []),
    ...(emptyNames.test(path) ? [`${path}: the name says nothing: call it by what it is about`] : []),
    ...(rules ? [] : banned.flatMap((ban) => hits(path, code, ban))),
    ...(path.startsWith(core) && !test ? coreFaults(path, code) : []),
  ]
}

function coreFaults(path: string, code: string): readonly string[] {
  const bans = bannedInCore.filter((ban) => !(path in mayAwait) || !ban.pattern.source.includes('await'))
  const from = folderOf(path)
  const imports = [...code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')
  return [
    ...bans.flatMap((ban) => hits(path, code, ban)),
    ...imports.filter((name) => name.startsWith('node:')).map((name) => `${path}: imports ${name}: core is portable`),
    ...imports.filter((name) => name.startsWith('.')).flatMap((name) => {
      const target = normalize(join(dirname(path), name))
      if (!target.startsWith(core)) return [`${path}: imports ${name}: nothing outside core`]
      const to = folderOf(target)
      const allowed = to === from || rank(to) < rank(from)
      return allowed ? [] : [`${path}: ${from} must not import ${to}`]
    }),
  ]
}

function hits(path: string, code: string, ban: Ban): readonly string[] {
  const at = code.search(ban.pattern)
  if (at < 0) return []
  return [`${path}:${code.slice(0, at).split('\n').length}: ${ban.pattern.exec(code)?.[0].trim()}: ${ban.instead}`]
}
