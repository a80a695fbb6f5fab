import type { Container, Volume } from '../../api/generated/types.ts'
import { expand } from '../environment.ts'
import type { ContainerSpec } from '../runtime.ts'

/** Where a container's volumes are mounted, or why not (CreateContainerConfigError). Messages: upstream's makeMounts. */
export function mountsOf(container: Container, volumes: readonly Volume[], variables: ReadonlyMap<string, string>): ContainerSpec['mounts'] | string {
  const mounts: ContainerSpec['mounts'][number][] = []
  const readOnly = new Set(volumes.filter(({ persistentVolumeClaim, csi }) => persistentVolumeClaim?.readOnly === true || csi?.readOnly === true).map(({ name }) => name))
  for (const mount of container.volumeMounts ?? []) {
    const subPath = mount.subPathExpr !== undefined && mount.subPathExpr !== '' ? expandedPath(mount.subPathExpr, variables) : { path: mount.subPath ?? '' }
    if (typeof subPath === 'string') return subPath
    const { path } = subPath
    if (path.startsWith('/')) return `error SubPath \`${path}\` must not be an absolute path`
    if (path.split('/').includes('..')) return `unable to provision SubPath \`${path}\`: must not contain '..'`
    const propagation = mount.mountPropagation === 'HostToContainer' || mount.mountPropagation === 'Bidirectional' ? mount.mountPropagation : 'None'
    // Where it is possible it is done: every runtime that we drive knows it.
    const recursive = mount.recursiveReadOnly === 'Enabled' || mount.recursiveReadOnly === 'IfPossible'
    mounts.push({ volume: mount.name, path: mount.mountPath, subPath: path, readOnly: mount.readOnly === true || readOnly.has(mount.name), ...(recursive ? { recursiveReadOnly: true } : {}), propagation })
  }
  return mounts
}

function expandedPath(expression: string, variables: ReadonlyMap<string, string>): { readonly path: string } | string {
  let missing: string | undefined
  const path = expand(expression, (name) => {
    const value = variables.get(name)
    if (value === undefined) missing = name
    return value
  })
  return missing === undefined ? { path } : `missing value for "${missing}"`
}
