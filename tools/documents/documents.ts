import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Every Markdown file that people read here, relative to the root. */
export const documentsOf = (root: string): readonly string[] =>
  globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'packages/core/**/*.md', 'tools/**/*.md'], { cwd: root }).filter((path) => !/node_modules/.test(path)).sort()

/** What a document says of files that is not so: links to nothing, and functions named after a link that its file does not have. */
export function faultsOf(root: string, path: string): readonly string[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(/\[[^\]]*\]\(([^)\s]+)\)([^[|]*)/g)].flatMap(([, target = '', after = '']) => {
    if (/^[a-z]+:|^#/.test(target)) return []
    const file = normalize(join(dirname(path), target.replace(/#.*$/, '')))
    if (!existsSync(join(root, file))) return [`${path}: there is no ${file}`]
    if (!file.endsWith('.ts')) return []
    const code = readFileSync(join(root, file), 'utf8')
    const named = [...after.matchAll(/`(\w+)\(\)`/g)].map((match) => match[1] ?? '')
    return named.filter((name) => !new RegExp(`\\b${name}\\b\\s*(=|\\(|<)`).test(code)).map((name) => `${path}: ${file} has no ${name}()`)
  })
}
