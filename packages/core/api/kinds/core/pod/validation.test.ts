import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../resources.ts'
import { prepared, problems, statusProblems } from '../../testing.ts'
import { checkPodStatus } from './status.ts'
import { checkPod } from './validation.ts'

const main = { name: 'main', image: 'web:1' }
const fine = { containers: [main] }
type Row = readonly [object, readonly string[]]
const check = (rows: readonly Row[]): void => { for (const [spec, expected] of rows) assert.deepEqual(problems('pods', { spec: { ...fine, ...spec } }), expected) }
const inMain = (change: object) => ({ containers: [{ ...main, ...change }] })

test('resources: what may be asked for, how much, and together with what', () => check([
  [inMain({ resources: { limits: { 'hugepages-2Mi': '3Mi', cpu: '1' }, requests: { 'hugepages-2Mi': '3Mi' } } }), ['spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of 2Mi', 'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of 2Mi']],
  [inMain({ resources: { limits: { 'hugepages-2Mi': '4Mi' } } }), ['spec.containers[0].resources: Forbidden: HugePages require cpu or memory']],
  [inMain({ resources: { requests: { 'example.com/gpu': '1' } } }), ['spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources']],
  [inMain({ resources: { requests: { 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '2' } } }), ['spec.containers[0].resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2']],
  [inMain({ resources: { limits: { 'example.com/gpu': '1.5' } } }), ['spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "1500m": must be an integer', 'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "1500m": must be an integer']],
  [inMain({ resources: { claims: [{ name: 'gpu' }] } }), [`spec.containers[0].resources.claims[0]: Not found: "gpu": must be one of the names in pod.spec.resourceClaims which is empty`]],
  [{ resourceClaims: [{ name: 'a' }, { name: 'a', resourceClaimName: 'x', resourceClaimTemplateName: 'y' }] }, ['spec.resourceClaims[0]: Invalid value: {"name":"a"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`', 'spec.resourceClaims[1].name: Duplicate value: "a"', 'spec.resourceClaims[1]: Invalid value: {"name":"a","resourceClaimName":"x","resourceClaimTemplateName":"y"}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified']],
  [{ ...inMain({ resources: { requests: { cpu: '2' } } }), resources: { requests: { cpu: '1' } } }, ['spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2']],
  [{ ...inMain({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }, { resourceName: 'cpu', restartPolicy: 'NotRequired' }] }), restartPolicy: 'Never' }, ["spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when `restartPolicy` is 'Never'", 'spec.containers[0].resizePolicy[1]: Duplicate value: "cpu"']],
  [inMain({ restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }] }), ['spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used']],
  [inMain({ restartPolicy: 'Never', restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'NotIn', values: [0] } }] }), []],
  [inMain({ restartPolicy: 'Never', restartPolicyRules: Array.from({ length: 21 }, () => ({ action: 'Restart', exitCodes: { operator: 'In', values: [1] } })) }), ['spec.containers[0].restartPolicyRules: Too many: 21: must have at most 20 items']],
  [inMain({ restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: Array.from({ length: 256 }, (_, code) => code) } }] }), ['spec.containers[0].restartPolicyRules[0].exitCodes.values: Too many: 256: must have at most 255 items']],
  [inMain({ restartPolicy: 'Never', restartPolicyRules: [{ action: 'DoNotRestart' }, { action: 'Restart', exitCodes: { operator: 'Equals', values: [3] } }] }), [
    'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "DoNotRestart": supported values: "Restart", "RestartAllContainers"', 'spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified',
    'spec.containers[0].restartPolicyRules[1].exitCodes.operator: Unsupported value: "Equals": supported values: "In", "NotIn"',
  ]],
]))

