import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { banned, bannedInCore, type Ban, emptyNames, layers, linesMax, mayAwait, plainNames } from './rules.ts'

const core = 'packages/core/'

/** Every fault in the shape of the code below `root`, as 'path:line: what, instead'. */
export function tidy(root: string): readonly string[] {
  const paths = globSync(['packages/**/*.ts', 'tools/**/*.ts', 'tests/**/*.ts'], { cwd: root })
    .filter((path) => !/node_modules|\/generated\/|\/dist\/|^packages\/host\/examples\//.test(path)).sort()
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
    ...(plainNames.test(basename(path)) ? [] : [`${path}: names of files are lower-case words joined by '-'`]),
    ...(emptyNames.test(path) ? [`${path}: the name says nothing: call it by what it is about`] : []),
    ...(rules ? [] : banned.flatMap((ban) => hits(path, code, ban))),
    ...(test ? [] : layerFaults(path, code)),
    ...(path.startsWith(core) && !test ? coreFaults(path, code) : []),
  ]
}

const importsOf = (code: string): readonly string[] => [...code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')

function coreFaults(path: string, code: string): readonly string[] {
  const bans = bannedInCore.filter((ban) => !(path in mayAwait) || !ban.pattern.source.includes('await'))
  const imports = importsOf(code)
  return [
    ...bans.flatMap((ban) => hits(path, code, ban)),
    ...imports.filter((name) => name.startsWith('node:')).map((name) => `${path}: imports ${name}: core is portable`),
    ...imports.filter((name) => name.startsWith('.') && !normalize(join(dirname(path), name)).startsWith(core)).map((name) => `${path}: imports ${name}: nothing outside core`),
  ]
}

/** Imports of neighbours that are not lower. */
function layerFaults(path: string, code: string): readonly string[] {
  const [root, rows] = Object.entries(layers).find(([each]) => path.startsWith(each)) ?? []
  if (root === undefined || rows === undefined) return []
  const folderOf = (file: string): string => file.slice(root.length).split('/')[0] ?? ''
  const rank = (folder: string): number => rows.findIndex((row) => row.includes(folder))
  const from = folderOf(path)
  if (from === basename(path)) return []
  if (rank(from) < 0) return [`${path}: ${from} stands in no layer: give it one in tools/tidy/rules.ts`]
  return importsOf(code).filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(path), name))).filter((target) => target.startsWith(root)).flatMap((target) => {
    const to = folderOf(target)
    return to === from || (rank(to) >= 0 && rank(to) < rank(from)) ? [] : [`${path}: ${from} must not import ${to}`]
  })
}

function hits(path: string, code: string, ban: Ban): readonly string[] {
  const at = code.search(ban.pattern)
  if (at < 0) return []
  return [`${path}:${code.slice(0, at).split('\n').length}: ${ban.pattern.exec(code)?.[0].trim()}: ${ban.instead}`]
}
