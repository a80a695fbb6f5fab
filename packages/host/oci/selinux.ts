import { randomInt } from 'node:crypto'
import type { SeLinuxOptions } from '@kubeskiff/core/kubelet'
import { type ContainerContexts, containerContexts, setFileContext } from '../linux/security-modules.ts'

/** The SELinux labels of containers and of what is mounted for them. */
export interface SeLinux {
  /** The label of a new pod's processes; undefined where SELinux is not used. Its categories are no other pod's, unless it names a level. Throws where the level is none. */
  podLabel(options: SeLinuxOptions | undefined): string | undefined
  /** Takes note of a label that a pod has had since before a restart. */
  keep(label: string): void
  release(pod: string, label: string | undefined): void
  /** The labels of a container in a pod with such a label. A privileged container's processes are not held. */
  labelsOf(pod: string | undefined, security: { readonly seLinux?: SeLinuxOptions; readonly privileged: boolean }): ContainerLabels | undefined
  /** Gives a volume of a pod, with all that is in it, to containers with this label; as upstream, once, for the first container that mounts it. */
  relabelVolume(pod: string, volume: string, path: string, label: string): void
  /** The same again, after there are new files in a volume that was given. */
  relabelAgain(pod: string, volume: string, path: string): void
  /** Gives a file or a folder to containers with this label. */
  relabel(path: string, label: string): void
}
export interface ContainerLabels { readonly process?: string; readonly mount: string }

const categories = 1024
const drawsMost = 10_000

/** The labels that this machine's policy has for containers. */
export function openSeLinux({ contexts = containerContexts() ?? 'none', setContext = setFileContext, random = randomInt }: { readonly contexts?: ContainerContexts | 'none'; readonly setContext?: (path: string, context: string) => void; readonly random?: (most: number) => number } = {}): SeLinux {
  const taken = new Map<string, number>()
  const given = new Map<string, Map<string, string>>()
  /** Two categories that are no other pod's. */
  const freeLevel = (): string => {
    for (let draws = 0; draws < drawsMost; draws += 1) {
      const [low = 0, high = 0] = [random(categories), random(categories)].sort((a, b) => a - b)
      const level = `s0:c${low},c${high}`
      if (low !== high && !taken.has(level)) return level
    }
    throw new Error('failed to init selinux options: there are no categories left')
  }
  const take = (label: string): void => { const { level } = partsOf(label); taken.set(level, (taken.get(level) ?? 0) + 1) }
  return {
    podLabel(options) {
      if (contexts === 'none') return undefined
      const own = named(options)
      const parts = partsOf(contexts.process)
      const label = textOf({ ...parts, ...(parts.level !== '' && own.level === undefined && { level: freeLevel() }), ...own })
      take(label)
      return label
    },
    keep: take,
    release(pod, label) {
      given.delete(pod)
      if (label === undefined) return
      const { level } = partsOf(label)
      const left = (taken.get(level) ?? 1) - 1
      if (left === 0) taken.delete(level)
      else taken.set(level, left)
    },
    labelsOf(pod, { seLinux, privileged }) {
      if (contexts === 'none' || pod === undefined) return undefined
      const own = named(seLinux)
      const ofPod = partsOf(pod)
      // As containerd, what a container says of itself replaces all that its pod says; but the level it shares, unless it names another.
      const process = Object.keys(own).length === 0 ? ofPod : { ...partsOf(contexts.process), level: ofPod.level, ...own }
      const mount = textOf({ ...partsOf(contexts.file), user: process.user, level: process.level })
      return { ...(!privileged && { process: textOf(process) }), mount }
    },
    relabelVolume(pod, volume, path, label) {
      const volumes = given.get(pod) ?? new Map<string, string>()
      if (volumes.has(volume)) return
      setContext(path, label)
      given.set(pod, volumes.set(volume, label))
    },
    relabelAgain(pod, volume, path) {
      const label = given.get(pod)?.get(volume)
      if (label !== undefined) setContext(path, label)
    },
    relabel: setContext,
  }
}

interface Parts { readonly user: string; readonly role: string; readonly type: string; readonly level: string }
/** 'user:role:type:level', whose level may have colons. */
function partsOf(label: string): Parts {
  const [user = '', role = '', type = '', ...level] = label.split(':')
  return { user, role, type, level: level.join(':') }
}
const textOf = ({ user, role, type, level }: Parts): string => [user, role, type, ...(level === '' ? [] : [level])].join(':')

const levelForm = /^s\d+(-s\d+)?(:c\d{1,4}(\.c\d{1,4})?(,c\d{1,4}(\.c\d{1,4})?)*)?$/
const nameForm = /^[\w.-]+$/
/** The parts that are said. A label becomes an option of mounts: nothing else may be hidden in it. */
function named({ user = '', role = '', type = '', level = '' }: SeLinuxOptions = {}): Partial<Parts> {
  const fault = (field: string, value: string): Error => new Error(`failed to init selinux options: the format of '${field}' ${JSON.stringify(value)} is not correct`)
  for (const [field, value] of Object.entries({ user, role, type })) if (value !== '' && !nameForm.test(value)) throw fault(field, value)
  if (level !== '' && !levelForm.test(level)) throw fault('level', level)
  return { ...(user !== '' && { user }), ...(role !== '' && { role }), ...(type !== '' && { type }), ...(level !== '' && { level }) }
}