test('security: profiles, kernel settings, users, and the operating system they are for', () => check([
  [{ securityContext: { sysctls: [{ name: 'kernel.shm_rmid_forced' }, { name: 'foo-' }, { name: 'kernel.shm_rmid_forced' }] } }, ['spec.securityContext.sysctls[1].name: Invalid value: "foo-": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$', 'spec.securityContext.sysctls[2].name: Duplicate value: "kernel.shm_rmid_forced"']],
  [{ hostNetwork: true, securityContext: { sysctls: [{ name: 'net.ipv4.ip_forward' }] } }, ["spec.securityContext.sysctls[0].name: Invalid value: \"net.ipv4.ip_forward\": may not be specified when 'hostNetwork' is true"]],
  [{ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: '../x' }, appArmorProfile: { type: 'Localhost', localhostProfile: ' x' } } }, ["spec.securityContext.seccompProfile.localhostProfile: Invalid value: \"../x\": must not contain '..'", 'spec.securityContext.appArmorProfile.localhostProfile: Invalid value: " x": must not be padded with whitespace']],
  [{ hostPID: true, shareProcessNamespace: true }, ['spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled']],
  [{ hostUsers: false, hostIPC: true }, ['spec.HostIPC: Forbidden: when `hostUsers` is false']],
  [{ hostUsers: false, volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }], ...inMain({ volumeDevices: [{ name: 'disk', devicePath: '/dev/xvda' }] }) }, ['spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false']],
  [inMain({ securityContext: { procMount: 'Unmasked' } }), ['spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`']],
  [{ os: { name: 'linux' }, securityContext: { windowsOptions: { runAsUserName: 'a' } } }, ['spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod']],
  [{ os: { name: 'windows' }, securityContext: { fsGroup: 1 }, ...inMain({ securityContext: { privileged: false } }) }, ['spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod', 'spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod']],
]))

test('volumes: every source needs what it cannot be without', () => {
  const sources: readonly Row[] = [
    [{ awsElasticBlockStore: { volumeID: '', partition: 256 } }, ['awsElasticBlockStore.volumeID: Required value', 'awsElasticBlockStore.partition: Invalid value: 256: must be between 0 and 255, inclusive']],
    [{ azureDisk: { diskName: 'a', diskURI: 'b', kind: 'Managed' } }, ['azureDisk.diskURI: Unsupported value: "b": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"']],
    [{ azureFile: {} }, ['azureFile.secretName: Required value', 'azureFile.shareName: Required value']],
    [{ cephfs: { monitors: [] } }, ['cephfs.monitors: Required value']],
    [{ csi: { driver: '' } }, ['csi.driver: Required value', "csi.driver: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]],
    [{ fc: {} }, ['fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both']],
    [{ flexVolume: { driver: 'd', options: { 'kubernetes.io/x': 'y' } } }, ['flexVolume.options[kubernetes.io/x]: Invalid value: "kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved']],
    [{ flocker: {} }, ['flocker: Required value: one of datasetName and datasetUUID is required']],
    [{ gitRepo: { repository: '', directory: '../x' } }, ['gitRepo.repository: Required value', "gitRepo.directory: Invalid value: \"../x\": must not contain '..'"]],
    [{ hostPath: { path: '/a/../b', type: 'Odd' } }, ["hostPath.path: Invalid value: \"/a/../b\": must not contain '..'", 'hostPath.type: Unsupported value: "Odd": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"']],
    [{ iscsi: { targetPortal: '', iqn: 'iqn.bad', lun: -1 } }, ['iscsi.targetPortal: Required value', 'iscsi.iqn: Invalid value: "iqn.bad": must be valid format', 'iscsi.lun: Invalid value: -1: must be between 0 and 255, inclusive']],
    [{ nfs: { server: '', path: 'x' } }, ['nfs.server: Required value', 'nfs.path: Invalid value: "x": must be an absolute path']],
    [{ quobyte: { registry: 'nowhere', volume: 'v' } }, ['quobyte.registry: Invalid value: "nowhere": must be a host:port pair or multiple pairs separated by commas']],
    [{ storageos: {} }, ['storageos.volumeName: Required value']],
    [{ image: {} }, ['image.reference: Required value']],
    [{ configMap: { name: 'c', items: [{ key: '', path: '..x' }], defaultMode: 512 } }, ['configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive', 'configMap.items[0].key: Required value', "configMap.items[0].path: Invalid value: \"..x\": must not start with '..'"]],
    [{ downwardAPI: { items: [{ path: 'a' }, { path: 'b', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '5' } }] } }, ['downwardAPI: Required value: one of fieldRef and resourceFieldRef is required', "downwardAPI.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported with the cpu resource"]],
    [{ projected: { sources: [{ configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } }, { secret: { name: 's', items: [{ key: 'k', path: 'p' }] }, downwardAPI: {} }] } }, ['projected: Invalid value: "s": conflicting duplicate paths', 'projected.sources[1]: Forbidden: may not specify more than 1 volume type per source']],
    [{ projected: { sources: [{ clusterTrustBundle: { path: 'ca' } }, { clusterTrustBundle: { name: 'a', signerName: 'example.com/b', path: 'cb' } }] } }, ['projected.sources[0].clusterTrustBundle: Required value: either name or signerName must be specified', 'projected.sources[1].clusterTrustBundle: Invalid value: {"name":"a","signerName":"example.com/b","path":"cb"}: only one of name and signerName may be used']],
  ]
  check(sources.map(([source, expected]) => [{ volumes: [{ name: 'v', ...source }] }, expected.map((text) => `spec.volumes[0].${text}`)]))
})

