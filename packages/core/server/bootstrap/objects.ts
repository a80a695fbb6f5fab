// What else a fresh cluster holds.
import { familyOf, serviceRangesDefault } from '../../api/kinds/index.ts'
import type { Draft } from '../../api/resource.ts'

const namespace = (name: string): Draft => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
const priorityClass = (name: string, value: number, description: string): Draft => ({
  apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, description, preemptionPolicy: 'PreemptLowerPriority',
})

export const namespaces: readonly Draft[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map(namespace)

export const priorityClasses: readonly Draft[] = [
  priorityClass('system-cluster-critical', 2_000_000_000, 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.'),
  priorityClass('system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'),
]

/** The class of claims that name none: directories on the pod's own node. */
export const storageClass: Draft = {
  apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'skiff.dev/local', reclaimPolicy: 'Delete', volumeBindingMode: 'WaitForFirstConsumer', allowVolumeExpansion: true,
}

/** Where ClusterIPs come from. */
export const kubernetesCIDR = ({ serviceRanges = serviceRangesDefault }: Advertised): Draft => ({ apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'kubernetes' }, spec: { cidrs: serviceRanges } })

/** The authorities whose certificates the server believes, PEM: of clients, and of the front proxy that calls extension servers. */
export interface Trust { readonly clients?: string; readonly frontProxy?: string }

/** What an extension server needs to believe what the server tells it of the user. */
export const authenticationMap = ({ clients, frontProxy }: Trust): Draft => ({
  apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
  data: {
    ...(clients !== undefined && { 'client-ca-file': clients }),
    ...(frontProxy !== undefined && {
      'requestheader-allowed-names': '["front-proxy-client"]', 'requestheader-client-ca-file': frontProxy, 'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]', 'requestheader-uid-headers': '["X-Remote-Uid"]', 'requestheader-username-headers': '["X-Remote-User"]',
    }),
  },
})

/** Where pods and the outside reach the API server. */
export interface Advertised { readonly address: string; readonly port: number; /** Whether names are answered, as real nodes do. */ readonly names?: boolean; /** Where ClusterIPs come from, one range a family. */ readonly serviceRanges?: readonly string[] }

/** The Service of the API server; its address is the first of the range. */
export const kubernetesService = ({ port }: Advertised): Draft => ({
  apiVersion: 'v1', kind: 'Service', metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
  spec: { ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }], sessionAffinity: 'None', type: 'ClusterIP' },
})
/** Where pods ask for names, as it stands in clusters that kubeadm made. No pod is behind it: every real node answers at its addresses itself, at one of each family. */
export const namesService = ({ names = false, serviceRanges = [] }: Advertised): readonly Draft[] => (!names ? [] : [{
  apiVersion: 'v1', kind: 'Service',
  metadata: { name: 'kube-dns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' } },
  spec: { ports: [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 }, { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 }], selector: { 'k8s-app': 'kube-dns' }, sessionAffinity: 'None', type: 'ClusterIP', ...(serviceRanges.length > 1 && { ipFamilyPolicy: 'RequireDualStack' }) },
}])
export const kubernetesEndpoints = ({ address, port }: Advertised): Draft => ({
  apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
})
export const kubernetesSlice = ({ address, port }: Advertised): Draft => ({
  apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  addressType: familyOf(address) ?? 'IPv4', endpoints: [{ addresses: [address], conditions: { ready: true } }], ports: [{ name: 'https', port, protocol: 'TCP' }],
})
