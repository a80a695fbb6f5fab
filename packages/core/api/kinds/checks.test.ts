import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../resource.ts'
import { checkMetadata, problemText, refuseInvalid } from './index.ts'
import { examples } from './examples.ts'
import { problems, specOf } from './testing.ts'

const labelFault = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const nameFault = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

test('what upstream refuses in new objects, in its words', () => {
  const deployment = specOf('apps/deployments')
  const claim = specOf('persistentvolumeclaims')
  const rows: readonly (readonly [string, Record<string, unknown>, readonly string[]])[] = [
    ['apps/deployments', { spec: { ...deployment, selector: undefined } }, ['spec.selector: Required value', 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`']],
    ['apps/deployments', { spec: { ...deployment, selector: { matchLabels: { app: '-' } } } }, ['spec.selector.matchLabels: Invalid value: "-": ' + labelFault, 'spec.selector: Invalid value: {"matchLabels":{"app":"-"}}: invalid label selector']],
    ['persistentvolumeclaims', { spec: { ...specOf('persistentvolumeclaims'), dataSource: { kind: 'Disk', name: '' }, dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'a' } } }, [
      'spec.dataSource.name: Required value', "spec.dataSource: Invalid value: \"Disk\": must be 'PersistentVolumeClaim' when referencing the default apiGroup", 'spec: Invalid value: "spec.dataSource": must match dataSourceRef',
    ]],
    ['apps/daemonsets', { spec: { ...specOf('apps/daemonsets'), selector: undefined } }, ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`']],
    ['apps/statefulsets', { spec: { ...specOf('apps/statefulsets'), serviceName: 'A', volumeClaimTemplates: [{ metadata: { name: 'data' } }] } }, ['spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required', 'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value', 'spec.serviceName: Invalid value: "A": ' + nameFault]],
    ['apps/deployments', { spec: { ...deployment, selector: {} } }, ['spec.selector: Invalid value: {}: empty selector is invalid for deployment']],
    ['apps/deployments', { spec: { ...deployment, selector: { matchLabels: { app: 'other' } } } }, ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`']],
    ['apps/deployments', { spec: { ...deployment, replicas: -1 } }, ['spec.replicas: Invalid value: -1: must be greater than or equal to 0']],
    ['apps/deployments', { spec: { ...deployment, strategy: { type: 'Recreate', rollingUpdate: {} } } }, ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]],
    ['apps/deployments', { spec: { ...deployment, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } } }, ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0']],
    ['apps/deployments', { spec: { ...deployment, strategy: { type: 'BlueGreen' } } }, ['spec.strategy.type: Unsupported value: "BlueGreen": supported values: "Recreate", "RollingUpdate"']],
    ['apps/deployments', { spec: { ...deployment, minReadySeconds: 600 } }, ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds']],
    ['apps/daemonsets', { spec: { ...specOf('apps/daemonsets'), updateStrategy: { rollingUpdate: { maxSurge: 1 } } } }, ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero']],
    ['configmaps', { data: { 'a b': 'x', '..': 'y' } }, ["data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')", "data[..]: Invalid value: \"..\": must not be '..'"]],
    ['secrets', { type: 'kubernetes.io/tls' }, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
    ['persistentvolumeclaims', { spec: { ...claim, accessModes: [] } }, ['spec.accessModes: Required value: at least 1 access mode is required']],
    ['persistentvolumeclaims', { spec: { ...claim, resources: {} } }, ['spec.resources[storage]: Required value']],
    ['persistentvolumes', { spec: { capacity: { storage: '1Gi' }, accessModes: ['Sometimes'] } }, ['spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"', 'spec: Required value: must specify a volume type']],
    ['rbac.authorization.k8s.io/roles', { rules: [{ verbs: [], apiGroups: [''], resources: [] }] }, ['rules[0].verbs: Required value: verbs must contain at least one value', 'rules[0].resources: Required value: resource rules must supply at least one resource']],
    ['rbac.authorization.k8s.io/rolebindings', { roleRef: { kind: 'Thing', name: '' } }, ['roleRef.kind: Unsupported value: "Thing": supported values: "Role", "ClusterRole"', 'roleRef.name: Required value']],
    ['scheduling.k8s.io/priorityclasses', { value: 2_000_000_000 }, ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000']],
    ['nodes', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }, { key: 'a', effect: 'NoSchedule' }] } }, ['metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair']],
    ['coordination.k8s.io/leases', { spec: { leaseDurationSeconds: 0 } }, ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0']],
    ['discovery.k8s.io/endpointslices', { addressType: 'IPv6' }, ['endpoints[0].addresses[0]: Invalid value: "10.0.0.1": must be an IPv6 address']],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change), expected, resource)
})

test('what may not change', () => {
  const set = specOf('apps/statefulsets')
  const rows: readonly (readonly [string, Record<string, unknown>, readonly string[]])[] = [
    ['apps/statefulsets', { spec: { ...set, replicas: 5, updateStrategy: { type: 'OnDelete' } } }, []],
    ['apps/statefulsets', { spec: { ...set, serviceName: 'other' } }, ["spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"]],
    ['apps/deployments', { spec: { ...specOf('apps/deployments'), selector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } } }, ['spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable']],
    ['apps/daemonsets', { spec: { ...specOf('apps/daemonsets'), selector: { matchLabels: { app: 'other' } } } }, ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`', 'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable']],
    ['persistentvolumeclaims', { spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } } }, ['spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims']],
    ['persistentvolumeclaims', { spec: { ...specOf('persistentvolumeclaims'), volumeMode: 'Block' } }, ['spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims', 'volumeMode: Invalid value: "Block": field is immutable']],
    ['persistentvolumeclaims', { metadata: { ...examples['persistentvolumeclaims']?.metadata, annotations: { 'volume.beta.kubernetes.io/storage-class': 'fast' } } }, ['metadata.annotations[volume.beta.kubernetes.io/storage-class]: Invalid value: "fast": field is immutable']],
    ['persistentvolumeclaims', { spec: { ...specOf('persistentvolumeclaims'), volumeName: 'pv-1', storageClassName: 'standard' } }, []],
    ['storage.k8s.io/storageclasses', { provisioner: 'other.example.com/x' }, ['provisioner: Invalid value: "other.example.com/x": field is immutable']],
    ['scheduling.k8s.io/priorityclasses', { value: 2 }, ['value: Forbidden: may not be changed in an update.']],
    ['rbac.authorization.k8s.io/rolebindings', { roleRef: { kind: 'Role', name: 'writer' } }, ['roleRef: Invalid value: {"kind":"Role","name":"writer","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef']],
    ['secrets', { type: 'example.com/other' }, ['type: Invalid value: "example.com/other": field is immutable']],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change, true), expected, resource)
})

