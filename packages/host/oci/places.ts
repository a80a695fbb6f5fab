import { createHash } from 'node:crypto'
import { invariant } from '@kubeskiff/core/base'

/** Where the runtime keeps what it knows and makes, below one state directory. */
export interface Places {
  readonly pods: string
  /** conmon leaves a file named after a container here when it ends. */
  readonly exits: string
  /** What commands beside containers are started by. */
  readonly execs: string
  /** The OCI runtime's own state. */
  readonly runtime: string
  /** For pods with users of their own, who may not pass through the state directory: a file system in memory that only our mount namespace has. */
  readonly stage: string
  pod(uid: string): PodPlaces
}
export interface PodPlaces {
  readonly directory: string
  readonly record: string
  readonly namespaces: string
  readonly volumes: string
  readonly sharedMemory: string
  readonly hosts: string
  readonly hostname: string
  readonly resolver: string
  readonly stage: string
  attempt(container: string, attempt: number): AttemptPlaces
}
export interface AttemptPlaces {
  readonly directory: string
  readonly record: string
  readonly upper: string
  readonly work: string
  readonly root: string
  readonly log: string
  readonly persist: string
  readonly terminationMessage: string
  /** Where users of the pod's own find what is mounted for them. */
  readonly stage: string
}

export function placesIn(stateDirectory: string): Places {
  const stage = `/run/skiff-${createHash('sha256').update(stateDirectory).digest('hex').slice(0, 6)}`
  return {
    stage,
    pods: `${stateDirectory}/pods`,
    exits: `${stateDirectory}/exits`,
    execs: `${stateDirectory}/execs`,
    runtime: `${stateDirectory}/oci`,
    pod(uid) {
      invariant(/^[\w.-]+$/.test(uid) && !uid.startsWith('.'), 'a pod uid is a UUID and serves as a directory name')
      const directory = `${stateDirectory}/pods/${uid}`
      return {
        directory,
        record: `${directory}/pod.json`,
        namespaces: `${directory}/ns`,
        volumes: `${directory}/volumes`,
        sharedMemory: `${directory}/shm`,
        hosts: `${directory}/etc-hosts`,
        hostname: `${directory}/etc-hostname`,
        resolver: `${directory}/etc-resolv.conf`,
        stage: `${stage}/${uid}`,
        attempt(container, attempt) {
          const place = `${directory}/containers/${container}/${attempt}`
          return {
            directory: place, record: `${place}/container.json`, upper: `${place}/upper`, work: `${place}/work`, root: `${place}/root`,
            stage: `${stage}/${uid}/${container}/${attempt}`, log: `${place}/log`, persist: `${place}/persist`, terminationMessage: `${place}/termination-message`,
          }
        },
      }
    },
  }
}
