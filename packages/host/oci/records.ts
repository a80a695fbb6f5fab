import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ContainerSpec, RuntimeContainer, RuntimePod, SandboxSpec, VolumeSpec } from '@kubeskiff/core/kubelet'
import { namesIfThere, writtenIn } from '../files/index.ts'
import type { ProcessIdentity } from '../linux/processes.ts'
import type { IdRange } from '../linux/users.ts'
import type { OciTools } from './conmon.ts'

/** What is written down about a pod, so that a later process of ours can go on with it. */
export interface PodRecord {
  readonly uid: string
  readonly spec: SandboxSpec
  readonly sandbox: { readonly is: 'pending' } | { readonly is: 'ready'; readonly addresses: readonly string[]; readonly at: number } | { readonly is: 'failed'; readonly message: string } | { readonly is: 'gone' }
  readonly volumes: RuntimePod['volumes']
  /** Without the files' bytes: those are in place. */
  readonly volumeSpecs: readonly VolumeSpec[]
  /** Holds the process namespace of pods whose containers share one. */
  readonly pause: ProcessIdentity | undefined
  /** The ids that its users have on this machine, where it has users of its own. */
  readonly users?: IdRange
  /** By which program its containers are run, and how; absent: by the usual one, in records from before there were others. */
  readonly runtime?: Pick<OciTools, 'runtime' | 'flags' | 'signals'>
  /** The SELinux label of its processes, where the machine uses SELinux. */
  readonly seLinuxLabel?: string
}

/** What is written down about one attempt of a container. */
export interface ContainerRecord {
  readonly container: string
  readonly id: string
  readonly spec: ContainerSpec
  readonly stopSignal: string
  readonly cgroup: string
  readonly process: ProcessIdentity | undefined
  readonly monitor: ProcessIdentity | undefined
  readonly state: RuntimeContainer
}

export function writeRecord(path: string, record: PodRecord | ContainerRecord): void {
  writeFileSync(`${path}.new`, JSON.stringify(record))
  renameSync(`${path}.new`, path)
}

export interface FoundPod { readonly record: PodRecord; readonly containers: readonly ContainerRecord[] }

/** All pods written down in a directory. What was half written is not there. */
export function readRecords(podsDirectory: string): readonly FoundPod[] {
  return names(podsDirectory).flatMap((uid): FoundPod[] => {
    const record = writtenIn<PodRecord>(`${podsDirectory}/${uid}/pod.json`)
    if (record === undefined) return []
    const containersDirectory = `${podsDirectory}/${uid}/containers`
    const containers = names(containersDirectory).flatMap((container) => names(`${containersDirectory}/${container}`).flatMap((attempt): ContainerRecord[] => {
      const found = writtenIn<ContainerRecord>(`${containersDirectory}/${container}/${attempt}/container.json`)
      return found === undefined ? [] : [found]
    }))
    return [{ record, containers: containers.sort((a, b) => a.state.attempt - b.state.attempt) }]
  })
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The directories of pods of which nothing is written down: half made, or half removed when we died. */
export const strayPods = (podsDirectory: string): readonly string[] => names(podsDirectory).filter((uid) => writtenIn(`${podsDirectory}/${uid}/pod.json`) === undefined)

const names = (directory: string): readonly string[] => namesIfThere(directory).toSorted()
