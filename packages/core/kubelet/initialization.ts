import type { Container } from '../api/generated/types.ts'
import { hasStarted, isAnew, keepRunning, restarts } from './containers.ts'
import { isSidecar } from './stands.ts'
import { standIn, type Work } from './work.ts'

/** Whether the pod's init containers are behind it: then they are not looked at again, whatever becomes of them. */
export function isInitialized(work: Work): boolean {
  const inits = work.pod.spec.initContainers
  if (inits === undefined || inits.length === 0) return true
  if (work.pod.spec.containers.some((container) => hasBegun(work, container))) return true
  return inits.every((container) => hasDoneItsPart(work, container))
}

function hasBegun(work: Work, { name }: Container): boolean {
  const stand = standIn(work, name)
  return stand.is !== 'absent' && !(stand.is === 'exited' && isAnew(work, name, stand.run))
}

/** A regular init container has succeeded; a sidecar has started. */
function hasDoneItsPart(work: Work, container: Container): boolean {
  const stand = standIn(work, container.name)
  if (isSidecar(container)) return stand.is === 'running' && hasStarted(work, container, stand.run)
  return stand.is === 'exited' && stand.run.exitCode === 0 && !isAnew(work, container.name, stand.run)
}

/** Brings the init containers on, one at a time and in order, sidecars staying up. Says when one has failed for good. */
export function initialize(work: Work): 'under way' | 'done' | 'failed' {
  for (const container of work.pod.spec.initContainers ?? []) {
    if (isSidecar(container)) keepRunning(work, container)
    if (hasDoneItsPart(work, container)) continue
    const stand = standIn(work, container.name)
    if (stand.is === 'exited' && !restarts(work, container, stand.run)) return 'failed'
    if (!isSidecar(container)) keepRunning(work, container)
    return 'under way'
  }
  return 'done'
}
