import { chmodSync, closeSync, constants, existsSync, fstatSync, lstatSync, mkdirSync, openSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { bindMount } from '../../linux/mounts.ts'

/**
 * Binds what a subPath names at `target`: made as a directory when it is not there and the volume may be written to, and never outside
 * its volume. Containers may change links in the volume meanwhile, so each part is opened from the one before without following any, and
 * what was opened is what is bound. As the kubelet.
 */
export function bindSubPath(volume: string, subPath: string, target: string, { mayMake }: { readonly mayMake: boolean }): void {
  const outside = new Error(`subpath ${JSON.stringify(subPath)} not within volume path ${JSON.stringify(volume)}`)
  const root = realpathSync(volume)
  const parts = realPart(root, subPath).split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw outside
  let opened = openSync(root, pathOnly)
  const mode = fstatSync(opened).mode & 0o777
  try {
    for (const part of parts) {
      const here = `/proc/self/fd/${opened}/${part}`
      const isNew = lstatSync(here, { throwIfNoEntry: false }) === undefined
      if (isNew && !mayMake) throw new Error(`${subPath}: no such file or directory`)
      if (isNew) mkdirSync(here)
      const next = openSync(here, pathOnly)
      closeSync(opened)
      opened = next
      // Through what is open: the name may be a link by now. As open to others as the volume is.
      if (isNew) chmodSync(`/proc/self/fd/${opened}`, mode)
    }
    // Opened this way a link is itself, and not what it leads to.
    const found = fstatSync(opened)
    if (found.isSymbolicLink()) throw outside
    mkdirSync(dirname(target), { recursive: true })
    if (found.isDirectory()) mkdirSync(target, { recursive: true })
    else writeFileSync(target, '', { flag: 'a' })
    bindMount(`/proc/self/fd/${opened}`, target)
  } finally {
    closeSync(opened)
  }
}
/** Only a place in the tree: nothing is read, no device is woken, and no link is followed. */
const pathOnly = 0o10000000 | constants.O_NOFOLLOW

/** The path below `root` that a path means now, as far as it is there: links inside the volume may be used, those that lead out give '..'. */
function realPart(root: string, subPath: string): string {
  const parts = subPath.split('/').filter((part) => part !== '')
  for (let there = parts.length; there > 0; there--) {
    const path = [root, ...parts.slice(0, there)].join('/')
    if (existsSync(path)) return [relative(root, realpathSync(path)), ...parts.slice(there)].join('/')
  }
  return parts.join('/')
}
