import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thresholdsDefault } from '@kubeskiff/core/kubelet'
import { cpuPolicyOf, imageLimitsOf, nodeChoices, podsMost, reservedOf, runtimeChoices, thresholdsOf } from './kubelet-effects.ts'
import { kubeletFault, kubeletSettingsOf } from './kubelet-settings.ts'

const Gi = 2 ** 30
const both = (bytes: number | undefined) => ({ nodefs: bytes, imagefs: bytes })

test('thresholds are read as a kubelet reads them: one that is named takes the place of all defaults', () => {
  assert.deepEqual(thresholdsOf({ evictionHard: { 'memory.available': '200Mi', 'nodefs.available': '10%', 'pid.available': '1k' } }, both(500 * Gi)), [
    { signal: 'memory.available', least: { amount: 200 << 20 } }, { signal: 'nodefs.available', least: { percent: 10 } }, { signal: 'pid.available', least: { amount: 1000 } },
  ])
  assert.deepEqual(thresholdsOf({ evictionHard: {} }, both(500 * Gi)), [])
})

test('without a word they are upstream\'s, but a large disk that others fill need not be free by a tenth', () => {
  assert.deepEqual(thresholdsOf({}, both(20 * Gi)), thresholdsDefault)
  assert.deepEqual(thresholdsOf({}, both(undefined)), thresholdsDefault)
  const large = new Map(thresholdsOf({}, both(500 * Gi)).map(({ signal, least }) => [signal, least]))
  assert.deepEqual([large.get('memory.available'), large.get('nodefs.available'), large.get('imagefs.available'), large.get('nodefs.inodesFree'), large.get('imagefs.inodesFree')], [{ amount: 100 << 20 }, { amount: 2 * Gi }, { amount: 3 * Gi }, { percent: 5 }, { percent: 5 }])
  const [small] = thresholdsOf({}, { nodefs: 500 * Gi, imagefs: Gi }).filter(({ signal }) => signal === 'imagefs.available')
  assert.deepEqual(small?.least, { percent: 15 }, 'images may have a disk of their own')
})

test('soft thresholds have their grace, each has what is to be won back, and defaults are merged where that is said', () => {
  const settings = {
    evictionHard: { 'memory.available': '200Mi', 'pid.available': '0%' }, mergeDefaultEvictionSettings: true, evictionSoft: { 'memory.available': '500Mi' }, evictionSoftGracePeriod: { 'memory.available': '1m30s' },
    evictionMaxPodGracePeriod: 20, evictionMinimumReclaim: { 'memory.available': '50Mi', 'nodefs.available': '5%' },
  }
  const [memory, ...others] = thresholdsOf(settings, both(20 * Gi))
  assert.deepEqual([memory, others.at(-1)], [
    { signal: 'memory.available', least: { amount: 200 << 20 }, reclaim: { amount: 50 << 20 } },
    { signal: 'memory.available', least: { amount: 500 << 20 }, soft: { graceMs: 90_000, podGraceSeconds: 20 }, reclaim: { amount: 50 << 20 } },
  ])
  assert.deepEqual(others.slice(0, -1).map(({ signal, reclaim }) => [signal, reclaim]), [['nodefs.available', { percent: 5 }], ['nodefs.inodesFree', undefined], ['imagefs.available', undefined], ['imagefs.inodesFree', undefined]])
})

test('what is said has its effect, and 0s says nothing', () => {
  assert.deepEqual([podsMost({}, 110, 4), podsMost({ maxPods: 30 }, 110, 4), podsMost({ maxPods: 30 }, 20, 4), podsMost({ podsPerCore: 10 }, 110, 4), podsMost({ podsPerCore: 10, maxPods: 30 }, 110, 4)], [110, 30, 20, 40, 30])
  assert.deepEqual(nodeChoices({ nodeStatusUpdateFrequency: '0s', crashLoopBackOff: {}, registerNode: true, seccompDefault: false, nodeLeaseDurationSeconds: 0 }), {})
  assert.deepEqual(nodeChoices({ nodeStatusUpdateFrequency: '20s', crashLoopBackOff: { maxContainerRestartPeriod: '30s' }, registerNode: false, seccompDefault: true, nodeLeaseDurationSeconds: 60, allowedUnsafeSysctls: ['net.*'] }), {
    allowedUnsafeSysctls: ['net.*'], kubelet: { register: false, seccompDefault: true, crashBackoffMaxMs: 30_000, leaseSeconds: 60, statusUpdateMs: 20_000, statusReportMs: 20_000 },
  })
  assert.deepEqual(imageLimitsOf({ imageMinimumGCAge: '1m', imageMaximumGCAge: '24h', imageGCHighThresholdPercent: 70, imageGCLowThresholdPercent: 60 }), { highPercent: 70, lowPercent: 60, ageLeastMs: 60_000, ageMostMs: 86_400_000 })
  assert.deepEqual(runtimeChoices({}), { podPidsLimit: -1, cpuQuota: { periodMicroseconds: 100_000 }, swap: 'none', killsOneProcess: false, logs: {} })
  assert.deepEqual(runtimeChoices({ podPidsLimit: 9, cpuCFSQuota: false, memorySwap: { swapBehavior: 'LimitedSwap' }, singleProcessOOMKill: true, containerLogMaxSize: '1Mi', containerLogMaxFiles: 3, containerLogMonitorInterval: '3s', maxParallelImagePulls: 2, resolvConf: '' }), {
    podPidsLimit: 9, cpuQuota: 'none', swap: 'limited', killsOneProcess: true, logs: { bytesMax: 1 << 20, filesMax: 3, lookMs: 3000 }, pullsAtOnce: 2, resolverFile: '',
  })
  assert.deepEqual([runtimeChoices({ serializeImagePulls: true }).pullsAtOnce, runtimeChoices({ cpuCFSQuotaPeriod: '10ms' }).cpuQuota], [1, { periodMicroseconds: 10_000 }])
})

