import { lstatSync, readFileSync, readlinkSync } from 'node:fs'

const linkLimit = 40

/** The path on this machine of a path inside a root file system; links are followed inside the root only. Undefined when it is not there. */
export function pathInRoot(root: string, path: string): string | undefined {
  let rest = path.split('/').filter((part) => part !== '')
  let done: string[] = []
  for (let links = 0; rest.length > 0;) {
    const [part = '', ...more] = rest
    rest = more
    if (part === '.') continue
    if (part === '..') {
      done = done.slice(0, -1)
      continue
    }
    const here = [root, ...done, part].join('/')
    const found = lstatSync(here, { throwIfNoEntry: false })
    if (found === undefined) return undefined
    if (!found.isSymbolicLink()) {
      done = [...done, part]
      continue
    }
    links += 1
    if (links > linkLimit) return undefined
    const target = readlinkSync(here)
    if (target.startsWith('/')) done = []
    rest = [...target.split('/').filter((one) => one !== ''), ...rest]
  }
  return [root, ...done].join('/')
}

/** The text of a file inside a root file system; '' when it is not there. */
export function readInRoot(root: string, path: string): string {
  const found = pathInRoot(root, path)
  return found === undefined || !lstatSync(found).isFile() ? '' : readFileSync(found, 'utf8')
}
