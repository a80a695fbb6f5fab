import { pods } from '@kubeskiff/core/api'
import { type Peer, startPeer, whyNoPeer } from '../../peer/launch.ts'
import type { Load, Result } from '../load.ts'
import { heapMegabytes, type Measure, quantile, type Scenario } from '../scenario.ts'
import { pssMegabytes } from '../skiff.ts'
import { inClient, serve, type Served } from '../world.ts'

const listed = 10_000
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const protobuf = 'application/vnd.kubernetes.protobuf'
const rounds = 3

/** The same load on ours and on the peer, one after the other, several times. */
class Both {
  readonly #ours: Served
  readonly #peer: Peer | undefined
  constructor(ours: Served, peer: Peer | undefined) { this.#ours = ours; this.#peer = peer }

  async measure(what: string, unit: string, loadOf: (round: number) => Load, figure: (result: Result) => number, aim?: string): Promise<Measure> {
    const [mine, theirs]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      mine.push(figure(await this.#ours.load(loadOf(round))))
      if (this.#peer !== undefined) theirs.push(figure(await inClient(this.#peer, loadOf(round))))
    }
    return { what, unit, runs: mine, ...(theirs.length > 0 && { beside: { what: 'kube-apiserver and etcd', runs: theirs } }), ...(aim !== undefined && { aim }) }
  }
}

const rate = (count: number) => ({ ms }: Result): number => count / (ms / 1000)
const middle = ({ each }: Result): number => quantile(each, 0.5)

export const scenario: Scenario = {
  name: 'api',
  about: 'reads, writes, watches and lists over HTTPS, beside a stock kube-apiserver with etcd where SKIFF_PEER_APISERVER and SKIFF_PEER_ETCD name them',
  async run() {
    const why = whyNoPeer()
    if (why !== undefined) console.error(`without a peer: ${why}`)
    const peer = why === undefined ? await startPeer() : undefined
    const ours = await serve({ nodes: 0 })
    try {
      const both = new Both(ours, peer)
      const creates = (count: number, writers: number, of: string) => (round: number): Load => ({ is: 'create', what: 'configmaps', prefix: `${of}${round}-`, count, writers })
      await ours.load(creates(3_000, 16, 'warm')(0))
      if (peer !== undefined) await inClient(peer, creates(3_000, 16, 'warm')(0))
      const measures: Measure[] = [
        await both.measure('durable creates, 1 writer', 'writes/s', creates(1_000, 1, 'one'), rate(1_000)),
        await both.measure('durable creates, 64 writers', 'writes/s', creates(10_000, 64, 'many'), rate(10_000), '≥ 2 × the peer'),
        await both.measure('p99 of a create, 64 writers', 'ms', creates(5_000, 64, 'late'), ({ each }) => quantile(each, 0.99)),
        await both.measure('server-side applies, 16 writers', 'writes/s', () => ({ is: 'apply', objects: 200, count: 4_000, writers: 16 }), rate(4_000)),
        await both.measure('gets of one object', 'reads/s', () => ({ is: 'get', path: '/api/v1/namespaces/default/configmaps/one0-0', times: 4_000 }), rate(4_000)),
      ]
      // On simulated nodes nothing runs these pods: both servers hold the same ones.
      const made: Load = { is: 'create', what: 'pods', prefix: 'p', count: listed, writers: 64 }
      await ours.load(made)
      if (peer !== undefined) await inClient(peer, made)
      for (const [what, path, accept, times] of [
        [`list of ${listed} pods, JSON`, '/api/v1/pods', 'application/json', 10], [`list of ${listed} pods, Table`, '/api/v1/pods', table, 5], [`list of ${listed} pods, protobuf`, '/api/v1/pods', protobuf, 10],
        ['a page of 500 pods', '/api/v1/pods?limit=500', 'application/json', 40],
      ] as const) measures.push(await both.measure(what, 'ms', () => ({ is: 'get', path, accept, times }), middle, what.endsWith('JSON') ? '≥ 10 × the peer' : undefined))
      measures.push(
        await both.measure('events to 1,000 watchers', 'events/s', () => ({ is: 'fan out', watchers: 1_000, changes: 100, writers: 8 }), rate(100_000), '≥ 5 × the peer'),
        await both.measure('a change until 1,000 watchers have it', 'ms', () => ({ is: 'deliver', watchers: 1_000, changes: 30 }), middle),
        await memory(ours, peer),
      )
      if ([...ours.store.view.list(pods)].length !== listed) throw new Error('not all pods are there')
      return measures
    } finally {
      await ours.close()
      await peer?.stop()
    }
  },
}

/** What 100,000 ConfigMaps of a kilobyte take, from what 20,000 take. */
async function memory(ours: Served, peer: Peer | undefined): Promise<Measure> {
  const count = 20_000
  const load: Load = { is: 'create', what: 'configmaps', prefix: 'heavy-', count, writers: 32 }
  const scaled = (before: number, after: number): number => (after - before) * (100_000 / count)
  const before = heapMegabytes()
  await ours.load(load)
  const mine = scaled(before, heapMegabytes())
  if (peer === undefined) return { what: 'memory of 100,000 objects', unit: 'MB', runs: [mine] }
  const resident = (): number => peer.pids.reduce((sum, pid) => sum + pssMegabytes(pid), 0)
  const peerBefore = resident()
  await inClient(peer, load)
  return { what: 'memory of 100,000 objects', unit: 'MB', runs: [mine], beside: { what: 'kube-apiserver and etcd', runs: [scaled(peerBefore, resident())] } }
}
