// What every container runtime does, simulated or real. A driver's test calls this with a way to make one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerRuntime, ContainerSpec, RuntimeEvent, SandboxSpec } from './runtime.ts'

export interface RuntimeUnderTest {
  readonly runtime: ContainerRuntime
  readonly node: string
  /** An image that is there, or can be pulled; it has sh and sleep. */
  readonly image: string
  /** Lets the runtime work until the condition holds; throws when it does not in good time. */
  until(condition: () => boolean): Promise<void>
  close(): Promise<void> | void
}

export const sandboxOf = (node: string, name: string): SandboxSpec => ({
  node, namespace: 'default', name, hostname: name, domain: '', hostNetwork: false, hostPid: false, hostIpc: false, shareProcessNamespace: false,
  dns: { nameservers: [], searches: [], options: [] }, hostAliases: [], sysctls: [], hostPorts: [], qos: 'BestEffort', labels: {}, annotations: {},
})

export const containerRunning = (image: string, command: readonly string[]): ContainerSpec => ({
  image, ends: false, command, args: [], env: [], workingDir: '', mounts: [], stdin: false, stdinOnce: false, tty: false, resources: { cpuMillisRequested: 0, memoryBytesRequested: 0 },
  security: { supplementalGroups: [], privileged: false, readOnlyRoot: false, allowPrivilegeEscalation: true, mustRunAsNonRoot: false, capabilitiesAdded: [], capabilitiesDropped: [] },
  terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File',
})

