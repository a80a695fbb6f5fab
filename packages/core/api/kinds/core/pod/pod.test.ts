import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerStatus, Pod as PodModel, PodSpec, PodStatus } from '../../../generated/types.ts'
import type { Pod } from '../../../resources.ts'
import { problemText } from '../../problems.ts'
import { summarizePod } from './columns.ts'
import { fillPod, fillTemplate, pullPolicy } from './defaults.ts'
import { pod as kind } from './index.ts'
import { qualityOf } from './quality.ts'
import { bind } from './subresources.ts'

const now = Date.parse('2026-01-01T01:00:00Z')
const meta = { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
const container = { name: 'main', image: 'web:1' }
const aPod = (spec: Partial<PodSpec> = {}, status: PodStatus = { phase: 'Pending' }): Pod => {
  const model: PodModel = { apiVersion: 'v1', kind: 'Pod', metadata: meta, spec: { containers: [container], ...spec }, status }
  return fillPod(model) as Pod
}
const problemsOf = (spec: Partial<PodSpec>): readonly string[] => kind.check(aPod(spec), undefined).map(problemText)

test('a pod is filled as upstream fills it; a template lacks what is the pod\'s own', () => {
  const spec: PodSpec = { containers: [{ name: 'a', image: 'web', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1.0' } }, readinessProbe: { httpGet: { port: 80 } } }], volumes: [{ name: 'v' }, { name: 's', secret: { secretName: 's' } }] }
  const common = {
    dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', schedulerName: 'default-scheduler', securityContext: {}, terminationGracePeriodSeconds: 30,
    volumes: [{ name: 'v', emptyDir: {} }, { name: 's', secret: { secretName: 's', defaultMode: 420 } }],
  }
  const filled = {
    name: 'a', image: 'web', ports: [{ containerPort: 80, protocol: 'TCP' }], imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File',
    readinessProbe: { httpGet: { port: 80, path: '/', scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
  }
  assert.deepEqual(fillTemplate({ spec }).spec, { ...common, containers: [{ ...filled, resources: { limits: { cpu: '1' } } }] })
  assert.deepEqual(fillPod({ spec }).spec, { ...common, enableServiceLinks: true, containers: [{ ...filled, resources: { limits: { cpu: '1' }, requests: { cpu: '1' } } }] })
})

test('the pull policy follows the tag', () => {
  assert.deepEqual(['web', 'web:latest', 'web:1', 'registry:5000/web', 'registry:5000/web:2', 'web@sha256:abc', 'web:latest@sha256:abc'].map(pullPolicy), ['Always', 'Always', 'IfNotPresent', 'Always', 'IfNotPresent', 'IfNotPresent', 'IfNotPresent'])
})

test('quality of service', () => {
  const of = (...resources: readonly PodSpec['containers'][number]['resources'][]): string => qualityOf({ containers: resources.map((each) => ({ name: 'a', ...(each && { resources: each }) })) })
  const full = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }
  assert.deepEqual([of({}), of(full), of(full, {}), of({ requests: { cpu: '1m' } }), of({ limits: { 'example.com/gpu': '1' } }), of({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } })],
    ['BestEffort', 'Guaranteed', 'Burstable', 'Burstable', 'BestEffort', 'Burstable'])
})

const seen = (state: ContainerStatus['state'], more: Partial<ContainerStatus> = {}): ContainerStatus => ({ name: 'main', image: '', imageID: '', ready: false, restartCount: 0, ...(state && { state }), ...more })
const running = { running: { startedAt: '2026-01-01T00:00:00Z' } }

test('READY, STATUS and RESTARTS of a pod', () => {
  const crash = { terminated: { exitCode: 1, reason: 'Error', finishedAt: '2026-01-01T00:55:00Z' } }
  const init = [{ name: 'prepare', image: 'i' }, { name: 'proxy', image: 'i', restartPolicy: 'Always' }]
  const ready = { type: 'Ready', status: 'True' }
  const rows: readonly (readonly [string, Pod, string])[] = [
    ['nothing known yet', aPod(), '0/1 Pending 0'],
    ['gated', aPod({}, { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }), '0/1 SchedulingGated 0'],
    ['starting', aPod({}, { phase: 'Pending', containerStatuses: [seen({ waiting: { reason: 'ContainerCreating' } })] }), '0/1 ContainerCreating 0'],
    ['running', aPod({}, { phase: 'Running', containerStatuses: [seen(running, { ready: true })] }), '1/1 Running 0'],
    ['crashing', aPod({}, { phase: 'Running', containerStatuses: [seen({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 3, lastState: crash })] }), '0/1 CrashLoopBackOff 3 (5m ago)'],
    ['done', aPod({}, { phase: 'Succeeded', containerStatuses: [seen({ terminated: { exitCode: 0, reason: 'Completed' } })] }), '0/1 Completed 0'],
    ['killed', aPod({}, { phase: 'Failed', containerStatuses: [seen({ terminated: { exitCode: 137, signal: 9 } })] }), '0/1 Signal:9 0'],
    ['exited', aPod({}, { phase: 'Failed', containerStatuses: [seen({ terminated: { exitCode: 2 } })] }), '0/1 ExitCode:2 0'],
    ['one of two done', aPod({ containers: [container, { ...container, name: 'b' }] }, { phase: 'Running', conditions: [ready], containerStatuses: [seen({ terminated: { exitCode: 0, reason: 'Completed' } }), seen(running, { name: 'b', ready: true })] }), '1/2 Running 0'],
    ['the first problem wins', aPod({ containers: [container, { ...container, name: 'b' }] }, { phase: 'Running', containerStatuses: [seen({ waiting: { reason: 'ErrImagePull' } }), seen({ waiting: { reason: 'CrashLoopBackOff' } }, { name: 'b' })] }), '0/2 ErrImagePull 0'],
    ['first init', aPod({ initContainers: init }, { phase: 'Pending', initContainerStatuses: [seen(running, { name: 'prepare' }), seen({ waiting: { reason: 'PodInitializing' } }, { name: 'proxy' })], containerStatuses: [seen({ waiting: { reason: 'PodInitializing' } })] }), '0/2 Init:0/2 0'],
    ['init fails', aPod({ initContainers: init }, { phase: 'Pending', initContainerStatuses: [seen({ waiting: { reason: 'CrashLoopBackOff' } }, { name: 'prepare', restartCount: 2, lastState: crash })] }), '0/2 Init:CrashLoopBackOff 2 (5m ago)'],
    ['init failed', aPod({ initContainers: init }, { phase: 'Failed', initContainerStatuses: [seen({ terminated: { exitCode: 3 } }, { name: 'prepare' })] }), '0/2 Init:ExitCode:3 0'],
    ['sidecar started', aPod({ initContainers: init }, { phase: 'Running', initContainerStatuses: [seen({ terminated: { exitCode: 0, reason: 'Completed' } }, { name: 'prepare', restartCount: 4 }), seen(running, { name: 'proxy', started: true, ready: true, restartCount: 1 })], containerStatuses: [seen(running, { ready: true, restartCount: 1 })] }), '2/2 Running 2'],
    ['evicted', aPod({}, { phase: 'Failed', reason: 'Evicted' }), '0/1 Evicted 0'],
    ['leaving', { ...aPod({}, { phase: 'Running', containerStatuses: [seen(running, { ready: true })] }), metadata: { ...meta, deletionTimestamp: '2026-01-01T00:00:00Z' } }, '1/1 Terminating 0'],
    ['lost', { ...aPod({}, { phase: 'Running', reason: 'NodeLost' }), metadata: { ...meta, deletionTimestamp: '2026-01-01T00:00:00Z' } }, '0/1 Unknown 0'],
  ]
  const restarts = kind.served[0]?.columns.find(({ name }) => name === 'Restarts')
  assert.deepEqual(rows.map(([what, pod]) => {
    const { ready: up, total, status } = summarizePod(pod)
    return [what, `${up}/${total} ${status} ${restarts?.cell(pod, now)}`]
  }), rows.map(([what, , shown]) => [what, shown]))
})

test('what upstream refuses in a pod, in its words', () => {
  const mounting = { ...container, volumeMounts: [{ name: 'data', mountPath: '/data' }] }
  const rows: readonly (readonly [Partial<PodSpec>, readonly string[]])[] = [
    [{ containers: [] }, ['spec.containers: Required value']],
    [{ containers: [{ name: 'Main', image: '' }] }, ["spec.containers[0].name: Invalid value: \"Main\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')", 'spec.containers[0].image: Required value']],
    [{ containers: [container, container] }, ['spec.containers[1].name: Duplicate value: "main"']],
    [{ containers: [mounting] }, ['spec.containers[0].volumeMounts[0].name: Not found: "data"']],
    [{ containers: [{ ...mounting, volumeMounts: [{ name: 'data', mountPath: '/a', subPath: '../x' }, { name: 'data', mountPath: '/a' }] }], volumes: [{ name: 'data' }] }, ["spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'", 'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique']],
    [{ containers: [{ ...container, resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }] }, ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1']],
    [{ containers: [{ ...container, resources: { requests: { cpu: '-1', gpu: '1' } } }] }, ['spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0', 'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified', 'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers']],
    [{ containers: [{ ...container, ports: [{ containerPort: 70000, name: 'UPPER' }, { containerPort: 0 }] }] }, ['spec.containers[0].ports[0].name: Invalid value: "UPPER": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)', 'spec.containers[0].ports[0].name: Invalid value: "UPPER": must contain at least one letter (a-z)', 'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive', 'spec.containers[0].ports[1].containerPort: Required value']],
    [{ containers: [{ ...container, env: [{ name: 'a=b' }, { name: 'C', value: 'x', valueFrom: { fieldRef: { fieldPath: 'spec.nope' } } }] }] }, ["spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='", 'spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope": error converting fieldPath: field label not supported: spec.nope', 'spec.containers[0].env[1].valueFrom: Invalid value: "": may not be specified when `value` is not empty']],
    [{ containers: [{ ...container, livenessProbe: {}, readinessProbe: { httpGet: { port: 0 }, exec: { command: [] } }, startupProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } }] }, ['spec.containers[0].livenessProbe: Required value: must specify a handler type', 'spec.containers[0].readinessProbe.httpGet: Forbidden: may not specify more than 1 handler type', 'spec.containers[0].readinessProbe.exec.command: Required value', 'spec.containers[0].readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive', 'spec.containers[0].startupProbe.successThreshold: Invalid value: 2: must be 1']],
    [{ initContainers: [{ name: 'i', image: 'i', readinessProbe: { exec: { command: ['x'] } } }] }, ['spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always']],
    [{ restartPolicy: 'Sometimes' }, ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"']],
    [{ volumes: [{ name: 'a', emptyDir: {}, hostPath: { path: '/x' } }, { name: 'a', configMap: {} }] }, ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type', 'spec.volumes[1].configMap.name: Required value']],
    [{ volumes: [{ name: 'a', emptyDir: {} }, { name: 'a', emptyDir: {} }] }, ['spec.volumes[1].name: Duplicate value: "a"']],
    [{ volumes: [{ name: 'a', configMap: {} }], containers: [{ ...container, volumeMounts: [{ name: 'a', mountPath: '/a' }] }] }, ['spec.volumes[0].configMap.name: Required value', 'spec.containers[0].volumeMounts[0].name: Not found: "a"']],
    [{ tolerations: [{ operator: 'Equal' }, { key: 'a', operator: 'Exists', value: 'b', effect: 'Never' }, { key: 'a', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 3 }] }, ['spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"', 'spec.tolerations[1].operator: Invalid value: "b": value must be empty when `operator` is \'Exists\'', 'spec.tolerations[1].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"', "spec.tolerations[2].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"]],
    [{ topologySpreadConstraints: [
      { maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'Never' }, { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 2, matchLabelKeys: ['app'] },
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'a' } }, matchLabelKeys: ['app', 'version'], nodeTaintsPolicy: 'Maybe' },
    ] }, [
      'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
      'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway"',
      'spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, ScheduleAnyway}"',
      'spec.topologySpreadConstraints[1].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
      'spec.topologySpreadConstraints[1].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
      'spec.topologySpreadConstraints[2].nodeTaintsPolicy: Unsupported value: "Maybe": supported values: "Honor", "Ignore"',
      'spec.topologySpreadConstraints[2].matchLabelKeys[0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector',
    ]],
    [{ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }] } } }, ["spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"]],
    [{ activeDeadlineSeconds: 0 }, ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive']],
  ]
  for (const [spec, expected] of rows) assert.deepEqual(problemsOf(spec), expected)
})

