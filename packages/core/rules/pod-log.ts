// What containers on simulated nodes have written, and answer to commands: as their scripts say, a function of time.
import type { Container, ContainerStatus } from '../api/generated/types.ts'
import { scriptEntry } from '../api/simulated.ts'
import type { Pod } from '../api/resources.ts'
import type { Instant } from '../base/clock.ts'
import { durationMs } from '../base/duration.ts'
import { commandStory } from './command-story.ts'
import { instantOf } from './time.ts'

export interface LogLine { readonly at: Instant; /** Tells lines of one instant apart. */ readonly id: string; readonly text: string }
export interface PodLog {
  readonly lines: readonly LogLine[]
  /** When the next line will be written; undefined: none that is known of. */
  readonly next: Instant | undefined
  /** Whether the container has ended. */
  readonly over: boolean
}
/** A line that comes again and again is kept so often, as a log that is rotated. */
const keptMost = 10_000

interface Run { readonly startedAt: Instant; readonly endedAt: Instant | undefined; readonly attempt: number }

/** What a container of a simulated node has written by now; undefined when nobody can tell, because neither annotations nor a plain command say it. */
export function simulatedLog(pod: Pod, container: string, now: Instant, previous = false): PodLog | undefined {
  const status = statusOf(pod, container)
  const run = status === undefined ? undefined : previous ? runBefore(status) : runOf(status)
  const said = scriptEntry(pod.metadata.annotations, 'log', container)
  const spec = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(({ name }) => name === container)
  const story = said === undefined && spec !== undefined ? commandStory(expanded(spec)) : undefined
  if (said === undefined && story === undefined) return undefined
  if (run === undefined) return { lines: [], next: undefined, over: false }
  const end = Math.min(now, run.endedAt ?? Infinity)
  const fill = (text: string, at: Instant, count: number): string => text.replaceAll(/\{(n|pod|node|container|attempt|time)\}/g, (_whole, name: string) => String(({ n: count, pod: pod.metadata.name, node: pod.spec.nodeName ?? '', container, attempt: run.attempt, time: new Date(at).toISOString() } as const)[name] ?? ''))
  const lines: LogLine[] = []
  let next = Infinity
  const write = (at: Instant, id: string, text: string, count = 1): void => {
    if (at <= end) lines.push({ at, id, text: fill(text, at, count) })
    else if (run.endedAt === undefined) next = Math.min(next, at)
  }
  for (const [nth, line] of (said === undefined ? [] : linesOf(said)).entries()) {
    if (line.is === 'end') { if (run.endedAt !== undefined) write(run.endedAt, `${nth}`, line.text) }
    else if (line.is === 'once') write(run.startedAt + line.afterMs, `${nth}`, line.text)
    else {
      const count = Math.floor((end - run.startedAt) / line.everyMs)
      for (let n = Math.max(1, count - keptMost + 1); n <= count + 1; n++) write(run.startedAt + n * line.everyMs, `${nth}/${n}`, line.text, n)
    }
  }
  for (const [nth, one] of (story?.says ?? []).entries()) {
    const at = run.startedAt + one.afterMs
    write(at, `${nth}`, one.is === 'text' ? one.text.replaceAll('{', '\0') : one.is === 'date' ? dateText(at) : pod.spec.hostname ?? pod.metadata.name)
  }
  const written = story === undefined ? lines : lines.map((line) => ({ ...line, text: line.text.replaceAll('\0', '{') }))
  return { lines: written.sort((a, b) => a.at - b.at), next: next === Infinity ? undefined : next, over: run.endedAt !== undefined }
}

/** Command and arguments with the variables put in whose values stand in the pod itself. */
function expanded({ command = [], args = [], env = [] }: Container): { readonly command: readonly string[]; readonly args: readonly string[] } {
  const values = new Map(env.flatMap(({ name, value }) => (value === undefined || value.includes('$(') ? [] : [[name, value] as const])))
  const put = (word: string): string => word.replaceAll(/\$\(([A-Za-z_][\w.-]*)\)/g, (whole, name: string) => values.get(name) ?? whole)
  return { command: command.map(put), args: args.map(put) }
}

