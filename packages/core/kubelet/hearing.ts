import { begun, postStartEnded, pullFailed } from './containers.ts'
import { durationText } from './images.ts'
import { devicesFailed, sandboxFailed } from './preparation.ts'
import { probeAnswered } from './probes.ts'
import { resized } from './resizing.ts'
import type { RuntimeEvent } from './runtime.ts'
import { hookEnded } from './stopping.ts'
import { mountsFailed } from './volumes/mounting.ts'
import { containerOf, fieldPathOf, memoryOf, remember, rememberPod, standIn, tell, type Work } from './work.ts'

/** Takes in what the runtime said: into memory, and into Events that users see. */
export function hear(work: Work, event: RuntimeEvent): void {
  const { now } = work.around
  switch (event.is) {
    case 'started': begun(work, event.container, event.attempt); return
    case 'start-failed': {
      tell(work, 'Warning', 'Failed', `Error: ${event.message}`, fieldPathOf(work.pod, event.container))
      if (memoryOf(work, event.container).ordered === event.attempt) remember(work, event.container, { ordered: undefined })
      return
    }
    case 'exited': if (memoryOf(work, event.container).ordered === event.attempt) remember(work, event.container, { ordered: undefined }); return
    case 'pulled': {
      const pull = work.memory.images?.[event.image]
      if (pull?.is !== 'pulling') return
      const waited = durationText(now - pull.since)
      tell(work, 'Normal', 'Pulled', `Successfully pulled image "${event.image}" in ${durationText(event.tookMs)} (${waited} including waiting). Image size: ${event.sizeBytes} bytes.`, fieldPathOf(work.pod, pull.container))
      const { [event.image]: _, ...others } = work.memory.images ?? {}
      rememberPod(work, { images: others })
      const isOwn = containerOf(work.pod, pull.container)?.image === event.image
      remember(work, pull.container, { ...(isOwn ? { pulled: pull.attempt } : {}), waiting: undefined })
      const isMounted = work.pod.spec.volumes?.some(({ image }) => image?.reference === event.image) === true
      if (isMounted) rememberPod(work, { mountedImages: [...new Set(work.memory.mountedImages).add(event.image)] })
      return
    }
    case 'pull-failed': pullFailed(work, event.image, event.reason, event.message); return
    case 'sandbox-failed': if (event.forDevices === true) devicesFailed(work, event.message); else sandboxFailed(work, event.message); return
    case 'sandbox-ready': rememberPod(work, { sandbox: undefined }); return
    case 'volumes-failed': mountsFailed(work, event.generation, event.failures); return
    case 'checked': checked(work, event); return
    case 'teardown-failed': tell(work, 'Warning', 'FailedKillPod', `error killing pod: failed to "KillPodSandbox" for ${JSON.stringify(work.pod.metadata.uid)} with KillPodSandboxError: ${JSON.stringify(event.message)}`); return
    case 'torn-down': rememberPod(work, { tearing: undefined }); return
    case 'resized': resized(work, event.container, event.attempt, event.problem); return
    case 'volumes-ready':
    case 'removed': return
  }
}

function checked(work: Work, event: Extract<RuntimeEvent, { readonly is: 'checked' }>): void {
  const container = containerOf(work.pod, event.container)
  const stand = standIn(work, event.container)
  if (container === undefined || stand.is !== 'running' || stand.attempt !== event.attempt) return
  if (event.id === 'postStart') postStartEnded(work, container, stand.run, event.ok)
  else if (event.id === 'preStop') hookEnded(work, container, stand.run, event.ok, event.output)
  else probeAnswered(work, container, stand.run, event.id, event.ok, event.output)
}
