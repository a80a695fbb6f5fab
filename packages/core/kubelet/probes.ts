import type { Container, Probe } from '../api/generated/types.ts'
import type { ProbeMemory, ProbesMemory } from './memory.ts'
import { containerStatusOf, type RunningRun } from './stands.ts'
import { checkOf, stop } from './stopping.ts'
import { fieldPathOf, lookAgain, memoryOf, remember, tell, type Work } from './work.ts'

export type ProbeKind = 'startup' | 'liveness' | 'readiness'
const title: Readonly<Record<ProbeKind, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' }

/** What the probes say of a running container. Without a probe: started and ready. */
export function probedState(work: Work, container: Container, run: RunningRun): { readonly started: boolean; readonly ready: boolean } {
  const probes = probesOf(work, container, run)
  const started = container.startupProbe === undefined || probes.startup?.passing === true
  return { started, ready: started && (container.readinessProbe === undefined || probes.readiness?.passing === true) }
}

/** Orders the checks that are due for a running container, and stops it where a threshold of failures is reached. */
export function stepProbes(work: Work, container: Container, run: RunningRun, terminating: boolean): void {
  if (container.startupProbe === undefined && container.livenessProbe === undefined && container.readinessProbe === undefined) return
  if (container.startupProbe !== undefined && probesOf(work, container, run).startup?.passing !== true) {
    stepProbe(work, container, run, 'startup', container.startupProbe)
    if (probesOf(work, container, run).startup?.passing !== true) return
  }
  // As upstream: a pod that terminates is still asked whether it is ready, no longer whether it is alive.
  if (container.livenessProbe !== undefined && !terminating) stepProbe(work, container, run, 'liveness', container.livenessProbe)
  if (container.readinessProbe !== undefined) stepProbe(work, container, run, 'readiness', container.readinessProbe)
}

/** Takes in the answer of a check that `stepProbes` ordered. */
export function probeAnswered(work: Work, container: Container, run: RunningRun, id: string, ok: boolean, output: string): void {
  const kind = kindOf(id)
  const probe = kind === undefined ? undefined : probeIn(container, kind)
  if (kind === undefined || probe === undefined) return
  const memory = probesOf(work, container, run)[kind]
  if (memory?.inFlight !== id) return
  keep(work, container, run, kind, counted(work, container, run, kind, probe, { ...memory, inFlight: undefined }, ok, output))
}

function stepProbe(work: Work, container: Container, run: RunningRun, kind: ProbeKind, probe: Probe): void {
  const { now, foretell } = work.around
  const memory = probesOf(work, container, run)[kind] ?? fresh(work, container, run, kind, probe)
  if (memory.inFlight !== undefined || memory.nextAt === undefined) { keep(work, container, run, kind, memory); return }
  if (memory.nextAt > now) { keep(work, container, run, kind, memory); lookAgain(work, memory.nextAt); return }
  const check = checkOf(probe, container, work)
  if (check === undefined) return
  const periodMs = (probe.periodSeconds ?? 10) * 1000
  const command = { do: 'check', pod: work.pod.metadata.uid, container: container.name, attempt: run.attempt, id: `${kind}@${now}`, check, timeoutSeconds: probe.timeoutSeconds ?? 1 } as const
  const nextAt = now + periodMs
  if (foretell === undefined) {
    work.commands.push(command)
    keep(work, container, run, kind, { ...memory, nextAt, inFlight: command.id })
    lookAgain(work, nextAt)
    return
  }
  const answer = foretell(command)
  const after = counted(work, container, run, kind, probe, { ...memory, nextAt }, answer.ok, answer.output)
  // What is settled is looked at again only when the answer changes, at the tick on which a real prober would see it.
  const settled = after.passing === answer.ok
  const quietUntil = answer.until === undefined ? undefined : now + Math.max(1, Math.ceil((answer.until - now) / periodMs)) * periodMs
  const next = settled ? quietUntil : nextAt
  keep(work, container, run, kind, { ...after, nextAt: next })
  if (next !== undefined) lookAgain(work, next)
}

/** Counts an answer; reports a failure, and acts on it when the threshold is reached. */
function counted(work: Work, container: Container, run: RunningRun, kind: ProbeKind, probe: Probe, memory: ProbeMemory, ok: boolean, output: string): ProbeMemory {
  const times = memory.run.ok === ok ? memory.run.times + 1 : 1
  const threshold = ok ? probe.successThreshold ?? 1 : probe.failureThreshold ?? 3
  if (!ok) tell(work, 'Warning', 'Unhealthy', `${title[kind]} probe failed: ${output}`, fieldPathOf(work.pod, container.name))
  const passing = times >= threshold ? ok : memory.passing
  if (!ok && times >= threshold && kind !== 'readiness') {
    const graceSeconds = probe.terminationGracePeriodSeconds ?? work.pod.spec.terminationGracePeriodSeconds ?? 30
    stop(work, container, run, work.around.now + graceSeconds * 1000, `Container ${container.name} failed ${kind} probe, will be restarted`)
  }
  return { ...memory, run: { ok, times: Math.min(times, threshold) }, passing }
}

function fresh(work: Work, container: Container, run: RunningRun, kind: ProbeKind, probe: Probe): ProbeMemory {
  const first = run.startedAt + (probe.initialDelaySeconds ?? 0) * 1000
  // After a restart of the kubelet a container is what its status says until a probe knows better.
  const status = containerStatusOf(work.pod, container.name)
  const known = status?.restartCount === run.attempt && status.containerID === run.id
  const passing = kind === 'readiness' ? (known && status.ready ? true : undefined) : kind === 'startup' ? (known && status.started === true ? true : undefined) : true
  return { passing, run: { ok: true, times: 0 }, nextAt: Math.max(first, work.around.now), inFlight: undefined }
}

function probesOf(work: Work, container: Container, run: RunningRun): ProbesMemory {
  const known = memoryOf(work, container.name).probes
  if (known?.attempt === run.attempt) return known
  // Startup and readiness count before the first step too: adopted containers are not unready for a moment.
  const seeded = (kind: ProbeKind): ProbeMemory | undefined => { const probe = probeIn(container, kind); return probe === undefined ? undefined : fresh(work, container, run, kind, probe) }
  const startup = seeded('startup')
  const readiness = seeded('readiness')
  return { attempt: run.attempt, ...(startup === undefined ? {} : { startup }), ...(readiness === undefined ? {} : { readiness }) }
}

function keep(work: Work, container: Container, run: RunningRun, kind: ProbeKind, memory: ProbeMemory): void {
  remember(work, container.name, { probes: { ...probesOf(work, container, run), attempt: run.attempt, [kind]: memory } })
}

const probeIn = (container: Container, kind: ProbeKind): Probe | undefined =>
  kind === 'startup' ? container.startupProbe : kind === 'liveness' ? container.livenessProbe : container.readinessProbe

function kindOf(id: string): ProbeKind | undefined {
  const [kind] = id.split('@')
  return kind === 'startup' || kind === 'liveness' || kind === 'readiness' ? kind : undefined
}
