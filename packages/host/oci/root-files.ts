import { lstatSync, readFileSync, readlinkSync } from 'node:fs'

const linkLimit = 40

/** The path on this machine of a path inside a root file system; links are followed inside the root only. Undefined when it is not there. */
export function pathInRoot(root: string, path: string): string | undefined {
  const { done, rest } = followed(root, path)
  return rest.length === 0 ? [root, ...done].join('/') : undefined
}

/** The same, also of what is not there yet: links are followed as far as there are any. */
export function placeInRoot(root: string, path: string): string {
  const { done, rest } = followed(root, path)
  return [root, ...done, ...rest.filter((part) => part !== '.' && part !== '..')].join('/')
}

/** The part of a path that is there, its links followed, and the part that is not. */
function followed(root: string, path: string): { readonly done: readonly string[]; readonly rest: readonly string[] } {
  let rest = path.split('/').filter((part) => part !== '')
  let done: string[] = []
  for (let links = 0; rest.length > 0;) {
    const [part = '', ...more] = rest
    if (part === '.' || part === '..') {
      rest = more
      if (part === '..') done = done.slice(0, -1)
      continue
    }
    const here = [root, ...done, part].join('/')
    const found = lstatSync(here, { throwIfNoEntry: false })
    if (found === undefined) return { done, rest }
    rest = more
    if (!found.isSymbolicLink()) {
      done = [...done, part]
      continue
    }
    links += 1
    if (links > linkLimit) return { done, rest: [part, ...rest] }
    const target = readlinkSync(here)
    if (target.startsWith('/')) done = []
    rest = [...target.split('/').filter((one) => one !== ''), ...rest]
  }
  return { done, rest }
}

/** The text of a file inside a root file system; '' when it is not there. */
export function readInRoot(root: string, path: string): string {
  const found = pathInRoot(root, path)
  return found === undefined || !lstatSync(found).isFile() ? '' : readFileSync(found, 'utf8')
}
