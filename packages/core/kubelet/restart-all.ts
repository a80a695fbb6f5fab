// The action RestartAllContainers of a container's restart rules: all containers of the pod end, and begin anew with the init containers (KEP-5532).
import type { Container } from '../api/generated/types.ts'
import { crashBackoff, isAnew, restartRule } from './containers.ts'
import type { ExitedRun } from './stands.ts'
import { kill } from './stopping.ts'
import { lookAgain, memoryOf, remember, rememberPod, standIn, type Work } from './work.ts'

const action = 'RestartAllContainers'

const allContainers = ({ pod }: Work): readonly Container[] => [...(pod.spec.initContainers ?? []), ...pod.spec.containers]

/** Whether a pod has such a rule: then its status says whether it is followed now. */
export const mayRestartAll = ({ pod: { spec } }: Work): boolean => spec.containers.some(hasRule) || spec.initContainers?.some(hasRule) === true
const hasRule = ({ restartPolicyRules }: Container): boolean => restartPolicyRules?.some((rule) => rule.action === action) === true

/** Follows such a rule where a container has ended so. True while containers are still to end, or to wait. */
export function restartsAll(work: Work): boolean {
  if (!mayRestartAll(work)) return false
  const containers = allContainers(work)
  const causes = containers.flatMap((container) => {
    const stand = standIn(work, container.name)
    return stand.is === 'exited' && !isAnew(work, container.name, stand.run) && restartRule(container, stand.run)?.action === action ? [{ container, run: stand.run }] : []
  })
  if (causes.length > 0 && work.memory.restartingAll !== true) rememberPod(work, { restartingAll: true })
  if (work.memory.restartingAll !== true) return false
  const left = containers.filter((container) => isLeft(work, container))
  return left.length > 0 || backsOff(work, causes) || beginAnew(work, containers)
}

/** As upstream: at once, and without a preStop hook. */
function isLeft(work: Work, container: Container): boolean {
  const stand = standIn(work, container.name)
  if (stand.is === 'running') kill(work, container, stand.run, `Stopping container ${container.name}`)
  return stand.is === 'running' || stand.is === 'starting'
}

/** Who ends so again and again waits as one that crashes. */
function backsOff(work: Work, causes: readonly { readonly container: Container; readonly run: ExitedRun }[]): boolean {
  const { now } = work.around
  const backoffs = causes.map(({ container, run }) => ({ container, ...crashBackoff(memoryOf(work, container.name).crash, run.finishedAt, now, work.around.node.kubelet?.crashBackoffMaxMs) }))
  const waitUntil = Math.max(0, ...backoffs.map((each) => each.waitUntil))
  if (now < waitUntil) { lookAgain(work, waitUntil); return true }
  for (const { container, next } of backoffs) remember(work, container.name, { crash: next })
  return false
}

function beginAnew(work: Work, containers: readonly Container[]): false {
  for (const { name } of containers) {
    const stand = standIn(work, name)
    if (stand.is === 'exited') remember(work, name, { anew: stand.attempt, waiting: { reason: 'RestartingAllContainers' } })
  }
  rememberPod(work, { restartingAll: undefined })
  return false
}