test('what is reserved of CPUs is so many, or those that are named, and nobody has it to himself', () => {
  assert.deepEqual([cpuPolicyOf({}), cpuPolicyOf({ cpuManagerPolicy: 'static', systemReserved: { cpu: '500m' }, kubeReserved: { cpu: '700m' } })], [undefined, { reserved: 2, fullCoresOnly: false, reservedOnly: false }])
  const named = { cpuManagerPolicy: 'static', systemReserved: { cpu: '3', memory: '1Gi' }, reservedSystemCPUs: '0,4', cpuManagerPolicyOptions: { 'full-pcpus-only': 'true', 'strict-cpu-reservation': 'true' } }
  assert.deepEqual([cpuPolicyOf(named), reservedOf(named)], [{ reserved: new Set([0, 4]), fullCoresOnly: true, reservedOnly: true }, [{ cpu: '2', memory: '1Gi' }, { cpu: '0' }]])
})

test('a kubeadm\'s file is taken: what it leaves to defaults, or says as it is here anyway, is no fault', () => {
  const file = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', authentication: { anonymous: { enabled: false }, webhook: { cacheTTL: '0s', enabled: true } }, authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '0s' } }, cgroupDriver: 'cgroupfs', clusterDomain: 'cluster.local', clusterDNS: ['10.96.0.10'], cpuManagerReconcilePeriod: '0s', evictionPressureTransitionPeriod: '0s', fileCheckFrequency: '0s',
    imageMinimumGCAge: '0s', logging: { flushFrequency: null, options: { json: {} } }, memorySwap: {}, rotateCertificates: true, shutdownGracePeriod: '0s', syncFrequency: '0s', staticPodPath: '/etc/kubernetes/manifests',
  }
  assert.equal(kubeletFault(file), undefined)
  assert.deepEqual(Object.keys(kubeletSettingsOf(file)), ['clusterDNS', 'cpuManagerReconcilePeriod', 'evictionPressureTransitionPeriod', 'fileCheckFrequency', 'imageMinimumGCAge', 'memorySwap', 'staticPodPath'])
})

test('a field that is there and says nothing is left to its default', () => {
  for (const field of ['featureGates', 'evictionHard', 'cpuManagerPolicy', 'cpuManagerPolicyOptions', 'reservedSystemCPUs', 'containerLogMaxSize', 'maxPods', 'registerWithTaints', 'staticPodPath']) assert.equal(kubeletFault({ [field]: null }), undefined, field)
  for (const field of ['cpuCFSQuotaPeriod', 'containerLogMonitorInterval', 'nodeStatusUpdateFrequency']) assert.equal(kubeletFault({ [field]: '0s' }), undefined, field)
})

