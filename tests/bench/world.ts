import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VersionInfo } from '../../packages/core/server/options.ts'
import { type Cluster, kindIndexes, simulatedNode, wireCluster } from '@kubeskiff/core/cluster'
import type { Handler } from '@kubeskiff/core/server'
import { createStore, type Store } from '@kubeskiff/core/store'
import { Certificates } from '../../packages/host/credentials/index.ts'
import { countBuffersWithTheHeap, RealClock, selfPumpingLoop, systemRandom } from '../../packages/host/engine/index.ts'
import { openHttpServer } from '../../packages/host/http/index.ts'
import { attachJournal, openEmbeddedJournal } from '../../packages/host/journal/index.ts'
import type { Load, Result } from './load.ts'

export const version: VersionInfo = { major: '1', minor: '36', gitVersion: 'v1.36.0', gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: '', compiler: 'skiff', platform: 'bench' }

export interface Served {
  readonly cluster: Cluster
  readonly store: Store
  readonly target: Target
  /** Starts a client process with this load and gives what it measured. */
  load(load: Load): Promise<Result>
  close(): Promise<void>
}

/** A cluster as `skiff up` runs it: real time, HTTPS, the embedded journal on the disk. `handler` stands in for the server's. */
export async function serve(options: { readonly nodes: number; readonly handler?: (store: Store) => Handler }): Promise<Served> {
  countBuffersWithTheHeap()
  const folder = mkdtempSync(join(tmpdir(), 'skiff-bench-'))
  const certificates = new Certificates(join(folder, 'credentials'), Date.now)
  const [authority, serving, admin] = [await certificates.authority(), await certificates.server({ names: ['localhost'], addresses: ['127.0.0.1'] }), await certificates.admin()]
  const store = createStore({ indexes: kindIndexes, journaled: true })
  const attached = await attachJournal(store, await openEmbeddedJournal(folder))
  const clock = new RealClock()
  const cluster = wireCluster({
    store, clock, random: systemRandom(), loop: selfPumpingLoop((error) => { throw error }), authority: authority.certificate, version,
    nodes: Array.from({ length: options.nodes }, (_, index) => simulatedNode(index)),
  })
  const http = await openHttpServer({
    handler: options.handler?.(store) ?? cluster.server.handler, store, answer: () => Promise.reject(new Error('nobody answers here')), host: '127.0.0.1', port: 0,
    tls: { certificate: serving.certificate, key: serving.key, authority: authority.certificate }, onError: (error) => { console.error(error) },
  })
  if (http.is === 'problem') throw new Error(http.message)
  const target: Target = { port: http.port, authority: authority.certificate, certificate: admin.certificate, key: admin.key }
  return {
    cluster, store, target,
    load: (load) => inClient(target, load),
    close: async () => {
      await http.close(0)
      cluster.stop()
      clock.stop()
      await attached.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export interface Target { readonly port: number; readonly authority: string; readonly certificate: string; readonly key: string }

/** Runs a load in a process of its own. */
export function inClient(target: Target, load: Load): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'load.child.ts'), { execArgv: [] })
    let result: Result | undefined
    child.on('message', (message) => { result = message as Result })
    child.on('exit', (code) => { if (result === undefined) reject(new Error(`the client ended with code ${code}`)); else resolve(result) })
    child.send({ target, load })
  })
}
