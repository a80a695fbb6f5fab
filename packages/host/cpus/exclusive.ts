// CPUs of their own for containers that ask for whole ones and for no less than they may use: behaviour of upstream's static policy (pkg/kubelet/cm/cpumanager).
import type { Pod } from '@kubeskiff/core/api'
import { qosOf, type Rejection } from '@kubeskiff/core/kubelet'
import { amountOf } from '@kubeskiff/core/rules'
import { type Assignments, readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import { type CpuSet, cpuSetText } from './sets.ts'
import { type Cpu, takeCpus, threadsPerCore } from './topology.ts'

export interface CpuPolicy {
  /** CPUs that nobody has to himself: these, or so many of the first ones. */
  readonly reserved: CpuSet | number
  /** Whole cores only, and who asks for less is refused. */
  readonly fullCoresOnly: boolean
  /** What is reserved is not for those either who share the others. */
  readonly reservedOnly: boolean
}

/** The CPUs of one machine: who has some to himself, and which are shared by all others. What is assigned is written down, on a full disk a little later. */
export class ExclusiveCpus {
  readonly #cpus: readonly Cpu[]
  readonly #policy: CpuPolicy
  readonly #file: string
  readonly #reserved: CpuSet
  readonly #listeners = new Set<() => void>()
  #assignments: Assignments = new Map()
  #isWritten = true

  /** Takes over what an earlier run has assigned. Throws, in upstream's words, when that does not fit the machine or the policy. */
  constructor({ cpus, policy, file }: { readonly cpus: readonly Cpu[]; readonly policy: CpuPolicy; readonly file: string }) {
    this.#cpus = cpus
    this.#policy = policy
    this.#file = file
    const all = new Set(cpus.map(({ id }) => id))
    const { reserved } = policy
    this.#reserved = typeof reserved === 'number' ? takeCpus(cpus, all, Math.min(reserved, all.size)) : new Set([...reserved].filter((id) => all.has(id)))
    const wanted = typeof reserved === 'number' ? reserved : reserved.size
    if (this.#reserved.size !== wanted) throw new Error(`new static policy error: [cpumanager] unable to reserve the required amount of CPUs (size of ${cpuSetText(this.#reserved)} did not equal ${wanted})`)
    const before = readCheckpoint(file)
    if (before !== undefined) {
      this.#assignments = before.assignments
      const fault = this.#faultOf(before.shared, all)
      if (fault !== undefined) throw new Error(`Static policy invalid state, please drain node and remove policy state file ${JSON.stringify(file)}: ${fault}`)
    } else this.#write()
  }

  #faultOf(shared: CpuSet, all: CpuSet): string | undefined {
    const known = new Set([...shared, ...this.#assigned(), ...(this.#policy.reservedOnly ? this.#reserved : [])])
    if (cpuSetText(known) !== cpuSetText(all)) return `current set of available CPUs "${cpuSetText(all)}" doesn't match with CPUs in state "${cpuSetText(known)}"`
    if (!this.#policy.reservedOnly && [...this.#reserved].some((id) => !shared.has(id))) return `not all reserved cpus: "${cpuSetText(this.#reserved)}" are present in defaultCpuSet: "${cpuSetText(shared)}"`
    for (const [pod, containers] of this.#assignments) for (const [name, set] of containers) if ([...set].some((id) => shared.has(id))) return `pod: ${pod}, container: ${name} cpuset: "${cpuSetText(set)}" overlaps with default cpuset "${cpuSetText(shared)}"`
    return undefined
  }

  /** The CPUs that a container is to run on, and whether they are its own. */
  of(uid: string, container: string): { readonly cpus: string; readonly isExclusive: boolean } {
    const own = this.#assignments.get(uid)?.get(container)
    return own === undefined ? { cpus: cpuSetText(this.#shared()), isExclusive: false } : { cpus: cpuSetText(own), isExclusive: true }
  }
  /** The CPUs that a container has to itself. */
  owned(uid: string, container: string): CpuSet { return this.#assignments.get(uid)?.get(container) ?? nobodys }
  /** Whether a container of the pod has CPUs to itself. */
  has(uid: string): boolean { return this.#assignments.has(uid) }
  /** The CPUs that containers can have to themselves. */
  assignable(): CpuSet { return new Set(this.#cpus.map(({ id }) => id).filter((id) => !this.#reserved.has(id))) }

  /** Calls when other CPUs are shared. */
  onChange(listen: () => void): void { this.#listeners.add(listen) }

  /** Gives a pod's containers what they are to have to themselves, or says why the node cannot take the pod on. A pod that has it keeps it. */
  allocate(pod: Pod): Rejection | undefined {
    if (this.#assignments.has(pod.metadata.uid) || qosOf(pod) !== 'Guaranteed') return undefined
    const given = new Map<string, CpuSet>()
    let free: CpuSet = new Set([...this.#shared()].filter((id) => !this.#reserved.has(id)))
    let reusable: CpuSet = new Set()
    const inits = pod.spec.initContainers ?? []
    for (const container of [...inits, ...pod.spec.containers]) {
      const count = wholeCpus(container)
      if (count === 0) continue
      const threads = threadsPerCore(this.#cpus)
      if (this.#policy.fullCoresOnly && count % threads !== 0) return { reason: 'SMTAlignmentError', message: `SMT Alignment Error: requested ${count} cpus not multiple cpus per core = ${threads}` }
      const available: CpuSet = new Set([...free, ...reusable])
      if (available.size < count) return { reason: 'UnexpectedAdmissionError', message: `Allocate failed due to not enough cpus available to satisfy request: requested=${count}, available=${available.size}, which is unexpected` }
      const own = takeCpus(this.#cpus, available, count)
      given.set(container.name, own)
      free = without(free, own)
      // What an init container had that is over by then may be had by those that come after it.
      reusable = inits.includes(container) && container.restartPolicy !== 'Always' ? new Set([...reusable, ...own]) : without(reusable, own)
    }
    if (given.size > 0) this.#assign(new Map([...this.#assignments, [pod.metadata.uid, given]]))
    return undefined
  }

  release(uid: string): void { if (this.has(uid)) this.retain((other) => other !== uid) }

  /** Forgets all pods but these. */
  retain(keeps: (uid: string) => boolean): void {
    const kept = new Map([...this.#assignments].filter(([uid]) => keeps(uid)))
    if (kept.size < this.#assignments.size) this.#assign(kept)
  }

  /** Tries to write down what could not be before. */
  writeUnwritten(): void { if (!this.#isWritten) this.#write() }

  #assign(assignments: Assignments): void {
    this.#assignments = assignments
    this.#write()
    for (const listen of this.#listeners) listen()
  }
  /** As upstream: what cannot be written down now is had nevertheless. */
  #write(): void {
    try {
      writeCheckpoint(this.#file, { shared: this.#shared(), assignments: this.#assignments })
      this.#isWritten = true
    } catch {
      this.#isWritten = false // `writeUnwritten` tries again.
    }
  }
  #assigned(): CpuSet { return new Set([...this.#assignments.values()].flatMap((containers) => [...containers.values()].flatMap((set) => [...set]))) }
  #shared(): CpuSet {
    const assigned = this.#assigned()
    return new Set(this.#cpus.map(({ id }) => id).filter((id) => !assigned.has(id) && !(this.#policy.reservedOnly && this.#reserved.has(id))))
  }
}

const nobodys: CpuSet = new Set()
const without = (set: CpuSet, others: CpuSet): CpuSet => new Set([...set].filter((id) => !others.has(id)))
/** How many whole CPUs a container asks for; 0 where it asks for a part of one. */
function wholeCpus({ resources }: Pod['spec']['containers'][number]): number {
  const millis = amountOf('cpu', resources?.requests?.['cpu'])
  return millis % 1000 === 0 ? millis / 1000 : 0
}