test('a pod certificate lives an hour at least and 91 days at most, from Kubernetes\' own signers a day', () => {
  const certificate = (change: object) => ({ volumes: [{ name: 'v', projected: { sources: [{ podCertificate: { signerName: 'example.com/a', keyType: 'ED25519', credentialBundlePath: 'bundle', ...change } }] } }] })
  const at = 'spec.volumes[0].projected.sources[0].podCertificate'
  check([
    [certificate({ maxExpirationSeconds: 7_862_400 }), []],
    [certificate({ maxExpirationSeconds: 7_862_401 }), [`${at}.maxExpirationSeconds: Invalid value: 7862401: if provided, maxExpirationSeconds must be <= 7862400`]],
    [certificate({ maxExpirationSeconds: 3599 }), [`${at}.maxExpirationSeconds: Invalid value: 3599: if provided, maxExpirationSeconds must be >= 3600`]],
    [certificate({ signerName: 'kubernetes.io/a', maxExpirationSeconds: 86_401 }), [`${at}.maxExpirationSeconds: Invalid value: 86401: if provided, maxExpirationSeconds must be <= 86400`]],
    [certificate({ keyType: 'DSA' }), [`${at}.keyType: Unsupported value: "DSA": supported values: "RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"`]],
    [certificate({ credentialBundlePath: undefined }), [`${at}: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath`]],
  ])
})

test('names and addresses: DNS, the host\'s network, aliases, gates, affinity by labels', () => check([
  [{ dnsPolicy: 'None' }, ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
  [{ dnsConfig: { searches: ['under_score.example.', '.', 'a b'] } }, ["spec.dnsConfig.searches[2]: Invalid value: \"a b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]],
  [{ hostNetwork: true, ...inMain({ ports: [{ containerPort: 80, hostPort: 81 }] }) }, ['spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true']],
  [{ hostAliases: [{ ip: 'nowhere' }] }, ['spec.hostAliases[0].ip: Invalid value: "nowhere": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
  [inMain({ livenessProbe: { httpGet: { port: 80, httpHeaders: [{ name: 'X Y', value: '' }] } } }), ["spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: \"X Y\": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"]],
  [inMain({ envFrom: [{}] }), ['spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`']],
  [{ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: {}, matchLabelKeys: ['a'], mismatchLabelKeys: ['a'] }] } } }, ['spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatchLabelKeys']],
  [{ volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] }, ['spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set']],
  [{ volumes: [{ name: 'v' }], ...inMain({ volumeMounts: [{ name: 'v', mountPath: '/v', recursiveReadOnly: 'Enabled' }] }) }, ['spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true']],
  [{ volumes: [{ name: 'v' }], ...inMain({ volumeDevices: [{ name: 'v', devicePath: '/../d' }] }) }, ['spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode', "spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/../d\": can not contain backsteps ('..')"]],
]))