test('what a kubelet here does not follow is told and not left out in silence', () => {
  for (const [value, fault] of [
    [{}, undefined],
    [{ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', podPidsLimit: 100, systemReserved: { cpu: '100m', memory: '1Gi' }, evictionHard: { 'pid.available': '5%' }, allowedUnsafeSysctls: ['kernel.msg*', 'net.core.somaxconn'] }, undefined],
    [[], /expected an object/], [{ shutdownGracePeriod: '30s' }, /^shutdownGracePeriod is not followed here: expected podPidsLimit, /], [{ cgroupDriver: 'systemd' }, /^cgroupDriver is not followed here but as "cgroupfs", found "systemd"$/], [{ authentication: { anonymous: { enabled: true } } }, /^authentication is not followed here but as /], [{ authentication: { x509: { clientCAFile: '/a' } } }, /^authentication is not followed/], [{ maxPods: 'many' }, /^expected a whole number as maxPods, found "many"$/], [{ podPidsLimit: 0 }, /a number of processes, or -1 as podPidsLimit, found 0/],
    [{ kubeReserved: { memory: 'much' } }, /kubeReserved/], [{ systemReserved: { gpu: '1' } }, /systemReserved/], [{ evictionHard: { 'memory.free': '1Gi' } }, /evictionHard/], [{ evictionHard: { 'memory.available': '-1' } }, /evictionHard/],
    [{ allowedUnsafeSysctls: ['vm.overcommit_memory'] }, /allowedUnsafeSysctls/],
    // Upstream's words.
    [{ maxPods: -1 }, /^invalid configuration: maxPods \(--max-pods\) -1 must not be a negative number$/],
    [{ imageGCHighThresholdPercent: 101 }, /^invalid configuration: imageGCHighThresholdPercent \(--image-gc-high-threshold\) 101 must be between 0 and 100, inclusive$/],
    [{ imageGCHighThresholdPercent: 70 }, /^invalid configuration: imageGCLowThresholdPercent \(--image-gc-low-threshold\) 80 must be less than imageGCHighThresholdPercent \(--image-gc-high-threshold\) 70$/],
    [{ imageMaximumGCAge: '1m' }, /^invalid configuration: imageMaximumGCAge 1m must be greater than imageMinimumGCAge 2m0s$/],
    [{ serializeImagePulls: true, maxParallelImagePulls: 2 }, /^invalid configuration: maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls/], [{ serializeImagePulls: false, maxParallelImagePulls: 2 }, undefined],
    [{ cpuCFSQuotaPeriod: '10ms' }, /^invalid configuration: cpuCFSQuotaPeriod \(--cpu-cfs-quota-period\) \{10ms\} requires feature gate CustomCPUCFSQuotaPeriod$/],
    [{ cpuCFSQuotaPeriod: '10ms', featureGates: { CustomCPUCFSQuotaPeriod: true } }, undefined], [{ cpuCFSQuotaPeriod: '2s', featureGates: { CustomCPUCFSQuotaPeriod: true } }, /must be between 1ms and 1sec, inclusive$/],
    [{ featureGates: { Nothing: true } }, /^unrecognized feature gate: Nothing$/], [{ featureGates: { MemoryQoS: true } }, /^featureGates\.MemoryQoS is not followed here but as false$/], [{ featureGates: { SidecarContainers: true, MemoryQoS: false } }, undefined],
    [{ memorySwap: { swapBehavior: 'Much' } }, /^invalid configuration: memorySwap\.swapBehavior "Much" must be one of: "", "LimitedSwap" or "NoSwap"$/],
    [{ crashLoopBackOff: { maxContainerRestartPeriod: '10m' } }, /^invalid configuration: CrashLoopBackOff\.MaxContainerRestartPeriod \(got: 600 seconds\) must be set between 1s and 300s$/],
    [{ containerLogMaxFiles: 1 }, /^invalid configuration: containerLogMaxFiles must be greater than 1$/], [{ containerLogMaxSize: '-1' }, /^failed to parse container log max size "-1"$/],
    [{ evictionSoft: { 'memory.available': '1Gi' } }, /^grace period must be specified for the soft eviction threshold memory\.available$/], [{ evictionSoft: { 'memory.available': '1Gi' }, evictionSoftGracePeriod: { 'memory.available': '1m' } }, undefined],
    [{ evictionHard: { 'memory.available': '101%' } }, /eviction percentage threshold memory\.available must be <= 100%: 101%$/], [{ evictionMinimumReclaim: { 'memory.available': '-1Mi' } }, /negative eviction minimum reclaim specified for memory\.available$/],
    [{ cpuManagerPolicy: 'dynamic' }, /^unknown policy: "dynamic"$/], [{ cpuManagerPolicy: 'static' }, /^\[cpumanager\] the static policy requires systemreserved\.cpu \+ kubereserved\.cpu to be greater than zero$/],
    [{ cpuManagerPolicy: 'static', systemReserved: { cpu: '500m' }, cpuManagerPolicyOptions: { 'full-pcpus-only': 'true' } }, undefined], [{ cpuManagerPolicy: 'static', reservedSystemCPUs: '0-' }, /^invalid configuration: unable to parse reservedSystemCPUs \(--reserved-cpus\) 0-$/],
    [{ cpuManagerPolicyOptions: { 'full-pcpus-only': 'true' } }, /^new none policy error: None policy: received unsupported options=full-pcpus-only=true$/], [{ cpuManagerPolicy: 'static', reservedSystemCPUs: '0', cpuManagerPolicyOptions: { 'align-by-socket': 'true' } }, /^cpuManagerPolicyOptions\.align-by-socket is not followed here: expected full-pcpus-only, strict-cpu-reservation$/],
    [{ topologyManagerPolicy: 'best' }, /^invalid configuration: topologyManagerPolicy \(--topology-manager-policy\) "best" must be one of: \["none" "best-effort" "restricted" "single-numa-node"\]$/], [{ topologyManagerPolicy: 'restricted', topologyManagerScope: 'pod' }, undefined], [{ memoryManagerPolicy: 'Static' }, /^memoryManagerPolicy is not followed here but as "None", found "Static"$/],
    [{ registerWithTaints: [{ key: 'a', effect: 'Never' }] }, /^invalid taint: \{a {2}Never <nil>\}$/], [{ registerWithTaints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] }, undefined],
  ] as const) {
    if (fault === undefined) assert.equal(kubeletFault(value), undefined)
    else assert.match(kubeletFault(value) ?? '', fault)
  }
})
