// How containers start and end: hooks, last words, restarts, init containers, deadlines, and who looks in.
import assert from 'node:assert/strict'
import { at, type Fields, list, text, until } from '../../api.ts'
import { becomes } from '../../workloads.ts'
import { aPod, image, type RealStory, type RealWorld, shell, waiting } from '../world.ts'

const everywhere = '[Conformance] [NodeConformance]'
const statusOf = (pod: Fields, name = 'main'): Fields => [...list(pod, 'status', 'containerStatuses'), ...list(pod, 'status', 'initContainerStatuses'), ...list(pod, 'status', 'ephemeralContainerStatuses')].find((one) => one['name'] === name) ?? {}

/** A server on port 8080 that writes down what it is asked for. */
const listener = `use IO::Socket::INET; $| = 1; $SIG{TERM} = sub { exit 0 }; my $l = IO::Socket::INET->new(LocalPort => 8080, Listen => 9, ReuseAddr => 1) or die; print "listening\\n";
while (my $c = $l->accept) { my $line = <$c>; print "asked $line"; while (defined(my $h = <$c>)) { last if $h eq "\\r\\n" } print $c "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok"; close $c }`
/** A pod that hears what others ask it for: its address. */
async function listens(world: RealWorld): Promise<string> {
  const pod = await world.runs(aPod('listener', [{ name: 'main', image, command: ['perl', '-e', listener] }]))
  await world.logged('listener', (log) => log.includes('listening'))
  return text(pod, 'status', 'podIP')
}
interface Hook { readonly when: 'poststart' | 'prestop'; readonly how: 'exec' | 'http'; readonly field: 'postStart' | 'preStop'; readonly handler: (address: string) => object }
const hooks: readonly Hook[] = [
  { when: 'poststart', how: 'exec', field: 'postStart', handler: (address) => ({ exec: { command: ['sh', '-c', `wget -qO- http://${address}:8080/echo?msg=poststart`] } }) },
  { when: 'poststart', how: 'http', field: 'postStart', handler: (host) => ({ httpGet: { host, port: 8080, path: '/echo?msg=poststart' } }) },
  { when: 'prestop', how: 'exec', field: 'preStop', handler: (address) => ({ exec: { command: ['sh', '-c', `wget -qO- http://${address}:8080/echo?msg=prestop`] } }) },
  { when: 'prestop', how: 'http', field: 'preStop', handler: (host) => ({ httpGet: { host, port: 8080, path: '/echo?msg=prestop' } }) },
]

interface Words { readonly says: string; readonly script: string; readonly container: object; readonly heard: string; readonly phase: string }
const falling = { terminationMessagePolicy: 'FallbackToLogsOnError' }
const lastWords: readonly Words[] = [
  { says: 'termination message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set', script: 'echo -n DONE', container: falling, heard: '', phase: 'Succeeded' },
  { says: 'termination message from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set', script: 'echo -n OK > /dev/termination-log; echo DONE', container: falling, heard: 'OK', phase: 'Succeeded' },
  { says: 'termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set', script: 'echo -n DONE; exit 1', container: falling, heard: 'DONE', phase: 'Failed' },
  { says: 'termination message if TerminationMessagePath is set as non-root user and at a non-default path', script: 'echo -n DONE > /dev/termination-custom-log', container: { terminationMessagePath: '/dev/termination-custom-log', securityContext: { runAsUser: 1000 } }, heard: 'DONE', phase: 'Succeeded' },
]

const counts = { volumeMounts: [{ name: 'count', mountPath: '/count' }] }
/** Ends with a code of its own each time it is run, the last one over and over. */
const endsWith = (...codes: readonly (number | 'stays')[]): object =>
  shell(`printf x >> /count/runs; case $(wc -c < /count/runs) in ${codes.map((code, run) => `${run === codes.length - 1 ? '*' : run + 1}) ${code === 'stays' ? 'trap "exit 0" TERM; sleep 100000 & wait' : `exit ${code}`};;`).join(' ')} esac`, counts)
const counting = { volumes: [{ name: 'count', emptyDir: {} }] }

const init = (name: string, script: string): object => shell(script, { name })
const hasEndedWell = (pod: Fields, name: string): boolean => at(statusOf(pod, name), 'state', 'terminated', 'exitCode') === 0
const isInitialized = (pod: Fields): boolean => list(pod, 'status', 'conditions').some(({ type, status }) => type === 'Initialized' && status === 'True')

