import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Cancel, wordsOf } from '@kubeskiff/core/base'
import type { RuntimeEvent, RuntimePod } from '@kubeskiff/core/kubelet'
import type { Places } from './places.ts'
import { writeRecord, type ContainerRecord, type PodRecord } from './records.ts'

/** One attempt of a container. What is done to it is done in `order`. */
export interface Attempt {
  record: ContainerRecord
  order: Promise<void>
  stop: { readonly cancel: () => void; readonly killAt: number } | undefined
  readonly ended: PromiseWithResolvers<void>
  /** Nothing of it is left in the kernel and the OCI runtime. */
  isCleared: boolean
}
/** A pod with its attempts, newest last. What is done to its sandbox and volumes is done in `order`. */
export interface Pod { record: PodRecord; order: Promise<void>; readonly containers: Map<string, Attempt[]> }

export const newAttempt = (record: ContainerRecord): Attempt => ({ record, order: Promise.resolve(), stop: undefined, ended: Promise.withResolvers<void>(), isCleared: false })

/** All pods of this machine, as they are and as they are written down, and who is told of changes. */
export class Held {
  readonly pods = new Map<string, Pod>()
  readonly #places: Places
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  /** What the disk had no room for, by path. */
  readonly #unwritten = new Map<string, () => PodRecord | ContainerRecord>()
  #snapshot: ReadonlyMap<string, RuntimePod> | undefined
  #isClosed = false

  constructor(places: Places) { this.#places = places }

  onEvent(listen: (event: RuntimeEvent) => void): Cancel {
    this.#listeners.add(listen)
    return () => void this.#listeners.delete(listen)
  }

  tell(event: RuntimeEvent): void {
    this.changed()
    if (!this.#isClosed) for (const listen of this.#listeners) listen(event)
  }

  /** Something was changed that `observed` shows. */
  changed(): void { this.#snapshot = undefined }

  /** Takes down what a pod has become; throws where that cannot be written, for what is to be done next must be found after a restart. */
  save(pod: Pod, record: PodRecord): void {
    pod.record = record
    this.changed()
    writeRecord(this.#places.pod(record.uid).record, record)
  }

  /** Takes down what has happened to a pod: on a full disk a little later. */
  note(pod: Pod, record: PodRecord): void {
    pod.record = record
    this.changed()
    this.#writeSoon(this.#places.pod(record.uid).record, () => pod.record)
  }

  /** Takes down what has happened to an attempt: on a full disk a little later. */
  noteAttempt(uid: string, attempt: Attempt, record: ContainerRecord): void {
    attempt.record = record
    this.changed()
    this.#writeSoon(this.#places.pod(uid).attempt(record.container, record.state.attempt).record, () => attempt.record)
  }

  /** Tries to write down what could not be before. */
  writeUnwritten(): void {
    for (const [path, current] of [...this.#unwritten]) this.#writeSoon(path, current)
  }

  #writeSoon(path: string, current: () => PodRecord | ContainerRecord): void {
    this.#unwritten.delete(path)
    if (!existsSync(dirname(path))) return // It has been removed.
    try { writeRecord(path, current()) } catch {
      this.#unwritten.set(path, current)
    }
  }

  find(uid: string, container: string, number: number): Attempt | undefined {
    return this.pods.get(uid)?.containers.get(container)?.find((attempt) => attempt.record.state.attempt === number)
  }

  each(act: (uid: string, attempt: Attempt) => void): void {
    for (const [uid, pod] of this.pods) for (const attempts of pod.containers.values()) for (const attempt of attempts) act(uid, attempt)
  }

  observed(): ReadonlyMap<string, RuntimePod> {
    this.#snapshot ??= new Map([...this.pods].map(([uid, pod]): [string, RuntimePod] => [uid, {
      uid, spec: pod.record.spec, sandbox: pod.record.sandbox, volumes: pod.record.volumes,
      containers: new Map([...pod.containers].map(([name, attempts]) => [name, attempts.map((attempt) => attempt.record.state)])),
    }]))
    return this.#snapshot
  }

  /** Nobody is told any more. */
  close(): void { this.#isClosed = true }
}

/** What could not be cleared away is tried again by the next command for the pod; a person should know. */
export const complain = (uid: string) => (error: unknown): void => { process.stderr.write(`pod ${uid}: ${wordsOf(error)}\n`) }

