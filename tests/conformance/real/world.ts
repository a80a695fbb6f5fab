// A conformance row as a story on real nodes: what containers do and show.
import assert from 'node:assert/strict'
import { at, type Fields, list, text, until } from '../api.ts'
import type { Kubectl } from '../kubectl.ts'
import { World } from '../story.ts'
import { becomes } from '../workloads.ts'
import type { Ended, RealApi } from './cluster.ts'

/** The image of every container, unless a story says otherwise: busybox and perl, from Debian's packages. */
export const image = 'localhost/skiff/tools:1'
/** An image with an entrypoint and arguments: it echoes. */
export const speaker = 'localhost/skiff/speaker:1'
/** `image` with openssl. */
export const secure = 'localhost/skiff/secure:1'
/** What `skiff image build` is told, in this order. */
export const images: readonly (readonly string[])[] = [
  [image, '--package', 'busybox-static', '--package', 'perl-base'],
  [speaker, '--base', image, '--entrypoint', 'echo', '--cmd', 'by', '--cmd', 'default'],
  [secure, '--base', image, '--package', 'openssl'],
]

export interface RealStory {
  /** The codename of the row that it shows, word for word. */
  readonly row: string
  readonly tell: (world: RealWorld) => Promise<void>
  /** Told while no other story is: it disturbs nodes, or would be disturbed. */
  readonly alone?: true
  /** Needs a stock kubectl. */
  readonly kubectl?: true
}

/** Where one story takes place: a namespace of its own in a cluster of two real nodes. */
export class RealWorld extends World {
  readonly #api: RealApi

  constructor(api: RealApi, namespace: string, kubectl: Kubectl | undefined) {
    super(api, namespace, kubectl)
    this.#api = api
  }

  pod(name?: string): string { return this.path('v1', 'pods', name) }

  /** Creates a pod and waits until it is ready. */
  async runs(pod: { readonly metadata: { readonly name: string } }): Promise<Fields> {
    await this.create(this.pod(), pod)
    return this.ready(pod.metadata.name)
  }
  ready(name: string): Promise<Fields> {
    return becomes(this, this.pod(name), 'is ready', (pod) => list(pod, 'status', 'conditions').some((one) => one['type'] === 'Ready' && one['status'] === 'True'))
  }

  /** Creates a pod that ends by itself: its last state, and what the container wrote. */
  async ends(pod: { readonly metadata: { readonly name: string } }, container = 'main'): Promise<{ readonly phase: string; readonly log: string; readonly pod: Fields }> {
    await this.create(this.pod(), pod)
    const last = await becomes(this, this.pod(pod.metadata.name), 'has ended', (seen) => ['Succeeded', 'Failed'].includes(text(seen, 'status', 'phase')))
    return { phase: text(last, 'status', 'phase'), log: await this.log(pod.metadata.name, container), pod: last }
  }
  /** Creates a pod that must succeed: what it wrote. */
  async says(pod: { readonly metadata: { readonly name: string } }, container = 'main'): Promise<string> {
    const { phase, log, pod: last } = await this.ends(pod, container)
    assert.equal(phase, 'Succeeded', `${log}\n${JSON.stringify(at(last, 'status'))}`)
    return log
  }

  async log(pod: string, container = 'main', query = ''): Promise<string> {
    const reply = await this.ask('GET', `${this.pod(pod)}/log?container=${container}${query}`)
    assert.equal(reply.status, 200, reply.text)
    return reply.text
  }
  /** Waits until what a container wrote holds. */
  logged(pod: string, holds: (log: string) => boolean, container = 'main'): Promise<string> {
    let last = ''
    return until(this.api, `${pod} has written what it should`, async () => {
      last = (await this.ask('GET', `${this.pod(pod)}/log?container=${container}`)).text
      return holds(last) ? last : undefined
    }).catch((error: unknown) => { throw new Error(`${String(error)}; it wrote: ${last.slice(-2000)}`) })
  }

  /** A log as it comes over a WebSocket. */
  logFrames(pod: string, protocol: string): Promise<readonly string[]> { return this.#api.readFrames(`${this.pod(pod)}/log?container=main`, protocol) }

  exec(pod: string, command: readonly string[], { container = 'main', input }: { readonly container?: string; readonly input?: string } = {}): Promise<Ended> {
    return this.#api.exec(this.namespace, pod, container, command, input)
  }
  /** What a shell command in a container wrote; it must end well. */
  async sh(pod: string, script: string, container = 'main'): Promise<string> {
    const { code, out, err } = await this.exec(pod, ['sh', '-c', script], { container })
    assert.equal(code, 0, `${script}\n${out}${err}`)
    return out
  }

  /** The events about an object, as `Reason: message`. */
  async events(name: string): Promise<readonly string[]> {
    return list(await this.get(`${this.path('v1', 'events')}?fieldSelector=involvedObject.name%3D${name}`), 'items').map((event) => `${text(event, 'reason')}: ${text(event, 'message')}`)
  }
}

/** A container that runs a shell script. */
export const shell = (script: string, more: object = {}): object => ({ name: 'main', image, command: ['sh', '-c', script], ...more })
/** A container that waits, and ends at once when it is told to. */
export const waiting = (more: object = {}): object => shell('trap "exit 0" TERM; sleep 100000 & wait', more)
/** A pod of these containers that is not started again. */
export const aPod = (name: string, containers: readonly object[], spec: object = {}, metadata: object = {}): { readonly metadata: { readonly name: string }; readonly spec: object } =>
  ({ metadata: { name, ...metadata }, spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers, ...spec } })