const always = (name: string, container: object): ReturnType<typeof aPod> => aPod(name, [container], { restartPolicy: 'Always' })
const looksIn = (name: string): object => ({ name, image, command: ['sh', '-c', 'echo polo; sleep 100000'], stdin: true, tty: true })
async function adds(world: RealWorld, pod: string, containers: readonly object[]): Promise<void> {
  await world.patch(`${world.pod(pod)}/ephemeralcontainers`, { spec: { ephemeralContainers: containers } }, 'strategic-merge')
}

export const life: readonly RealStory[] = [
  ...hooks.map(({ when, how, field, handler }): RealStory => ({
    row: `[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute ${when} ${how} hook properly ${everywhere}`,
    tell: async (world) => {
      const address = await listens(world)
      await world.runs(aPod('hooked', [waiting({ lifecycle: { [field]: handler(address) } })], { terminationGracePeriodSeconds: 15 }))
      const isHeard = (log: string): boolean => log.includes(`asked GET /echo?msg=${when} HTTP/1.1`)
      if (when === 'poststart') await world.logged('listener', isHeard)
      else assert.equal(isHeard(await world.log('listener')), false)
      await world.remove(world.pod('hooked'))
      await world.logged('listener', isHeard)
      await until(world.api, 'it is gone', () => world.isGone(world.pod('hooked')))
    },
  })),
  ...lastWords.map(({ says, script, container, heard, phase }): RealStory => ({
    row: `[sig-node] Container Runtime blackbox test on terminated container should report ${says} ${everywhere}`,
    tell: async (world) => {
      const ended = await world.ends(aPod('speaks', [shell(script, container)]))
      assert.deepEqual([ended.phase, text(statusOf(ended.pod), 'state', 'terminated', 'message')], [phase, heard])
    },
  })),
  {
    row: `[sig-node] Container Runtime blackbox test when starting a container that exits should run with the expected status ${everywhere}`,
    tell: async (world) => {
      const seen = (pod: Fields): unknown => [text(pod, 'status', 'phase'), statusOf(pod)['restartCount'], statusOf(pod)['ready'], Object.keys(at(statusOf(pod), 'state') ?? {})]
      const runs = async (name: string, restartPolicy: string, container: object, expected: unknown): Promise<void> => {
        await world.create(world.pod(), aPod(name, [container], { restartPolicy, ...counting }))
        await becomes(world, world.pod(name), JSON.stringify(expected), (pod) => JSON.stringify(seen(pod)) === JSON.stringify(expected))
      }
      await Promise.all([
        runs('always', 'Always', endsWith(1, 0, 'stays'), ['Running', 2, true, ['running']]),
        runs('on-failure', 'OnFailure', endsWith(1, 0), ['Succeeded', 1, false, ['terminated']]),
        runs('never', 'Never', endsWith(1), ['Failed', 0, false, ['terminated']]),
      ])
    },
  },
  {
    row: `[sig-node] InitContainer should invoke init containers on a RestartAlways pod ${everywhere}`,
    tell: async (world) => {
      const pod = await world.runs(aPod('inits', [waiting()], { restartPolicy: 'Always', initContainers: [init('init1', 'true'), init('init2', 'true')] }))
      assert.deepEqual([isInitialized(pod), hasEndedWell(pod, 'init1'), hasEndedWell(pod, 'init2'), statusOf(pod, 'init1')['ready']], [true, true, true, true])
    },
  },
  {
    row: `[sig-node] InitContainer should invoke init containers on a RestartNever pod ${everywhere}`,
    tell: async (world) => {
      const { phase, pod } = await world.ends(aPod('inits', [shell('true')], { initContainers: [init('init1', 'true'), init('init2', 'true')] }))
      assert.deepEqual([phase, isInitialized(pod), hasEndedWell(pod, 'init1'), hasEndedWell(pod, 'init2'), hasEndedWell(pod, 'main')], ['Succeeded', true, true, true, true])
    },
  },
  {
    row: `[sig-node] InitContainer should not start app containers and fail the pod if init containers fail on a RestartNever pod ${everywhere}`,
    tell: async (world) => {
      const { phase, pod } = await world.ends(aPod('inits', [shell('true')], { initContainers: [init('init1', 'true'), init('init2', 'false')] }), 'init2')
      assert.deepEqual([phase, hasEndedWell(pod, 'init1'), at(statusOf(pod, 'init2'), 'state', 'terminated', 'exitCode'), Object.keys(at(statusOf(pod), 'state') as object)], ['Failed', true, 1, ['waiting']])
      assert.deepEqual(list(pod, 'status', 'conditions').filter(({ type }) => type === 'Initialized').map(({ status, reason, message }) => [status, reason, message]), [['False', 'ContainersNotInitialized', 'containers with incomplete status: [init2]']])
    },
  },
  {
    row: `[sig-node] InitContainer should not start app containers if init containers fail on a RestartAlways pod ${everywhere}`,
    tell: async (world) => {
      await world.create(world.pod(), aPod('inits', [waiting()], { restartPolicy: 'Always', initContainers: [init('init1', 'false'), init('init2', 'true')] }))
      const pod = await becomes(world, world.pod('inits'), 'it has failed and failed again', (seen) => Number(statusOf(seen, 'init1')['restartCount']) >= 2)
      assert.deepEqual([text(pod, 'status', 'phase'), ...['init2', 'main'].map((name) => at(statusOf(pod, name), 'state', 'waiting', 'reason'))], ['Pending', 'PodInitializing', 'PodInitializing'])
    },
  },
  {
    row: `[sig-node] Pods should allow activeDeadlineSeconds to be updated ${everywhere}`,
    tell: async (world) => {
      await world.runs(always('late', waiting()))
      await world.merge(world.pod('late'), { spec: { activeDeadlineSeconds: 1 } })
      const pod = await becomes(world, world.pod('late'), 'its time is over', (seen) => text(seen, 'status', 'phase') === 'Failed')
      assert.deepEqual([text(pod, 'status', 'reason'), text(pod, 'status', 'message')], ['DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'])
    },
  },
  {
    row: `[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason ${everywhere}`,
    tell: async (world) => {
      const { pod } = await world.ends(aPod('fails', [{ name: 'main', image, command: ['/bin/false'] }]))
      assert.equal(text(statusOf(pod), 'state', 'terminated', 'reason'), 'Error')
    },
  },
  {
    row: `[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete ${everywhere}`,
    tell: async (world) => {
      await world.create(world.pod(), always('fails', { name: 'main', image, command: ['/bin/false'] }))
      await becomes(world, world.pod('fails'), 'it crashes', (pod) => at(statusOf(pod), 'state', 'waiting', 'reason') === 'CrashLoopBackOff')
      await world.remove(world.pod('fails'))
      await until(world.api, 'it is gone', () => world.isGone(world.pod('fails')))
    },
  },
  {
    row: `[sig-node] Ephemeral Containers will start an ephemeral container in an existing pod ${everywhere}`,
    tell: async (world) => {
      await world.runs(always('watched', waiting()))
      await adds(world, 'watched', [{ ...looksIn('debugger'), targetContainerName: 'main' }])
      await becomes(world, world.pod('watched'), 'the debugger runs', (pod) => at(statusOf(pod, 'debugger'), 'state', 'running') !== undefined)
      await world.logged('watched', (log) => log.includes('polo'), 'debugger')
      assert.match(await world.sh('watched', 'ps -o pid,args', 'debugger'), /1 sh -c trap "exit 0" TERM/, 'it sees the processes of its target')
    },
  },
  {
    row: `[sig-node] Ephemeral Containers should update the ephemeral containers in an existing pod ${everywhere}`,
    tell: async (world) => {
      await world.runs(always('watched', waiting()))
      const runs = (name: string): Promise<Fields> => becomes(world, world.pod('watched'), `${name} runs`, (pod) => at(statusOf(pod, name), 'state', 'running') !== undefined)
      await adds(world, 'watched', [looksIn('debugger')])
      assert.deepEqual(list(await runs('debugger'), 'spec', 'ephemeralContainers').map(({ name }) => name), ['debugger'])
      await adds(world, 'watched', [looksIn('debugger2')])
      const pod = await runs('debugger2')
      assert.deepEqual([list(pod, 'spec', 'ephemeralContainers'), list(pod, 'status', 'ephemeralContainerStatuses')].map((all) => all.map(({ name }) => name).sort()), [['debugger', 'debugger2'], ['debugger', 'debugger2']])
    },
  },
]
