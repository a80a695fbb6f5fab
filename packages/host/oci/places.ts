import { invariant } from '@kubeskiff/core/base'

/** Where the runtime keeps what it knows and makes, below one state directory. */
export interface Places {
  readonly pods: string
  /** conmon leaves a file named after a container here when it ends. */
  readonly exits: string
  /** The OCI runtime's own state. */
  readonly runtime: string
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
}

export function placesIn(stateDirectory: string): Places {
  return {
    pods: `${stateDirectory}/pods`,
    exits: `${stateDirectory}/exits`,
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
        attempt(container, attempt) {
          const place = `${directory}/containers/${container}/${attempt}`
          return {
            directory: place, record: `${place}/container.json`, upper: `${place}/upper`, work: `${place}/work`, root: `${place}/root`,
            log: `${place}/log`, persist: `${place}/persist`, terminationMessage: `${place}/termination-message`,
          }
        },
      }
    },
  }
}
