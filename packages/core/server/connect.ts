// Streams to a pod's node: who and what is settled here, the host carries the bytes.
import type { Container, ContainerStatus } from '../api/generated/types.ts'
import { forbidden, invalid, refuseInvalid, unsupported } from '../api/kinds/problems.ts'
import { isRefusal, type Problem, type Refusal } from '../api/refusal.ts'
import type { Resource } from '../api/resource.ts'
import { nodes, type Pod, pods } from '../api/resources.ts'
import { isSimulated, scriptPrefix } from '../api/simulated.ts'
import { logText, programOf, scriptedAnswer, simulatedLog } from '../rules/pod-log.ts'
import type { Call } from './call.ts'
import type { User } from './access/types.ts'
import { admit } from './admission/index.ts'
import { circumstancesOf, type Machine } from './machine.ts'
import { connectKinds, type Endpoint } from './registry.ts'
import { badRequest, notFound } from './refusals.ts'
import { type Answer, text } from './reply.ts'
import { isTrue, type ResourceRoute } from './route.ts'
import { type Asks, type Connect, isStopped } from './types.ts'
import { admissionOf } from './write/admission-of.ts'
import { mannerOf } from './write/manner.ts'

/** pods/log, exec, attach and portforward. */
export function connect(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, what: string, user: User): Answer | Refusal | Asks {
  const { query } = call
  const { view } = machine.store
  const pod = view.get(pods, route.namespace, route.name)
  if (pod === undefined) return notFound(pods, route.name)
  if (what !== 'log' && what !== 'exec' && what !== 'attach' && what !== 'portforward') return badRequest(`${what} is not served`)
  const container = what === 'portforward' ? '' : containerOf(pod, query.get('container') ?? '')
  if (isRefusal(container)) return container
  const log = what === 'log' ? logOf(query) : undefined
  if (isRefusal(log)) return log
  const streams = { stdin: isTrue(query, 'stdin'), stdout: isTrue(query, 'stdout'), stderr: isTrue(query, 'stderr'), tty: isTrue(query, 'tty') }
  // Reading a log is a get, which admission does not see.
  const kind = connectKinds[what]
  const admitted = kind === undefined ? undefined : admitConnect(machine, call, endpoint, pod, { subresource: what, kind, options: { ...streams, container, command: query.getAll('command') } }, user)
  if (isStopped(admitted)) return admitted
  const node = pod.spec.nodeName ?? ''
  if (node === '') return what === 'log' ? text('') : badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
  const { phase } = pod.status
  if ((what === 'exec' || what === 'attach') && (phase === 'Succeeded' || phase === 'Failed')) return badRequest(`cannot exec into a container in a completed pod; current phase is ${phase}`)
  const refusal = refusalOf(machine, pod, node, container, what, log?.previous === true, query.getAll('command'))
  const scripted = isOnSimulated(machine, node) ? scriptedOf(machine, pod, container, what, log, query.getAll('command')) : undefined
  if (refusal === undefined && scripted?.is === 'text') return text(scripted.text)
  // What could not be started has said nothing, and its node has nothing of it.
  if (refusal === undefined && log?.previous === false && statusOf(pod, container)?.state?.terminated?.reason === 'StartError') return text('')
  const { namespace = '', name, uid } = pod.metadata
  return {
    is: 'connect', asOf: machine.store.view.revision,
    connect: {
      what, node, pod: { namespace, name, uid }, container, command: query.getAll('command'), ports: query.getAll('ports').flatMap((each) => each.split(',')).map(Number).filter(isPort),
      streams,
      ...(log !== undefined && { log: { ...ranAs(pod, container, log.previous), ...log } }), ...(scripted !== undefined && scripted.is !== 'text' && { scripted }),
      ...(refusal !== undefined && scripted?.is !== 'answer' && { refusal }),
    },
  }
}

/** A connection as admission sees it: with its options as what was sent. */
export function admitConnect(machine: Machine, call: Call, endpoint: Endpoint, object: Resource, sent: { readonly subresource: string; readonly kind: string; readonly options: object }, user: User): Refusal | Asks | undefined {
  const manner = mannerOf(call, user, { dryRun: false, options: {} }, { is: 'nobody' })
  const admitted = admit(admissionOf(machine, endpoint, manner, {
    operation: 'connect', object, before: undefined, subresource: sent.subresource, circumstances: circumstancesOf(machine, manner),
    body: { kind: sent.kind, apiVersion: 'v1', metadata: {}, ...sent.options },
  }))
  return isStopped(admitted) ? admitted : undefined
}

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65536

/** The container named, or the only one. */
function containerOf({ metadata, spec }: Pod, asked: string): string | Refusal {
  const names = spec.containers.map(({ name }) => name)
  const initNames = (spec.initContainers ?? []).map(({ name }) => name)
  const ephemeral = ((spec.ephemeralContainers ?? []) as readonly Pick<Container, 'name'>[]).map(({ name }) => name)
  if (asked !== '') return [...names, ...initNames, ...ephemeral].includes(asked) ? asked : badRequest(`container ${asked} is not valid for pod ${metadata.name}`)
  if (names.length === 1 && names[0] !== undefined) return names[0]
  const usual = metadata.annotations?.['kubectl.kubernetes.io/default-container']
  if (usual !== undefined && names.includes(usual)) return usual
  const inits = initNames.length > 0 ? ` or one of the init containers: [${initNames.join(' ')}]` : ''
  return badRequest(`a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]${inits}`)
}

