// A control plane as `skiff up` starts one, in this process, reached over HTTPS on the loopback.
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Certificates } from '../../packages/host/credentials/index.ts'
import { startControlPlane } from '../../packages/host/daemon/control-plane.ts'
import { dataDirectory, makeDataDirectory } from '../../packages/host/daemon/directory.ts'
import { newSimulatedNodes } from '../../packages/host/daemon/nodes.ts'
import { RealClock } from '../../packages/host/engine/index.ts'
import { freePort } from '../clients/cluster.ts'
import type { Api } from './api.ts'
import { httpsClient } from './https-client.ts'

export interface HttpsApi extends Api { readonly kubeconfig: string; readonly folder: string; readonly port: number }

/** Time is moved in steps, so that what is due at regular times is not late by more than this. */
const stepMs = 5_000

export async function openOverHttps(): Promise<HttpsApi> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-conformance-'))
  const directory = dataDirectory(join(folder, 'data'))
  makeDataDirectory(directory)
  let ahead = 0
  const clock = new RealClock(() => Date.now() + ahead)
  const said: string[] = []
  const plane = await startControlPlane({ directory, clock, settings: { version: 1, port: await freePort(), nodes: newSimulatedNodes([], [{ count: 2 }]), welcomed: true }, say: (line) => { said.push(line) } })
  const certificates = new Certificates(directory.credentials, () => clock.now())
  const [authority, admin] = [await certificates.authority(), await certificates.admin()]
  const known = new Agent({ keepAlive: true, ca: authority.certificate, cert: admin.certificate, key: admin.key })
  const nobody = new Agent({ keepAlive: true, ca: authority.certificate })

  return {
    way: 'over HTTPS', kubeconfig: directory.kubeconfig, folder, port: plane.port,
    ...httpsClient({ port: plane.port, known, nobody }), now: () => clock.now(),
    advance: async (milliseconds) => {
      for (let left = milliseconds; left > 0; left -= stepMs) {
        ahead += Math.min(stepMs, left)
        clock.look()
        await sleep(1)
      }
    },
    stop: async () => {
      known.destroy()
      nobody.destroy()
      await plane.stop()
      rmSync(folder, { recursive: true, force: true })
      if (said.length > 0) throw new Error(`the control plane had to say: ${said.join('\n')}`)
    },
  }
}
