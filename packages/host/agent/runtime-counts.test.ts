import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerRuntime, RuntimeCommand, RuntimeEvent } from '@kubeskiff/core/kubelet'
import { countRuntime } from './runtime-counts.ts'

test('what a runtime does is counted by node, with how long it took and what failed; a pod has started when all its containers have', () => {
  let now = 0
  let tell: (event: RuntimeEvent) => void = () => {}
  const obeyed: string[] = []
  const under: ContainerRuntime = { submit: (command) => { obeyed.push(command.do) }, observed: () => ({ pods: new Map(), images: new Map() }), onEvent: (listen) => { tell = listen; return () => {} } }
  const { runtime, text } = countRuntime(under, () => now, (_namespace, name) => (name === 'web' ? ['a', 'b'] : undefined))
  const order = (command: object): void => { runtime.submit(command as RuntimeCommand) }
  const hear = (event: object): void => { tell(event as RuntimeEvent) }
  order({ do: 'pull', node: 'n', image: 'x' })
  now = 2_000
  hear({ is: 'pull-failed', node: 'n', image: 'x' })
  order({ do: 'sandbox', pod: 'u', spec: { node: 'n', namespace: 'd', name: 'web' } })
  now = 2_100
  hear({ is: 'sandbox-ready', pod: 'u' })
  for (const container of ['init', 'a', 'b']) {
    order({ do: 'start', pod: 'u', container, attempt: 0 })
    now += 400
    hear({ is: 'started', pod: 'u', container, attempt: 0 })
  }
  order({ do: 'start', pod: 'u', container: 'a', attempt: 1 })
  hear({ is: 'start-failed', pod: 'u', container: 'a', attempt: 1, reason: 'RunContainerError' })
  order({ do: 'check', pod: 'u', container: 'a', attempt: 0, id: 'liveness@1', check: { is: 'tcp' } })
  hear({ is: 'checked', pod: 'u', container: 'a', id: 'liveness@1', ok: false })
  hear({ is: 'exited', pod: 'u', container: 'b', attempt: 0 })
  order({ do: 'teardown', pod: 'u' })
  hear({ is: 'torn-down', pod: 'u' })
  assert.deepEqual(obeyed, ['pull', 'sandbox', 'start', 'start', 'start', 'start', 'check', 'teardown'])
  const lines = text('n').split('\n').filter((line) => !line.startsWith('#') && !/_bucket\{.*le="(?!2|\+Inf)/.test(line))
  assert.deepEqual(lines.filter((line) => !line.startsWith('kubelet_runtime_operations_duration')), [
    'kubelet_runtime_operations_total{operation_type="pull_image"} 1', 'kubelet_runtime_operations_total{operation_type="run_podsandbox"} 1', 'kubelet_runtime_operations_total{operation_type="start_container"} 4', 'kubelet_runtime_operations_total{operation_type="stop_podsandbox"} 1',
    'kubelet_runtime_operations_errors_total{operation_type="pull_image"} 1', 'kubelet_runtime_operations_errors_total{operation_type="start_container"} 1',
    'kubelet_started_containers_total{container_type="init_container"} 1', 'kubelet_started_containers_total{container_type="container"} 2',
    'kubelet_started_containers_errors_total{container_type="container",code="RunContainerError"} 1', 'kubelet_started_pods_total 1',
    'kubelet_pod_start_duration_seconds_bucket{le="2"} 1', 'kubelet_pod_start_duration_seconds_bucket{le="20"} 1', 'kubelet_pod_start_duration_seconds_bucket{le="240"} 1', 'kubelet_pod_start_duration_seconds_bucket{le="2700"} 1',
    'kubelet_pod_start_duration_seconds_bucket{le="+Inf"} 1', 'kubelet_pod_start_duration_seconds_sum 1.3', 'kubelet_pod_start_duration_seconds_count 1', '',
  ])
  assert.match(text('n'), /^kubelet_runtime_operations_duration_seconds_bucket\{operation_type="pull_image",le="1.220703125"\} 0\nkubelet_runtime_operations_duration_seconds_bucket\{operation_type="pull_image",le="3.0517578125"\} 1$/m)
  assert.match(text('n'), /^kubelet_runtime_operations_duration_seconds_sum\{operation_type="start_container"\} 1.2000000000000002$|^kubelet_runtime_operations_duration_seconds_sum\{operation_type="start_container"\} 1.2$/m)
  assert.equal(text('other'), '')
})

test('what is ordered and never told of is forgotten with its pod, and leaves the rest room to be timed', () => {
  let tell: (event: RuntimeEvent) => void = () => {}
  const under: ContainerRuntime = { submit: () => {}, observed: () => ({ pods: new Map(), images: new Map() }), onEvent: (listen) => { tell = listen; return () => {} } }
  const { runtime, text } = countRuntime(under, () => 0, () => undefined)
  const order = (command: object): void => { runtime.submit(command as RuntimeCommand) }
  const hear = (event: object): void => { tell(event as RuntimeEvent) }
  for (let pod = 0; pod < 10_001; pod += 1) {
    order({ do: 'sandbox', pod: `u${pod}`, spec: { node: 'n', namespace: 'd', name: 'web' } })
    hear({ is: 'sandbox-ready', pod: `u${pod}` })
    order({ do: 'stop', pod: `u${pod}`, container: 'a', attempt: 0 })
    order({ do: 'teardown', pod: `u${pod}` })
    hear({ is: 'torn-down', pod: `u${pod}` })
  }
  assert.match(text('n'), /^kubelet_runtime_operations_total\{operation_type="run_podsandbox"\} 10001$/m)
})
