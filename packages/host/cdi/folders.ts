import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import { namesIfThere } from '../files/index.ts'
import { type CdiSpecification, type ContainerEdits, parseSpecification } from './specification.ts'

/** Where drivers put specifications, the later the more it counts. */
export const cdiFolders = ['/etc/cdi', '/var/run/cdi'] as const

interface Found { readonly specification: CdiSpecification; readonly edits: ContainerEdits; readonly priority: number; readonly conflicts: boolean }

/**
 * What devices ('vendor.com/class=name') change, each specification's own edits once and before those of its first device. Folders are read
 * anew: drivers write specifications for single claims, just before they are needed. Throws, in the words of CDI's library, where a device is
 * not there, or is there twice. A file that breaks the rules counts for nothing: `onFault` hears why.
 */
export function editsOf(devices: readonly string[], folders: readonly string[], onFault: (message: string) => void = () => {}): readonly ContainerEdits[] {
  if (devices.length === 0) return []
  const known = devicesIn(folders, onFault)
  const unresolved = devices.filter((device) => known.get(device)?.conflicts !== false)
  if (unresolved.length > 0) throw new Error(`unresolvable CDI devices ${unresolved.join(', ')}`)
  const seen = new Set<CdiSpecification>()
  return [...new Set(devices)].flatMap((device) => {
    const found = known.get(device)
    if (found === undefined) return []
    const isFirst = !seen.has(found.specification)
    seen.add(found.specification)
    return isFirst ? [found.specification.edits, found.edits] : [found.edits]
  })
}

const bytesMax = 4 << 20
/** Pods may write into these folders: a pipe would hold us up for good, and a link lead to a file that is not theirs. */
function textOf(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  try {
    const found = fstatSync(descriptor)
    if (!found.isFile()) throw new Error('it is no regular file')
    if (found.size > bytesMax) throw new Error(`it is longer than ${bytesMax} bytes`)
    return readFileSync(descriptor, 'utf8')
  } finally { closeSync(descriptor) }
}

function devicesIn(folders: readonly string[], onFault: (message: string) => void): ReadonlyMap<string, Found> {
  const known = new Map<string, Found>()
  folders.forEach((folder, priority) => {
    for (const name of namesIfThere(folder).filter((entry) => /\.(json|yaml)$/.test(entry)).sort()) {
      const path = join(folder, name)
      try {
        const specification = parseSpecification(textOf(path))
        for (const [device, edits] of specification.devices) {
          const whole = `${specification.kind}=${device}`
          const before = known.get(whole)
          const conflicts = before?.priority === priority
          if (conflicts) onFault(`conflicting device ${JSON.stringify(whole)} in ${path}`)
          known.set(whole, { specification, edits, priority, conflicts })
        }
      } catch (error) {
        onFault(`failed to load CDI Spec ${path}: ${wordsOf(error)}`)
      }
    }
  })
  return known
}
