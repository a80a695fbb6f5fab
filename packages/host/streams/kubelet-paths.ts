// What is asked of a kubelet by path: /exec, /attach, /portForward and /run.
import { type ClusterView, type Pod, pods } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'

/** Why it is not done, as a kubelet says it: in plain text. */
export interface Refused { readonly is: 'refused'; readonly status: number; readonly message: string }
export const refused = (status: number, message: string): Refused => ({ is: 'refused', status, message })

/** A node's pod by its name; by its uid too where that is given. */
export function podOf(view: ClusterView, node: string, namespace: string, name: string, uid?: string): Pod | undefined {
  const pod = view.get(pods, namespace, name)
  return pod?.spec.nodeName === node && (uid === undefined || pod.metadata.uid === uid) ? pod : undefined
}

/** All containers of a pod, of whatever kind. */
export const containersOf = ({ spec }: Pod): readonly string[] => [...spec.containers, ...(spec.initContainers ?? []), ...((spec.ephemeralContainers ?? []) as readonly { readonly name: string }[])].map(({ name }) => name)

const streamed: Readonly<Record<string, Exclude<Connect['what'], 'log'>>> = { exec: 'exec', attach: 'attach', portForward: 'portforward', run: 'exec' }

/** What a path of these means on a node; undefined for all others. */
export function streamAsked(view: ClusterView, node: string, path: string, query: URLSearchParams): Connect | Refused | undefined {
  const [, verb = '', namespace = '', name = '', ...more] = path.split('/').map(decoded)
  const what = Object.hasOwn(streamed, verb) ? streamed[verb] : undefined
  if (what === undefined) return undefined
  // The uid may be left out; a container may not.
  const names = what === 'portforward' ? 0 : 1
  if (more.length < names || more.length > names + 1) return refused(404, '404: Page Not Found')
  const container = names === 0 ? '' : more.at(-1) ?? ''
  const pod = podOf(view, node, namespace, name, more.length > names ? more[0] : undefined)
  if (pod === undefined) return refused(404, 'pod does not exist')
  if (container !== '' && !containersOf(pod).includes(container)) return refused(500, `container not found ("${container}")`)
  const isOn = (stream: string): boolean => query.get(stream) === '1' || query.get(stream) === 'true'
  const tty = isOn('tty')
  const streams = verb === 'run' ? { stdin: false, stdout: true, stderr: true, tty: false } : { stdin: isOn('input'), stdout: isOn('output'), stderr: isOn('error') && !tty, tty }
  if (what !== 'portforward' && !streams.stdin && !streams.stdout && !streams.stderr) return refused(400, 'you must specify at least 1 of stdin, stdout, stderr')
  return {
    what, node, pod: { namespace, name, uid: pod.metadata.uid }, container, streams,
    command: verb === 'run' ? (query.get('cmd') ?? '').split(' ') : query.getAll('command'), ports: query.getAll('port').map(Number).filter((port) => Number.isInteger(port) && port > 0 && port < 65536),
  }
}

function decoded(part: string): string {
  try { return decodeURIComponent(part) } catch { return part } // no pod is called so
}
