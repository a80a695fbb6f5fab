// One full, valid draft of every kind, for the laws in kinds.test.ts. Not exported from the folder.
import type { Draft } from '../resource.ts'
import { admissionregistrationExamples } from './admissionregistration/examples.ts'
import { certificatesExamples } from './certificates/examples.ts'
import { autoscalingExamples } from './autoscaling/examples.ts'
import { networkingExamples } from './networking/examples.ts'
import { nodeExamples } from './node/examples.ts'
import { policyExamples } from './policy/examples.ts'
import { storageExamples } from './storage/examples.ts'
import { flowcontrolExamples } from './flowcontrol/examples.ts'
import { resourceExamples } from './resource/examples.ts'
import { apiextensionsExamples } from './apiextensions/examples.ts'

const container = { name: 'main', image: 'registry.example/web:1.2' }
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } }
const selector = { matchLabels: { app: 'web' } }
const named = (kind: string, apiVersion = 'v1', name = 'web'): Draft => ({ apiVersion, kind, metadata: { name, namespace: 'default', labels: { app: 'web' }, annotations: { 'example.com/Note': 'any text' } } })
const clusterwide = (kind: string, apiVersion = 'v1', name = 'web'): Draft => ({ apiVersion, kind, metadata: { name } })

const pod = {
  initContainers: [
    { name: 'prepare', image: 'busybox', command: ['true'], volumeMounts: [{ name: 'data', mountPath: '/data' }] },
    { name: 'sidecar', image: 'busybox:1@sha256:abc', restartPolicy: 'Always', readinessProbe: { exec: { command: ['true'] } } },
  ],
  containers: [{
    ...container,
    ports: [{ name: 'http', containerPort: 8080 }, { name: 'dns', containerPort: 53, protocol: 'UDP' }],
    env: [
      { name: 'PLAIN', value: 'x' }, { name: 'FROM_FIELD', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }, { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }, { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
    ],
    envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'S_', secretRef: { name: 's' } }],
    resources: { limits: { cpu: '0.5', memory: '1024Mi' }, requests: { cpu: '0.1' } },
    livenessProbe: { httpGet: { port: 'http' } }, readinessProbe: { tcpSocket: { port: 8080 } }, startupProbe: { grpc: { port: 9090 } },
    lifecycle: { preStop: { sleep: { seconds: 5 } }, postStart: { httpGet: { port: 8080 } } },
    volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'web' }, { name: 'all', mountPath: '/all', readOnly: true }],
    securityContext: { runAsUser: 1000, allowPrivilegeEscalation: false },
  }],
  volumes: [
    { name: 'data' }, { name: 'host', hostPath: { path: '/var/log' } }, { name: 'claim', persistentVolumeClaim: { claimName: 'claim' } },
    { name: 'all', projected: { sources: [{ configMap: { name: 'c' } }, { serviceAccountToken: { path: 'token' } }, { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } }] } },
    { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } } },
  ],
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }, { operator: 'Exists' }],
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] } },
    podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: selector } }] },
  },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: selector }],
  hostAliases: [{ ip: '10.0.0.1', hostnames: ['db.local'] }],
  serviceAccountName: 'default', priorityClassName: 'high',
}

