// What containers have CPUs of their own, written down so that the next agent finds it: upstream's cpu_manager_state.
import { createHash } from 'node:crypto'
import { isRecord } from '@kubeskiff/core/api/text'
import { readIfThere, writePrivately } from '../files/index.ts'
import { type CpuSet, cpuSetText, readCpuSet } from './sets.ts'

/** By pod, then by container. */
export type Assignments = ReadonlyMap<string, ReadonlyMap<string, CpuSet>>
export interface Checkpoint { readonly shared: CpuSet; readonly assignments: Assignments }

const policyStatic = 'static'
const checksumOf = (content: object): number => createHash('sha256').update(JSON.stringify(content)).digest().readUInt32BE()

export function writeCheckpoint(file: string, { shared, assignments }: Checkpoint): void {
  const entries = Object.fromEntries([...assignments].map(([pod, containers]) => [pod, Object.fromEntries([...containers].map(([name, set]) => [name, cpuSetText(set)]))]))
  const content = { policyName: policyStatic, defaultCpuSet: cpuSetText(shared), entries }
  writePrivately(file, JSON.stringify({ ...content, checksum: checksumOf(content) }))
}

/** What is written down for a policy; undefined when nothing is. Throws, in upstream's words, when it is another's or cannot be read. */
export function readCheckpoint(file: string, policy: string = policyStatic): Checkpoint | undefined {
  const text = readIfThere(file)
  if (text === undefined) return undefined
  const refuse = (why: string): never => { throw new Error(`could not restore state from checkpoint: ${why}, please drain this node and delete the CPU manager checkpoint file ${JSON.stringify(file)} before restarting Kubelet`) }
  const content = parsed(text)
  if (content === undefined) return refuse('checkpoint is corrupted')
  if (content.policyName !== policy) return refuse(`configured policy ${JSON.stringify(policy)} differs from state checkpoint policy ${JSON.stringify(content.policyName)}`)
  const setIn = (what: string, said: string): CpuSet => readCpuSet(said) ?? refuse(`could not parse ${what} ${JSON.stringify(said)}`)
  return {
    shared: setIn('default cpu set', content.defaultCpuSet),
    assignments: new Map(Object.entries(content.entries).map(([pod, containers]) => [pod, new Map(Object.entries(containers).map(([name, said]) => [name, setIn('cpuset', said)]))])),
  }
}

interface Content { readonly policyName: string; readonly defaultCpuSet: string; readonly entries: Readonly<Record<string, Readonly<Record<string, string>>>> }
function parsed(text: string): Content | undefined {
  try {
    const { checksum, ...content } = JSON.parse(text) as Content & { readonly checksum: unknown } // its checksum is looked at in the next line
    return checksum === checksumOf(content) && isRecord(content.entries) ? content : undefined
  } catch {
    return undefined // Somebody has written into it.
  }
}