test('a pod that waits at its gates may be sent to fewer nodes, never to others', () => {
  const affinity = (...expressions: readonly object[]) => ({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: expressions }] } } })
  const [zone, disk] = [{ key: 'zone', operator: 'In', values: ['a'] }, { key: 'disk', operator: 'Exists' }]
  const spec = { ...fine, schedulingGates: [{ name: 'example.com/wait' }], nodeSelector: { zone: 'a' }, affinity: affinity(zone) }
  const before = prepared('pods', { spec }) as Pod
  const changed = (change: object): readonly string[] => problemsOfChange(before, { ...before, spec: { ...before.spec, ...change } })
  assert.deepEqual(changed({ nodeSelector: { zone: 'a', disk: 'ssd' }, affinity: affinity(zone, disk), schedulingGates: [] }), [])
  assert.deepEqual(changed({ nodeSelector: { zone: 'b' } }), ['spec.nodeSelector: only additions to spec.nodeSelector are allowed (no mutations or deletions)'])
  assert.deepEqual(changed({ affinity: affinity(disk) }), ['spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: only additions are allowed (no mutations or deletions)'])
  assert.deepEqual(changed({ schedulingGates: [...spec.schedulingGates, { name: 'b' }] }), ["spec.schedulingGates[1].name: only deletion is allowed, but found new scheduling gate 'b'"])
})

function problemsOfChange(before: Pod, next: Pod): readonly string[] {
  return checkPod(next, before).map(({ path, detail }) => `${path}: ${detail}`)
}

test('what is written of a running pod', () => {
  const rows: readonly Row[] = [
    [{ podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] }, ['status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family']],
    [{ hostIP: '10.0.0.9', hostIPs: [{ ip: '10.0.0.1' }] }, ['status.hostIPs[0].ip: Invalid value: "10.0.0.1": must be equal to `hostIP`']],
    [{ qosClass: 'BestEffort' }, ['status.qosClass: Invalid value: "BestEffort": field is immutable']],
    [{ conditions: [{ type: 'not ok', status: 'True' }] }, ["metadata.conditions[0].Type: Invalid value: \"not ok\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]],
    [{ resourceClaimStatuses: [{ name: 'gpu' }] }, ['status.resourceClaimStatuses[0].name: Invalid value: "gpu": must match the name of an entry in `spec.resourceClaims`']],
  ]
  for (const [status, expected] of rows) assert.deepEqual(statusProblems('pods', { qosClass: 'Burstable', ...status }), expected)
})

test('a container that has ended, and is not to be started again, stays ended', () => {
  const ended = (exitCode: number) => [{ name: 'main', state: { terminated: { exitCode } }, ready: false, restartCount: 0, image: '', imageID: '' }]
  const running = [{ name: 'main', state: { running: {} }, ready: true, restartCount: 1, image: '', imageID: '' }]
  const change = (restartPolicy: string, exitCode: number): number => {
    const pod = prepared('pods', { spec: { ...fine, restartPolicy } }) as Pod
    return checkPodStatus({ ...pod, status: { ...pod.status, containerStatuses: running } }, { ...pod, status: { ...pod.status, containerStatuses: ended(exitCode) } }).length
  }
  assert.deepEqual([change('Always', 0), change('OnFailure', 1), change('OnFailure', 0), change('Never', 1)], [0, 0, 1, 1])
})