const named = (metadata: Record<string, unknown>): Resource => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata } })

test('metadata of every object keeps the same rules', () => {
  const rows: readonly (readonly [Record<string, unknown>, readonly string[]])[] = [
    [{}, []],
    [{ namespace: undefined }, ['metadata.namespace: Required value']],
    [{ labels: { 'a/b/c': 'x' }, annotations: { 'Example.com/ok': 'any thing' } }, ["metadata.labels: Invalid value: \"a/b/c\": a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]],
    [{ finalizers: ['mine'] }, ['metadata.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified']],
    [{ ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: '' }] }, ['metadata.ownerReferences.uid: Invalid value: "": must not be empty']],
  ]
  for (const [metadata, expected] of rows) assert.deepEqual(checkMetadata(named(metadata), undefined, { scope: 'Namespaced' }).map(problemText), expected)
  const leaving = named({ deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.example.com/x'] })
  assert.deepEqual(checkMetadata(named({ deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.example.com/x', 'b.example.com/x'] }), leaving, { scope: 'Namespaced' }).map(problemText),
    ['metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ["b.example.com/x"]'])
})

test('a refusal names the kind with its group and lists every cause', () => {
  assert.deepEqual(refuseInvalid({ group: 'apps', kind: 'Deployment' }, 'web', [{ path: 'spec.replicas', reason: 'FieldValueInvalid', value: -1, detail: 'too few' }, { path: 'spec.selector', reason: 'FieldValueRequired', detail: '' }]), {
    refused: true, code: 422, reason: 'Invalid', message: 'Deployment.apps "web" is invalid: [spec.replicas: Invalid value: -1: too few, spec.selector: Required value]',
    details: { name: 'web', group: 'apps', kind: 'Deployment', causes: [{ reason: 'FieldValueInvalid', message: 'Invalid value: -1: too few', field: 'spec.replicas' }, { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.selector' }] },
  })
})