const unfit = (problem: Problem): Refusal => refuseInvalid({ group: '', kind: 'PodLogOptions' }, '', [problem])
type LogOptions = NonNullable<Connect['log']>
function logOf(query: URLSearchParams): LogOptions | Refusal {
  const whole = (name: string, least: number): number | Refusal | undefined => {
    const value = query.get(name) ?? ''
    if (value === '') return undefined
    if (!/^-?\d+$/.test(value)) return badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`)
    return Number(value) >= least ? Number(value)
      : unfit(invalid(name, Number(value), least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0'))
  }
  const [tailLines, limitBytes, sinceSeconds] = [whole('tailLines', 0), whole('limitBytes', 1), whole('sinceSeconds', 1)]
  for (const each of [tailLines, limitBytes, sinceSeconds]) if (isRefusal(each)) return each
  const sinceTime = query.get('sinceTime') || undefined
  const stream = query.get('stream') || 'All'
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') return unfit(unsupported('stream', stream, ['All', 'Stderr', 'Stdout']))
  if (stream !== 'All' && tailLines !== undefined) return unfit(forbidden('', '`tailLines` and specific `stream` are mutually exclusive for now'))
  if (sinceSeconds !== undefined && sinceTime !== undefined) return unfit(forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  return {
    follow: isTrue(query, 'follow'), previous: isTrue(query, 'previous'), timestamps: isTrue(query, 'timestamps'),
    ...(typeof tailLines === 'number' && { tailLines }), ...(typeof limitBytes === 'number' && { limitBytes }),
    ...(typeof sinceSeconds === 'number' && { sinceSeconds }), ...(sinceTime !== undefined && { sinceTime }),
    ...(stream !== 'All' && { stream: stream === 'Stdout' ? 'stdout' : 'stderr' }),
  }
}

/** What the node's kubelet would say at once, when it cannot serve the stream. */
function refusalOf({ store: { view } }: Machine, pod: Pod, node: string, container: string, what: Connect['what'], previous: boolean, command: readonly string[]): Refusal | undefined {
  const { name } = pod.metadata
  const simulated = isOnSimulated({ store: { view } }, node)
  // As upstream's kubelet: what does not run yet is not found; whoever has told an answer hears nothing of that here.
  if (simulated && what === 'exec' && statusOf(pod, container)?.state?.running === undefined) return { ...badRequest(`container not found (${JSON.stringify(container)})`), code: 404, reason: 'NotFound' }
  if (simulated && what !== 'log') return badRequest(`pod ${name} runs on the simulated node ${node}: there is no process to ${what === 'portforward' ? 'forward to' : what}; ${insteadOf(what, command)}`)
  if (what === 'portforward') return pod.status.phase === 'Running' ? undefined : badRequest(`unable to forward port because pod is not running. Current status=${pod.status.phase ?? 'Unknown'}`)
  const status = statusOf(pod, container)
  if (what !== 'log') return undefined
  if (previous) return status?.lastState?.terminated === undefined ? badRequest(`previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} not found`) : undefined
  const waiting = status?.state?.waiting
  if (status !== undefined && (waiting === undefined || status.lastState?.terminated !== undefined)) {
    return simulated && simulatedLog(pod, container, 0) === undefined ? badRequest(`container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} runs on the simulated node ${node}: it writes no log; the pod's annotation ${scriptPrefix}log would tell one`) : undefined
  }
  const reason = waiting?.reason ?? 'ContainerCreating'
  return badRequest(reason === 'ErrImagePull' || reason === 'ImagePullBackOff'
    ? `container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} is waiting to start: ${reason === 'ErrImagePull' ? 'image can\'t be pulled' : 'trying and failing to pull image'}`
    : `container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} is waiting to start: ${reason}`)
}

/** The run of which a log is wanted, as the runtime knows it: the one that is shown, or the one before. */
function ranAs(pod: Pod, container: string, previous: boolean): Pick<LogOptions, 'id'> {
  const status = statusOf(pod, container)
  const id = (previous ? status?.lastState?.terminated?.containerID : status?.containerID) ?? ''
  return id === '' ? {} : { id: id.slice(id.indexOf('://') + 3) }
}

/** What gives an answer where nothing runs. */
function insteadOf(what: Connect['what'], command: readonly string[]): string {
  const program = programOf(command)
  return what === 'exec' && /^\w[\w.-]*$/.test(program) ? `the pod's annotation ${scriptPrefix}exec.${program} would give its answer, a real node has a process` : 'pods on real nodes have one'
}

function isOnSimulated({ store: { view } }: { readonly store: Pick<Machine['store'], 'view'> }, node: string): boolean {
  const found = view.get(nodes, '', node)
  return found !== undefined && isSimulated(found)
}

/** What a pod without processes answers: a log as far as it is written, or one that goes on; a command that the user has given an answer. */
function scriptedOf({ now }: Machine, pod: Pod, container: string, what: Connect['what'], log: LogOptions | undefined, command: readonly string[]): Connect['scripted'] | { readonly is: 'text'; readonly text: string } {
  if (what === 'exec') {
    const runs = statusOf(pod, container)?.state?.running !== undefined
    const answer = runs ? scriptedAnswer(pod, container, command) : undefined
    return answer === undefined ? undefined : { is: 'answer', ...answer }
  }
  if (log === undefined) return undefined
  const written = simulatedLog(pod, container, now(), log.previous)
  if (written === undefined) return undefined
  return log.follow && !log.previous ? { is: 'log' } : { is: 'text', text: logText(written.lines, log, now()) }
}
const statusOf = ({ status }: Pod, container: string): ContainerStatus | undefined =>
  [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? []), ...(status.ephemeralContainerStatuses ?? [])].find(({ name }) => name === container)