/** Declares the tests of one runtime. `skip` names tests that it cannot do, with the reason. */
export function runtimeConformance(title: string, make: () => Promise<RuntimeUnderTest> | RuntimeUnderTest, skip: Readonly<Record<string, string>> = {}): void {
  const check = (name: string, body: (under: RuntimeUnderTest, heard: readonly RuntimeEvent[]) => Promise<void>): void => {
    test(`${title}: ${name}`, { skip: skip[name] ?? false }, async () => {
      const under = await make()
      const heard: RuntimeEvent[] = []
      const cancel = under.runtime.onEvent((event) => { heard.push(event) })
      try { await body(under, heard) } finally { cancel(); await under.close() }
    })
  }
  const podOf = (under: RuntimeUnderTest, uid: string) => under.runtime.observed().pods.get(uid)
  const newest = (under: RuntimeUnderTest, uid: string, container = 'main') => podOf(under, uid)?.containers.get(container)?.at(-1)
  const pull = async (under: RuntimeUnderTest): Promise<void> => {
    const there = (): boolean => under.runtime.observed().images.get(under.node)?.has(under.image) === true
    if (!there()) under.runtime.submit({ do: 'pull', node: under.node, image: under.image })
    await under.until(there)
  }
  const sandbox = async (under: RuntimeUnderTest, uid: string): Promise<void> => {
    under.runtime.submit({ do: 'sandbox', pod: uid, spec: sandboxOf(under.node, uid) })
    await under.until(() => podOf(under, uid)?.sandbox.is === 'ready')
  }
  const run = async (under: RuntimeUnderTest, uid: string, attempt: number, command: readonly string[]): Promise<void> => {
    under.runtime.submit({ do: 'start', pod: uid, container: 'main', attempt, spec: containerRunning(under.image, command) })
    await under.until(() => { const run = newest(under, uid); return run?.attempt === attempt && run.is !== 'creating' })
  }
  const teardown = async (under: RuntimeUnderTest, uid: string): Promise<void> => {
    under.runtime.submit({ do: 'teardown', pod: uid })
    await under.until(() => podOf(under, uid) === undefined)
  }

  check('pods get addresses of their own, and are told', async (under, heard) => {
    await sandbox(under, 'pod-one')
    await sandbox(under, 'pod-two')
    const told = heard.flatMap((event) => (event.is === 'sandbox-ready' ? [[event.pod, event.addresses[0]]] : []))
    assert.deepEqual(told.map(([uid]) => uid), ['pod-one', 'pod-two'])
    assert.notEqual(told[0]?.[1], told[1]?.[1])
    assert.deepEqual(podOf(under, 'pod-one')?.spec, sandboxOf(under.node, 'pod-one'))
    await teardown(under, 'pod-one')
    await teardown(under, 'pod-two')
    assert.deepEqual(heard.flatMap((event) => (event.is === 'torn-down' ? [event.pod] : [])), ['pod-one', 'pod-two'])
  })

  check('a container starts, is observed running, and stops by its signal', async (under, heard) => {
    await pull(under)
    await sandbox(under, 'pod-one')
    await run(under, 'pod-one', 0, ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 0.1; done'])
    const started = heard.find((event) => event.is === 'started')
    const running = newest(under, 'pod-one')
    assert.equal(running?.is, 'running')
    assert.deepEqual([started?.pod, started?.container, started?.attempt, started?.id], ['pod-one', 'main', 0, running.id])
    under.runtime.submit({ do: 'stop', pod: 'pod-one', container: 'main', attempt: 0, graceSeconds: 5 })
    await under.until(() => newest(under, 'pod-one')?.is === 'exited')
    assert.ok(heard.some((event) => event.is === 'exited' && event.pod === 'pod-one' && event.attempt === 0))
    await teardown(under, 'pod-one')
  })

  check('an exit code is told and stays observed, attempt by attempt', async (under) => {
    await pull(under)
    await sandbox(under, 'pod-one')
    for (const [attempt, code] of [[0, 3], [1, 0]] as const) {
      await run(under, 'pod-one', attempt, ['sh', '-c', `exit ${code}`])
      await under.until(() => newest(under, 'pod-one')?.is === 'exited')
    }
    const runs = podOf(under, 'pod-one')?.containers.get('main') ?? []
    assert.deepEqual(runs.map((one) => [one.attempt, one.is === 'exited' ? one.exitCode : one.is]), [[0, 3], [1, 0]])
    under.runtime.submit({ do: 'remove', pod: 'pod-one', container: 'main', attempt: 0 })
    await under.until(() => podOf(under, 'pod-one')?.containers.get('main')?.length === 1)
    await teardown(under, 'pod-one')
  })

  check('volumes are told by generation', async (under, heard) => {
    await sandbox(under, 'pod-one')
    under.runtime.submit({
      do: 'volumes', pod: 'pod-one', generation: 7,
      volumes: [{ name: 'settings', is: 'files', inMemory: false, files: [{ path: 'mode', mode: 0o644, bytes: new TextEncoder().encode('fast') }] }, { name: 'work', is: 'emptyDir', medium: '' }],
    })
    await under.until(() => podOf(under, 'pod-one')?.volumes?.generation === 7)
    assert.ok(heard.some((event) => event.is === 'volumes-ready' && event.generation === 7))
    await teardown(under, 'pod-one')
  })

  check('a check is answered under its id', async (under, heard) => {
    await pull(under)
    await sandbox(under, 'pod-one')
    await run(under, 'pod-one', 0, ['sleep', '300'])
    under.runtime.submit({ do: 'check', pod: 'pod-one', container: 'main', attempt: 0, id: 'one', check: { is: 'exec', command: ['true'] }, timeoutSeconds: 5 })
    await under.until(() => heard.some((event) => event.is === 'checked'))
    const answer = heard.find((event) => event.is === 'checked')
    assert.deepEqual([answer?.id, answer?.ok, answer?.attempt], ['one', true, 0])
    await teardown(under, 'pod-one')
  })

  check('a teardown ends what runs, and one of an unknown pod is answered', async (under, heard) => {
    await pull(under)
    await sandbox(under, 'pod-one')
    await run(under, 'pod-one', 0, ['sleep', '300'])
    await teardown(under, 'pod-one')
    assert.equal(under.runtime.observed().pods.size, 0)
    under.runtime.submit({ do: 'teardown', pod: 'never-seen' })
    await under.until(() => heard.some((event) => event.is === 'torn-down' && event.pod === 'never-seen'))
  })

  check('a pod that is over keeps its exited containers when asked to, without a sandbox', async (under) => {
    await pull(under)
    await sandbox(under, 'pod-one')
    await run(under, 'pod-one', 0, ['sh', '-c', 'exit 4'])
    await under.until(() => newest(under, 'pod-one')?.is === 'exited')
    under.runtime.submit({ do: 'teardown', pod: 'pod-one', keepLogs: true })
    await under.until(() => podOf(under, 'pod-one')?.sandbox.is === 'gone')
    const kept = newest(under, 'pod-one')
    assert.equal(kept?.is === 'exited' ? kept.exitCode : undefined, 4)
    await teardown(under, 'pod-one')
  })
}
