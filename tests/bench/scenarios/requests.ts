import { type Action, type Actor, isRefusal, type Pod, pods } from '@kubeskiff/core/api'
import { createCluster } from '@kubeskiff/core/cluster'
import type { Request } from '@kubeskiff/core/server'
import { aConfigMap, aPod } from '../manifests.ts'
import type { Measure, Scenario } from '../scenario.ts'

const count = 4000
const rounds = 5
const kubelet: Actor = { user: 'system:node:node-0', groups: ['system:nodes', 'system:authenticated'], component: 'kubelet' }
const certificate = { commonName: 'admin', organizations: ['system:masters'] }
const headers = { accept: 'application/json', 'content-type': 'application/json', 'user-agent': 'bench/1' }

/** The decisions of a server, without sockets, disks and components: CPU of each. */
export const scenario: Scenario = {
  name: 'requests',
  about: 'what the server itself costs for each kind of request: CPU without sockets and disks',
  run() {
    const cluster = createCluster({ nodes: 1 })
    cluster.settle()
    const { handler, submit } = cluster.server
    const ask = (method: string, url: string, body?: unknown, type = 'application/json'): void => {
      const [path = '', query = ''] = url.split('?')
      const request: Request = { method, path, query, headers: { ...headers, 'content-type': type }, certificate, body: body === undefined ? nothing : encoder.encode(JSON.stringify(body)) }
      const reply = handler.step(request, noAnswers)
      if (reply.is !== 'bytes' || reply.status >= 300) throw new Error(`${method} ${url} answered ${reply.is === 'bytes' ? `${reply.status} ${new TextDecoder().decode(reply.body[0])}` : reply.is}`)
    }
    const act = (action: Action): void => {
      submit(action, kubelet, (outcome) => { if (isRefusal(outcome)) throw new Error(outcome.message) })
    }
    const podOf = (name: string): Pod => {
      const pod = cluster.store.view.get(pods, 'default', name)
      if (pod === undefined) throw new Error(`no pod ${name}`)
      return pod
    }
    const [maps, podsPath] = ['/api/v1/namespaces/default/configmaps', '/api/v1/namespaces/default/pods']
    const steps: readonly (readonly [string, number, (name: string) => void])[] = [
      ['create a ConfigMap', count, (name) => { ask('POST', maps, aConfigMap(name)) }],
      ['get a ConfigMap', count, (name) => { ask('GET', `${maps}/${name}`) }],
      ['merge-patch a ConfigMap', count, (name) => { ask('PATCH', `${maps}/${name}`, { data: { more: name } }, 'application/merge-patch+json') }],
      ['apply a ConfigMap', count, (name) => { ask('PATCH', `${maps}/${name}-a?fieldManager=bench`, aConfigMap(`${name}-a`), 'application/apply-patch+yaml') }],
      ['apply it again', count, (name) => { ask('PATCH', `${maps}/${name}-a?fieldManager=bench`, { ...aConfigMap(`${name}-a`), data: { text: 'y' } }, 'application/apply-patch+yaml') }],
      ['delete a ConfigMap', count, (name) => { ask('DELETE', `${maps}/${name}`) }],
      ['create a pod', count, (name) => { ask('POST', podsPath, aPod(name)) }],
      ['bind a pod', count, (name) => { ask('POST', `${podsPath}/${name}/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: 'node-0' } }) }],
      ['a status by a component', count, (name) => { act({ do: 'patch', key: { resource: 'pods', namespace: 'default', name }, uid: podOf(name).metadata.uid, part: 'status', patch: { status: running } }) }],
      ['an Event by a component', count, (name) => { act({ do: 'record', about: podOf(name), type: 'Normal', reason: 'Pulled', message: `Container image "nginx:1.27" already present on machine` }) }],
      ['the same Event once more', count, (name) => { act({ do: 'record', about: podOf(name), type: 'Normal', reason: 'Pulled', message: `Container image "nginx:1.27" already present on machine` }) }],
      ['merge-patch a pod', count, (name) => { ask('PATCH', `${podsPath}/${name}`, { metadata: { labels: { more: 'label' } } }, 'application/merge-patch+json') }],
      ['get a pod', count, (name) => { ask('GET', `${podsPath}/${name}`) }],
      ['list all pods, each', count, (() => { let asked = 0; return () => { if (asked++ % count === 0) ask('GET', podsPath) } })()],
      ['delete a pod', count, (name) => { ask('DELETE', `${podsPath}/${name}?gracePeriodSeconds=0`) }],
    ]
    const measured = steps.map(([what]) => ({ what, runs: [] as number[] }))
    for (let round = 0; round <= rounds; round++) {
      for (const [at, [, times, step]] of steps.entries()) {
        globalThis.gc?.()
        const began = process.cpuUsage()
        for (let index = 0; index < times; index++) step(`r${round}-${index}`)
        const { user, system } = process.cpuUsage(began)
        // The first round warms the engine.
        if (round > 0) measured[at]?.runs.push((user + system) / times)
      }
    }
    return Promise.resolve(measured.map(({ what, runs }): Measure => ({ what, unit: 'µs', runs })))
  },
}
const encoder = new TextEncoder()
const nothing = new Uint8Array()
const noAnswers = new Map()
const condition = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z' })
const running = {
  phase: 'Running', conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition), hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.1' }], podIP: '10.1.0.1', podIPs: [{ ip: '10.1.0.1' }],
  startTime: '2026-01-01T00:00:00Z', qosClass: 'Burstable',
  containerStatuses: [{ name: 'main', state: { running: { startedAt: '2026-01-01T00:00:00Z' } }, lastState: {}, ready: true, restartCount: 0, image: 'nginx:1.27', imageID: 'nginx@sha256:00', containerID: 'x://00', started: true }],
}
