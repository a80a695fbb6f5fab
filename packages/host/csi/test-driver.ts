// A CSI driver for tests: it tells what it was asked, and does what it is told to.
import { empty } from '../plugins/index.ts'
import { startTestPlugin } from '../plugins/test-server.ts'
import { service } from './drivers.ts'
import { type Ability, type Expansion, type NodeInfo, type Publishing, readExpansion, readPlace, readPublishing, readStaging, type Staging, type VolumeStats, writeAbilities, writeNodeInfo, writeStats } from './messages.ts'

export type TestAsk = { readonly is: 'stage'; readonly ask: Staging } | { readonly is: 'publish'; readonly ask: Publishing } | { readonly is: 'unpublish' | 'unstage'; readonly ask: { readonly volume: string; readonly path: string } } | { readonly is: 'expand'; readonly ask: Expansion }

export interface TestDriver {
  readonly asked: TestAsk[]
  /** Resolves with what the kubelet said of the registration. */
  readonly registered: Promise<string>
  /** Called with each ask, before it is answered; what it throws, as { code, details }, is the answer. */
  act: (asked: TestAsk) => void
  close(): void
}

/** Serves a driver at `socket` (which the kubelet is told as `endpoint`), and registers it at `registration`. */
export async function startTestDriver({ driver, socket, endpoint, registration, abilities = ['stages'], info = { nodeId: 'here', volumesMost: 0, topology: {} }, versions = ['1.0.0'], stats = {} }: {
  readonly driver: string; readonly socket: string; readonly endpoint: string; readonly registration: string
  readonly abilities?: readonly Ability[]; readonly info?: NodeInfo; readonly versions?: readonly string[]; readonly stats?: VolumeStats
}): Promise<TestDriver> {
  const hear = (asked: TestAsk): Buffer => {
    made.asked.push(asked)
    made.act(asked)
    return empty
  }
  const { registered, close } = await startTestPlugin({
    socket, registration, info: { type: 'CSIPlugin', name: driver, endpoint, versions },
    calls: [
      { path: `${service}/NodeGetInfo`, answer: () => writeNodeInfo(info) },
      { path: `${service}/NodeGetCapabilities`, answer: () => writeAbilities(abilities) },
      { path: `${service}/NodeStageVolume`, answer: (request) => hear({ is: 'stage', ask: readStaging(request) }) },
      { path: `${service}/NodePublishVolume`, answer: (request) => hear({ is: 'publish', ask: readPublishing(request) }) },
      { path: `${service}/NodeUnpublishVolume`, answer: (request) => hear({ is: 'unpublish', ask: readPlace(request) }) },
      { path: `${service}/NodeUnstageVolume`, answer: (request) => hear({ is: 'unstage', ask: readPlace(request) }) },
      { path: `${service}/NodeExpandVolume`, answer: (request) => hear({ is: 'expand', ask: readExpansion(request) }) },
      { path: `${service}/NodeGetVolumeStats`, answer: () => writeStats(stats) },
    ],
  })
  const made: TestDriver = { asked: [], registered, act: () => undefined, close }
  return made
}