test('of a pod that is there only images, deadlines and more tolerations may change', () => {
  const before = aPod({ activeDeadlineSeconds: 60, tolerations: [{ key: 'a', operator: 'Exists' }] })
  const changed = (spec: Partial<PodSpec>): readonly string[] => kind.check({ ...before, spec: { ...before.spec, ...spec } }, before).map((problem) => `${problem.path} ${problem.reason}`)
  const [main] = before.spec.containers
  assert.ok(main)
  assert.deepEqual(changed({ containers: [{ ...main, image: 'web:2' }], activeDeadlineSeconds: 30, tolerations: [...before.spec.tolerations ?? [], { key: 'b', operator: 'Exists' }] }), [])
  assert.deepEqual(changed({ containers: [{ ...main, command: ['x'] }] }), ['spec FieldValueForbidden'])
  assert.deepEqual(changed({ containers: [main, { ...main, name: 'b' }] }), ['spec.containers FieldValueForbidden'])
  assert.deepEqual(changed({ activeDeadlineSeconds: 90 }), ['spec.activeDeadlineSeconds FieldValueInvalid'])
  assert.deepEqual(changed({ tolerations: [] }), ['spec.tolerations FieldValueForbidden'])
  assert.deepEqual(changed({ nodeName: 'n1' }), ['spec FieldValueForbidden'])
})