/** By storage identity. */
export const examples: Readonly<Record<string, Draft>> = {
  'componentstatuses': { ...clusterwide('ComponentStatus'), conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] },
  ...autoscalingExamples,
  ...networkingExamples,
  ...nodeExamples,
  ...policyExamples,
  ...storageExamples,
  ...apiextensionsExamples,
  'configmaps': { ...named('ConfigMap'), data: { 'app.properties': 'a=b', KEY: 'x' }, binaryData: { blob: 'AAE=' } },
  'endpoints': { ...named('Endpoints'), subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  'events': { ...named('Event'), involvedObject: { kind: 'Pod', namespace: 'default', name: 'web-1', uid: 'u' }, reason: 'Started', message: 'Started container main', type: 'Normal', count: 3, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:05:00Z', source: { component: 'kubelet', host: 'n1' } },
  'limitranges': { ...named('LimitRange'), spec: { limits: [{ type: 'Container', max: { cpu: '2', memory: '1Gi' }, min: { cpu: '50m' }, default: { cpu: '500m' }, maxLimitRequestRatio: { cpu: '4' } }, { type: 'PersistentVolumeClaim', max: { storage: '10Gi' } }] } },
  'namespaces': clusterwide('Namespace'),
  'nodes': { ...clusterwide('Node'), spec: { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] }, status: { capacity: { cpu: '4', memory: '16Gi', pods: '110' } } },
  'persistentvolumeclaims': { ...named('PersistentVolumeClaim'), spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } } },
  'persistentvolumes': { ...clusterwide('PersistentVolume'), spec: { capacity: { storage: '10Gi' }, accessModes: ['ReadWriteMany'], hostPath: { path: '/data' }, storageClassName: 'manual' } },
  'pods': { ...named('Pod'), spec: pod },
  'podtemplates': { ...named('PodTemplate'), template },
  'replicationcontrollers': { ...named('ReplicationController'), spec: { replicas: 2, template } },
  'resourcequotas': { ...named('ResourceQuota'), spec: { hard: { pods: '10', 'requests.cpu': '4', 'limits.memory': '16Gi', 'count/deployments.apps': '5' }, scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } } },
  'secrets': { ...named('Secret'), stringData: { password: 'señor' }, data: { user: 'YWRtaW4=' } },
  'serviceaccounts': named('ServiceAccount'),
  'services': { ...named('Service'), spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }, { name: 'metrics', port: 9090 }], type: 'NodePort' } },
  'apps/controllerrevisions': { ...named('ControllerRevision', 'apps/v1'), revision: 2, data: { spec: { template } } },
  'apps/daemonsets': { ...named('DaemonSet', 'apps/v1'), spec: { selector, template } },
  'apps/deployments': { ...named('Deployment', 'apps/v1'), spec: { replicas: 3, selector, template: { ...template, spec: { ...pod, containers: pod.containers } } } },
  'apps/replicasets': { ...named('ReplicaSet', 'apps/v1'), spec: { selector, template } },
  'apps/statefulsets': {
    ...named('StatefulSet', 'apps/v1'),
    spec: {
      serviceName: 'web', replicas: 3, selector, template: { ...template, spec: { containers: [{ ...container, volumeMounts: [{ name: 'data', mountPath: '/data' }] }] } },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }],
    },
  },
  'batch/cronjobs': { ...named('CronJob', 'batch/v1'), spec: { schedule: '*/5 * * * mon-fri', timeZone: 'Europe/Paris', jobTemplate: { spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [container] } } } } } },
  'batch/jobs': { ...named('Job', 'batch/v1'), spec: { completions: 9, parallelism: 3, template: { metadata: { labels: { app: 'work' } }, spec: { restartPolicy: 'Never', containers: [container] } } } },
  'rbac.authorization.k8s.io/clusterrolebindings': { ...clusterwide('ClusterRoleBinding', 'rbac.authorization.k8s.io/v1', 'system:a:b'), roleRef: { kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ kind: 'Group', name: 'devs' }, { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' }] },
  'rbac.authorization.k8s.io/clusterroles': { ...clusterwide('ClusterRole', 'rbac.authorization.k8s.io/v1'), rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }, { verbs: ['*'], apiGroups: ['apps'], resources: ['deployments/scale'] }] },
  'rbac.authorization.k8s.io/rolebindings': { ...named('RoleBinding', 'rbac.authorization.k8s.io/v1'), roleRef: { kind: 'Role', name: 'reader' }, subjects: [{ kind: 'User', name: 'ann@example.com' }] },
  'rbac.authorization.k8s.io/roles': { ...named('Role', 'rbac.authorization.k8s.io/v1'), rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }] },
  'scheduling.k8s.io/priorityclasses': { ...clusterwide('PriorityClass', 'scheduling.k8s.io/v1', 'high'), value: 1000 },
  'coordination.k8s.io/leases': { ...named('Lease', 'coordination.k8s.io/v1'), spec: { holderIdentity: 'n1', leaseDurationSeconds: 40 } },
  'discovery.k8s.io/endpointslices': { ...named('EndpointSlice', 'discovery.k8s.io/v1'), addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true }, nodeName: 'n1', zone: 'z1', hints: { forZones: [{ name: 'z1' }] } }], ports: [{ port: 80, name: 'http' }] },
  'apiregistration.k8s.io/apiservices': { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1beta1.tides.example.com' }, spec: { group: 'tides.example.com', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, service: { name: 'metrics', namespace: 'kube-system' } } },
  'storagemigration.k8s.io/storageversionmigrations': { apiVersion: 'storagemigration.k8s.io/v1', kind: 'StorageVersionMigration', metadata: { name: 'secrets' }, spec: { resource: { group: 'apps', resource: 'deployments' } } },
  ...admissionregistrationExamples,
  ...certificatesExamples,
  ...resourceExamples,
  ...flowcontrolExamples,
}
