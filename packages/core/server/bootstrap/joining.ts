// What a cluster holds that other machines may join: what they are told, and what they may. As kubeadm leaves it behind.
import type { Draft } from '../../api/resource.ts'
import { clusterRoleBinding, group, role, roleBinding, rule } from './rules.ts'

/** What a machine is told that joins, by keys of the ConfigMap kube-public/cluster-info. Everybody reads it who reaches the server: no secrets. */
export type Joining = Readonly<Record<string, string>>

const name = 'cluster-info'
const reader = 'kubeadm:bootstrap-signer-clusterinfo'
const requests = 'system:certificates.k8s.io:certificatesigningrequests'

export const joiningInfo = (joining: Joining): Draft => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-public' }, data: joining })

export const joiningRights: readonly Draft[] = [
  role('kube-public', reader, [rule('get', '', 'configmaps', [name])]),
  // Whoever joins knows nothing yet by which he could sign in or tell the server from another.
  roleBinding('kube-public', reader, reader, [group('system:unauthenticated'), group('system:authenticated')]),
  clusterRoleBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', [group('system:bootstrappers')]),
  clusterRoleBinding('kubeadm:node-autoapprove-bootstrap', `${requests}:nodeclient`, [group('system:bootstrappers')]),
  // Ours: the agent of a machine that joined enforces NetworkPolicies as the nodes that it plays.
  clusterRoleBinding('skiff:machines:network', 'skiff:network', [group('system:nodes')]),
]
