import { basename } from 'node:path'
import type { RuntimeHandler } from '@kubeskiff/core/kubelet'
import type { HostProbe } from '../linux/probe.ts'
import { run } from '../linux/processes.ts'
import type { OciTools } from './conmon.ts'
import type { PodRecord } from './records.ts'

/** The programs that run containers, by the names by which RuntimeClasses ask for them. */
export interface Handlers {
  /** What runs pods that ask for no handler. */
  readonly usual: OciTools
  readonly byName: ReadonlyMap<string, OciTools>
  /** What runs the containers of a pod that is there: by which they were made, whatever is asked for or usual now. */
  of(pod: Pick<PodRecord, 'runtime'> | undefined): OciTools
}

/** Programs whose containers' first processes are processes of this machine, which any signal reaches. */
const ofThisKernel: ReadonlySet<string> = new Set(['crun', 'runc', 'youki'])

/** crun and runc where they are installed, and the programs that are named. `directory` is for their states: that of the usual one, and beside it those of the others. */
export function handlersOf(host: Pick<HostProbe, 'tools' | 'cgroups' | 'groupBase'>, directory: string, named: Readonly<Record<string, string>> = {}): Handlers {
  const { crun, runc, conmon } = host.tools
  const usualProgram = crun ?? runc
  if (usualProgram === undefined || conmon === undefined) throw new Error('real containers need crun (or runc) and conmon')
  const toolsOf = (runtime: string): OciTools => ({
    runtime, conmon, signals: ofThisKernel.has(basename(runtime)) ? 'by-number' : 'by-program',
    flags: [`--root=${runtime === usualProgram ? directory : `${directory}-${basename(runtime)}`}`, ...(host.cgroups === 'none' && basename(runtime) === 'crun' ? ['--cgroup-manager=disabled'] : [])],
  })
  const usual = toolsOf(usualProgram)
  // Of the two only crun runs containers without groups, or with an ordinary user's.
  const installed = [crun, (host.cgroups === 'none' || host.groupBase !== '') && crun !== undefined ? undefined : runc].flatMap((path): (readonly [string, string])[] => (path === undefined ? [] : [[basename(path), path]]))
  return {
    usual, byName: new Map([...installed, ...Object.entries(named)].map(([name, program]) => [name, toolsOf(program)])),
    of: (pod) => ({ ...usual, ...pod?.runtime }),
  }
}

/** What each handler can do, the usual one ('') first. `mapsOwners`: whether this machine shows files to users of a pod's own. */
export function featuresOf({ usual, byName }: Handlers, mapsOwners: boolean): Promise<readonly RuntimeHandler[]> {
  return Promise.all([['', usual] as const, ...byName].map(async ([name, { runtime }]) => {
    const { code, stdout } = await run(runtime, ['features'])
    const can = code === 0 ? abilitiesIn(stdout) : undefined
    // Who tells nothing of itself is taken for what we know of it: nothing of strangers.
    const { users, recursive } = can ?? { users: ofThisKernel.has(basename(runtime)), recursive: ofThisKernel.has(basename(runtime)) }
    return { name, recursiveReadOnlyMounts: recursive, userNamespaces: mapsOwners && users }
  }))
}

/** What matters here in the features structure of the OCI runtime specification; undefined where it is none. */
export function abilitiesIn(text: string): { readonly users: boolean; readonly recursive: boolean } | undefined {
  try {
    const { mountOptions, linux } = JSON.parse(text) as { readonly mountOptions?: readonly string[]; readonly linux?: { readonly namespaces?: readonly string[] } } // as the specification has it
    return { users: linux?.namespaces?.includes('user') === true, recursive: mountOptions?.includes('rro') === true }
  } catch {
    return undefined // It says something else.
  }
}
