import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, aWorld, settle, type World } from './testing.ts'

const pods = '/api/v1/namespaces/default/pods'
function world({ simulated = false } = {}): World {
  const made = aWorld()
  settle(made)
  made.ask('POST /api/v1/nodes', { metadata: { name: 'n1', ...(simulated && { annotations: { 'skiff.dev/simulated': 'true' } }) } })
  made.ask(`POST ${pods}`, { metadata: { name: 'p' }, spec: { containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'i' }], initContainers: [{ name: 'first', image: 'i' }] } })
  return made
}
const bind = (made: World): void => {
  made.ask(`POST ${pods}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } })
}
const run = (made: World, state: object, phase = 'Running', more: object = {}): void => {
  made.ask(`PATCH ${pods}/p/status`, { status: { phase, containerStatuses: [{ name: 'a', image: 'i', imageID: '', ready: true, restartCount: 0, state, ...more }] } }, { headers: { 'content-type': 'application/merge-patch+json' } })
}
function open(made: World, path: string, method = 'GET'): unknown {
  const [where = '', query = ''] = `${pods}/p/${path}`.split('?')
  const reply = made.server.handler.step({ method, path: where, query, headers: {}, body: new Uint8Array(), certificate: admin }, new Map())
  if (reply.is === 'connect') return reply.connect.refusal?.message ?? { ...reply.connect, pod: reply.connect.pod.name }
  return reply.is === 'bytes' ? (([status, text]) => (status === 200 ? text : (JSON.parse(String(text)) as { message: string }).message))([reply.status, new TextDecoder().decode(reply.body[0])]) : reply.is
}

test('a stream to a pod is settled before the host carries it', () => {
  const made = world()
  assert.equal(open(made, 'log?container=a'), '', 'nobody has written anything yet')
  assert.equal(open(made, 'exec?container=a&command=ls'), 'pod p does not have a host assigned')
  bind(made)
  run(made, { running: { startedAt: '2026-01-01T00:00:00Z' } })
  const streams = { stdin: false, stdout: false, stderr: false, tty: false }
  const base = { node: 'n1', pod: 'p', container: 'a', command: [], ports: [], streams }
  for (const [path, connect] of [
    ['exec?container=a&command=sh&command=-c&command=echo+hi&stdin=true&stdout=1&stderr=False&tty=', { ...base, what: 'exec', command: ['sh', '-c', 'echo hi'], streams: { stdin: true, stdout: true, stderr: false, tty: true } }],
    ['log?container=a&follow=true&tailLines=5&sinceSeconds=60', { ...base, what: 'log', log: { follow: true, previous: false, timestamps: false, tailLines: 5, sinceSeconds: 60 } }],
    ['portforward?ports=80,81', { ...base, what: 'portforward', container: '', ports: [80, 81] }],
  ] as const) assert.deepEqual(open(made, path, path.startsWith('log') ? 'GET' : 'POST'), connect, path)
  // Of a container that waits to run again, and of one that has: each log is that of the run which the status tells of.
  const before = { terminated: { exitCode: 1, containerID: 'skiff://one' } }
  for (const [state, containerID, ids] of [[{ waiting: { reason: 'CrashLoopBackOff' } }, 'skiff://one', ['one', 'one']], [{ running: { startedAt: '2026-01-01T00:00:01Z' } }, 'skiff://two', ['two', 'one']]] as const) {
    run(made, state, 'Running', { lastState: before, containerID })
    assert.deepEqual(['log?container=a', 'log?container=a&previous=true'].map((path) => open(made, path, 'GET')).map((connect) => (connect as { readonly log?: { readonly id?: string } }).log?.id), ids)
  }
})

test('what cannot be streamed is told in the kubelet\'s and the server\'s words', () => {
  const made = world()
  bind(made)
  assert.equal(open(made, 'log?container=a'), 'container "a" in pod "p" is waiting to start: ContainerCreating')
  assert.equal(open(made, 'portforward'), 'unable to forward port because pod is not running. Current status=Pending')
  run(made, { waiting: { reason: 'ImagePullBackOff' } })
  for (const [path, message] of [
    ['log', 'a container name must be specified for pod p, choose one of: [a b] or one of the init containers: [first]'],
    ['log?container=z', 'container z is not valid for pod p'],
    ['log?container=a', 'container "a" in pod "p" is waiting to start: trying and failing to pull image'],
    ['log?container=a&previous=true', 'previous terminated container "a" in pod "p" not found'],
    ['log?container=a&tailLines=-1', 'PodLogOptions "" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['log?container=a&stream=stdout', 'PodLogOptions "" is invalid: stream: Unsupported value: "stdout": supported values: "All", "Stderr", "Stdout"'],
    ['log?container=a&stream=Stdout&tailLines=1', 'PodLogOptions "" is invalid: : Forbidden: `tailLines` and specific `stream` are mutually exclusive for now'],
    ['log?container=a&sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 'PodLogOptions "" is invalid: : Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified'],
    ['log?container=a&limitBytes=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ] as const) assert.equal(open(made, path), message, path)
  run(made, { terminated: { exitCode: 128, reason: 'StartError' } })
  assert.equal(open(made, 'log?container=a'), '', 'what could not be started has said nothing')
  run(made, { terminated: { exitCode: 0 } }, 'Succeeded')
  assert.equal(open(made, 'exec?container=a&command=ls', 'POST'), 'cannot exec into a container in a completed pod; current phase is Succeeded')
})

test('simulated nodes have no processes', () => {
  const made = world({ simulated: true })
  bind(made)
  assert.equal(open(made, 'exec?container=a&command=ls', 'POST'), 'container not found ("a")')
  run(made, { running: {} })
  assert.equal(open(made, 'exec?container=a&command=ls', 'POST'), 'pod p runs on the simulated node n1: there is no process to exec; the pod\'s annotation skiff.dev/exec.ls would give its answer, a real node has a process')
  assert.equal(open(made, 'log?container=a'), 'container "a" in pod "p" runs on the simulated node n1: it writes no log; the pod\'s annotation skiff.dev/log would tell one')
})