type ScriptLine = { readonly text: string } & ({ readonly is: 'once'; readonly afterMs: number } | { readonly is: 'every'; readonly everyMs: number } | { readonly is: 'end' })
/** One line of the script: 'text' at the start, '+5s text', 'every 10s text', 'end: text'. */
function linesOf(script: string): readonly ScriptLine[] {
  return script.replace(/\n$/, '').split('\n').map((line): ScriptLine => {
    const [, word = '', duration = '', text = ''] = /^(\+|every )(\S+) ?(.*)$/.exec(line) ?? []
    const ms = durationMs(duration)
    if (word === '+' && ms !== undefined) return { is: 'once', afterMs: ms, text }
    if (word === 'every ' && ms !== undefined && ms > 0) return { is: 'every', everyMs: ms, text }
    return line.startsWith('end: ') ? { is: 'end', text: line.slice('end: '.length) } : { is: 'once', afterMs: 0, text: line }
  })
}

const statusOf = ({ status }: Pod, container: string): ContainerStatus | undefined =>
  [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])].find(({ name }) => name === container)

function runOf({ state, lastState, restartCount }: ContainerStatus): Run | undefined {
  const started = instantOf(state?.running?.startedAt)
  if (started !== undefined) return { startedAt: started, endedAt: undefined, attempt: restartCount }
  const ended = state?.terminated ?? lastState?.terminated
  return ended === undefined ? undefined : endedRun(ended, restartCount)
}
const runBefore = ({ lastState, restartCount }: ContainerStatus): Run | undefined => (lastState?.terminated === undefined ? undefined : endedRun(lastState.terminated, restartCount - 1))
function endedRun({ startedAt, finishedAt }: { readonly startedAt?: string; readonly finishedAt?: string }, attempt: number): Run | undefined {
  const [from, to] = [instantOf(startedAt), instantOf(finishedAt)]
  return from === undefined || to === undefined ? undefined : { startedAt: from, endedAt: to, attempt }
}

/** As date prints it in UTC: 'Sat Nov 28 09:00:00 UTC 2026'. */
function dateText(at: Instant): string {
  const [, day = '', date = '', month = '', year = '', time = ''] = /^(\w+), (\d+) (\w+) (\d+) (\S+)/.exec(new Date(at).toUTCString()) ?? []
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${time} UTC ${year}`
}

export interface LogOptions { readonly timestamps?: boolean; readonly tailLines?: number; readonly limitBytes?: number; readonly sinceSeconds?: number; readonly sinceTime?: string }

/** The lines that were asked for, as a kubelet sends them. */
export function logText(lines: readonly LogLine[], { timestamps = false, tailLines, limitBytes, sinceSeconds, sinceTime }: LogOptions, now: Instant): string {
  const since = sinceSeconds !== undefined ? now - sinceSeconds * 1000 : instantOf(sinceTime) ?? -Infinity
  const recent = lines.filter(({ at }) => at >= since)
  const chosen = tailLines === undefined ? recent : tailLines === 0 ? [] : recent.slice(-tailLines)
  const text = chosen.map(({ at, text: line }) => `${timestamps ? `${new Date(at).toISOString().slice(0, -1)}000000Z ` : ''}${line}\n`).join('')
  return limitBytes === undefined ? text : new TextDecoder().decode(new TextEncoder().encode(text).slice(0, limitBytes))
}

/** The program's name without its folder. */
export const programOf = (command: readonly string[]): string => (command[0] ?? '').split('/').at(-1) ?? ''

export interface ScriptedAnswer { readonly out: string; readonly exitCode: number }

/**
 * What the user has a command answer: the annotation `skiff.dev/exec.PROGRAM`. Its text is the output of every call of the program; or it has parts, each after a line
 * `$ whole command`. A last line `exit N` gives the exit code. Undefined: nobody has said it.
 */
export function scriptedAnswer(pod: Pod, container: string, command: readonly string[]): ScriptedAnswer | undefined {
  const program = programOf(command)
  const said = scriptEntry(pod.metadata.annotations, `exec.${program}`, container)
  if (said === undefined) return undefined
  const lines = said.replace(/\n$/, '').split('\n')
  if (!lines.some((line) => line.startsWith('$ '))) return answerOf(lines)
  const asked = command.join(' ')
  const from = lines.findIndex((line) => line.startsWith('$ ') && line.slice(2).trim() === asked)
  if (from < 0) return undefined
  const to = lines.findIndex((line, nth) => nth > from && line.startsWith('$ '))
  return answerOf(lines.slice(from + 1, to < 0 ? undefined : to))
}

function answerOf(lines: readonly string[]): ScriptedAnswer {
  const code = /^exit (\d{1,3})$/.exec(lines.at(-1) ?? '')?.[1]
  const printed = code === undefined ? lines : lines.slice(0, -1)
  return { out: printed.length === 0 || (printed.length === 1 && printed[0] === '') ? '' : `${printed.join('\n')}\n`, exitCode: Number(code ?? 0) }
}