test('grace: from the spec, as asked, none where nothing runs', () => {
  const bound = aPod({ nodeName: 'n1' })
  assert.deepEqual([kind.graceSeconds?.(bound, undefined), kind.graceSeconds?.(bound, 5), kind.graceSeconds?.(bound, 0), kind.graceSeconds?.(aPod(), undefined), kind.graceSeconds?.(aPod({ nodeName: 'n1' }, { phase: 'Failed' }), 30)], [30, 5, 0, 0, 0])
})

test('a pod is bound once', () => {
  const circumstances = { view: { revision: 1, shows: () => true, get: () => undefined, list: () => [], count: () => 0, by: () => [] }, now, user: 's', random: { next: () => 0, below: () => 0, chance: () => false, uuid: () => '', suffix: () => '' } }
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web' }, target: { kind: 'Node', name: 'n1' } }
  const bound = bind(binding, aPod(), circumstances)
  assert.ok('object' in bound)
  assert.deepEqual([bound.object.spec.nodeName, bound.object.status.conditions], ['n1', [{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T01:00:00Z' }]])
  const again = bind({ ...binding, target: { kind: 'Node', name: 'n2' } }, bound.object, circumstances)
  assert.ok('refused' in again)
  assert.deepEqual([again.code, again.message], [409, 'Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "n1"'])
})

for (const [rule, resources, containers, expected] of [
  ['as much as it may use', { limits: { cpu: '4' } }, [{}], { limits: { cpu: '4' }, requests: { cpu: '4' } }],
  ['what its containers ask for together', { limits: { cpu: '4' } }, [{ requests: { cpu: '1', memory: '1Gi' } }, { requests: { cpu: '500m' } }], { limits: { cpu: '4' }, requests: { cpu: '1500m', memory: '1Gi' } }],
  ['what it says', { requests: { cpu: '3' } }, [{ requests: { cpu: '1' } }], { requests: { cpu: '3' } }],
] as const) {
  test(`a pod with resources of its own asks for ${rule}`, () => {
    const filled = kind.served[0]?.fill({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { resources, containers: containers.map((own, index) => ({ name: `c${index}`, image: 'i', resources: own })) } })
    assert.deepEqual((filled as unknown as { readonly spec: { readonly resources: unknown } }).spec.resources, expected)
  })
}
