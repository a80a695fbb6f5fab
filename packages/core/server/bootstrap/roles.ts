// The roles every cluster has for people and for parts that are no controllers: as upstream's bootstrap policy, for the kinds we serve.
import type { PolicyRule } from '../../api/generated/types.ts'
import type { Draft } from '../../api/resource.ts'
import { account, aggregatedRole, allVerbs, clusterRole, clusterRoleBinding, events, eventsRule, group, readVerbs, role, roleBinding, rule, urlRule, user, writeVerbs } from './rules.ts'

const to = (name: string): string => `rbac.authorization.k8s.io/aggregate-to-${name}`

const viewRules: readonly PolicyRule[] = [
  rule(readVerbs, '', 'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status'),
  rule(readVerbs, '', 'bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status'),
  rule(readVerbs, '', 'namespaces'),
  events(readVerbs),
  rule(readVerbs, 'discovery.k8s.io', 'endpointslices'),
  rule(readVerbs, 'apps', 'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status'),
  rule(readVerbs, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(readVerbs, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(readVerbs, 'extensions', `daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale`),
  rule(readVerbs, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(readVerbs, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  rule(readVerbs, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
]
const editRules: readonly PolicyRule[] = [
  rule(readVerbs, '', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', '', 'serviceaccounts'),
  rule(writeVerbs, '', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', '', 'pods/eviction'),
  rule(writeVerbs, '', 'configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy'),
  rule('create', '', 'serviceaccounts/token'),
  events(writeVerbs),
  rule(writeVerbs, 'apps', 'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale'),
  rule(writeVerbs, 'autoscaling', 'horizontalpodautoscalers'),
  rule(writeVerbs, 'batch', 'cronjobs jobs'),
  rule(writeVerbs, 'extensions', 'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale'),
  rule(writeVerbs, 'policy', 'poddisruptionbudgets'),
  rule(writeVerbs, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule(allVerbs, 'coordination.k8s.io', 'leases'),
  rule(writeVerbs, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
]
const adminRules: readonly PolicyRule[] = [
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule(allVerbs, 'rbac.authorization.k8s.io', 'rolebindings roles'),
]

const certificates = 'certificates.k8s.io'
const signer = (name: string): PolicyRule => rule('approve', certificates, 'signers', [`kubernetes.io/${name}`])
const nodeRules: readonly PolicyRule[] = [
  rule('create', 'authentication.k8s.io', 'tokenreviews'), rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
  rule(readVerbs, '', 'services'), rule('create get list watch', '', 'nodes'), rule('patch update', '', 'nodes/status'), rule('patch update', '', 'nodes'), eventsRule,
  rule(readVerbs, '', 'pods'), rule('create delete', '', 'pods'), rule('patch update', '', 'pods/status'), rule('create', '', 'pods/eviction'),
  rule(readVerbs, '', 'configmaps secrets'), rule('get', '', 'persistentvolumeclaims persistentvolumes'), rule('get', '', 'endpoints'),
  rule('create get list watch', certificates, 'certificatesigningrequests'), rule('create delete get patch update', 'coordination.k8s.io', 'leases'), rule('get', 'storage.k8s.io', 'volumeattachments'),
  rule('get patch update', '', 'persistentvolumeclaims/status'), rule('create', '', 'serviceaccounts/token'), rule(readVerbs, 'storage.k8s.io', 'csidrivers'), rule('create delete get patch update', 'storage.k8s.io', 'csinodes'),
  rule(readVerbs, 'node.k8s.io', 'runtimeclasses'), rule('get', 'resource.k8s.io', 'resourceclaims'), rule('deletecollection', 'resource.k8s.io', 'resourceslices'), rule('get', '', 'serviceaccounts'),
  rule(readVerbs, certificates, 'clustertrustbundles'), rule('create get list watch', certificates, 'podcertificaterequests'),
]
const managerRules: readonly PolicyRule[] = [
  eventsRule, rule('create', 'coordination.k8s.io', 'leases'), rule('get update', 'coordination.k8s.io', 'leases', ['kube-controller-manager']),
  rule('create', '', 'secrets serviceaccounts'), rule('delete', '', 'secrets'), rule('get', '', 'configmaps namespaces secrets serviceaccounts'), rule('update', '', 'secrets serviceaccounts'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'), rule('create', 'authorization.k8s.io', 'subjectaccessreviews'), rule('list watch', '*', '*'), rule('create', '', 'serviceaccounts/token'),
]
const schedulerRules: readonly PolicyRule[] = [
  eventsRule, rule('create', 'coordination.k8s.io', 'leases'), rule('get list update watch', 'coordination.k8s.io', 'leases', ['kube-scheduler']), rule(allVerbs, 'coordination.k8s.io', 'leasecandidates'),
  rule(readVerbs, '', 'nodes'), rule('delete get list watch', '', 'pods'), rule('create', '', 'bindings pods/binding'), rule('patch update', '', 'pods/status'),
  rule(readVerbs, '', 'replicationcontrollers services'), rule(readVerbs, 'apps extensions', 'replicasets'), rule(readVerbs, 'apps', 'statefulsets'), rule(readVerbs, 'policy', 'poddisruptionbudgets'),
  rule(readVerbs, '', 'persistentvolumeclaims persistentvolumes'), rule('create', 'authentication.k8s.io', 'tokenreviews'), rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule(readVerbs, 'storage.k8s.io', 'csinodes'), rule(readVerbs, 'storage.k8s.io', 'volumeattachments'), rule(readVerbs, '', 'namespaces'), rule(readVerbs, 'storage.k8s.io', 'csidrivers'), rule(readVerbs, 'storage.k8s.io', 'csistoragecapacities'),
  rule(readVerbs, 'resource.k8s.io', 'deviceclasses'), rule('get list patch update watch', 'resource.k8s.io', 'resourceclaims'), rule('get list patch update watch', 'resource.k8s.io', 'resourceclaims/status'), rule('update', '', 'pods/finalizers'),
  rule(readVerbs, 'resource.k8s.io', 'resourceslices'), rule('create delete', 'resource.k8s.io', 'resourceclaims'), rule('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
]
const leaderRules: readonly PolicyRule[] = ['leases', 'leasecandidates'].map((resource) => rule('create get list update watch', 'coordination.k8s.io', resource))
const discoveryUrls = ['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/']

export const roles: readonly Draft[] = [
  clusterRole('cluster-admin', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] }]),
  // In the order in which the aggregation puts them together: by the names of the roles.
  aggregatedRole('admin', [to('admin')], [...editRules, ...viewRules, ...adminRules]),
  aggregatedRole('edit', [to('edit')], [...editRules, ...viewRules], { [to('admin')]: 'true' }),
  aggregatedRole('view', [to('view')], viewRules, { [to('edit')]: 'true' }),
  clusterRole('system:aggregate-to-admin', adminRules, { [to('admin')]: 'true' }),
  clusterRole('system:aggregate-to-edit', editRules, { [to('edit')]: 'true' }),
  clusterRole('system:aggregate-to-view', viewRules, { [to('view')]: 'true' }),
  clusterRole('system:discovery', [urlRule(...discoveryUrls)]),
  clusterRole('system:public-info-viewer', [urlRule('/healthz', '/livez', '/readyz', '/version', '/version/')]),
  clusterRole('system:monitoring', [urlRule('/flagz', '/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*', '/statusz'), rule('get', '', 'nodes/metrics')]),
  clusterRole('system:basic-user', [rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'), rule('create', 'authentication.k8s.io', 'selfsubjectreviews')]),
  clusterRole('system:service-account-issuer-discovery', [urlRule('/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/')]),
  clusterRole('system:auth-delegator', [rule('create', 'authentication.k8s.io', 'tokenreviews'), rule('create', 'authorization.k8s.io', 'subjectaccessreviews')]),
  clusterRole('system:kubelet-api-admin', [rule(readVerbs, '', 'nodes'), rule('proxy', '', 'nodes'), rule('*', '', 'nodes/log nodes/metrics nodes/proxy nodes/stats'), rule('*', '', 'nodes/configz nodes/healthz nodes/pods')]),
  clusterRole('system:node', nodeRules),
  clusterRole('system:node-proxier', [rule('list watch', '', 'endpoints services'), rule(readVerbs, '', 'nodes'), eventsRule, rule('list watch', 'networking.k8s.io', 'servicecidrs'), rule('list watch', 'discovery.k8s.io', 'endpointslices')]),
  // Ours: who enforces NetworkPolicies sees the pods of all nodes, as a network plugin's account does.
  clusterRole('skiff:network', [rule('list watch', '', 'pods namespaces'), rule('list watch', 'networking.k8s.io', 'networkpolicies')]),
  clusterRole('system:kube-dns', [rule('list watch', '', 'endpoints services')]),
  clusterRole('system:kube-scheduler', schedulerRules),
  clusterRole('system:volume-scheduler', [rule('get list patch update watch', '', 'persistentvolumes'), rule(readVerbs, 'storage.k8s.io', 'storageclasses'), rule('get list patch update watch', '', 'persistentvolumeclaims')]),
  clusterRole('system:persistent-volume-provisioner', [rule('create delete get list watch', '', 'persistentvolumes'), rule('get list update watch', '', 'persistentvolumeclaims'), rule(readVerbs, 'storage.k8s.io', 'storageclasses'), rule('watch', '', 'events'), eventsRule]),
  clusterRole('system:heapster', [rule(readVerbs, '', 'events namespaces nodes pods'), rule(readVerbs, 'extensions', 'deployments')]),
  clusterRole('system:kube-aggregator', [rule(readVerbs, '', 'endpoints services')]),
  clusterRole('system:kube-controller-manager', managerRules),
  clusterRole('system:node-bootstrapper', [rule('create get list watch', certificates, 'certificatesigningrequests')]),
  clusterRole('system:node-problem-detector', [rule('get', '', 'nodes'), rule('patch', '', 'nodes/status'), eventsRule]),
  clusterRole('system:certificates.k8s.io:certificatesigningrequests:nodeclient', [rule('create', certificates, 'certificatesigningrequests/nodeclient')]),
  clusterRole('system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', [rule('create', certificates, 'certificatesigningrequests/selfnodeclient')]),
  clusterRole('system:certificates.k8s.io:kube-apiserver-client-approver', [signer('kube-apiserver-client')]),
  clusterRole('system:certificates.k8s.io:kube-apiserver-client-kubelet-approver', [signer('kube-apiserver-client-kubelet')]),
  clusterRole('system:certificates.k8s.io:kubelet-serving-approver', [signer('kubelet-serving')]),
  clusterRole('system:certificates.k8s.io:legacy-unknown-approver', [signer('legacy-unknown')]),
  // Whoever is authenticated may read what he is to trust.
  clusterRole('system:cluster-trust-bundle-discovery', [rule(readVerbs, certificates, 'clustertrustbundles')]),
  role('kube-public', 'system:controller:bootstrap-signer', [rule(readVerbs, '', 'configmaps'), rule('update', '', 'configmaps', ['cluster-info']), eventsRule]),
  role('kube-system', 'extension-apiserver-authentication-reader', [rule(readVerbs, '', 'configmaps', ['extension-apiserver-authentication'])]),
  role('kube-system', 'system::leader-locking-kube-controller-manager', leaderRules),
  role('kube-system', 'system::leader-locking-kube-scheduler', leaderRules),
  role('kube-system', 'system:controller:bootstrap-signer', [rule(readVerbs, '', 'secrets')]),
  role('kube-system', 'system:controller:cloud-provider', [rule('create get list watch', '', 'configmaps')]),
  role('kube-system', 'system:controller:token-cleaner', [rule('delete get list watch', '', 'secrets'), eventsRule]),
]

export const bindings: readonly Draft[] = [
  clusterRoleBinding('cluster-admin', 'cluster-admin', [group('system:masters')]),
  clusterRoleBinding('system:discovery', 'system:discovery', [group('system:authenticated')]),
  clusterRoleBinding('system:basic-user', 'system:basic-user', [group('system:authenticated')]),
  clusterRoleBinding('system:public-info-viewer', 'system:public-info-viewer', [group('system:authenticated'), group('system:unauthenticated')]),
  clusterRoleBinding('system:monitoring', 'system:monitoring', [group('system:monitoring')]),
  clusterRoleBinding('system:service-account-issuer-discovery', 'system:service-account-issuer-discovery', [group('system:serviceaccounts')]),
  // No subjects: the node authorizer decides for nodes.
  clusterRoleBinding('system:node', 'system:node', []),
  clusterRoleBinding('system:node-proxier', 'system:node-proxier', [user('system:kube-proxy')]),
  // As kubeadm: a node has its own certificate made anew without anybody's approval.
  clusterRoleBinding('kubeadm:node-autoapprove-certificate-rotation', 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', [group('system:nodes')]),
  clusterRoleBinding('skiff:network', 'skiff:network', [user('skiff:network')]),
  clusterRoleBinding('system:kube-dns', 'system:kube-dns', [account('kube-dns')]),
  clusterRoleBinding('system:kube-scheduler', 'system:kube-scheduler', [user('system:kube-scheduler')]),
  clusterRoleBinding('system:volume-scheduler', 'system:volume-scheduler', [user('system:kube-scheduler')]),
  roleBinding('kube-system', 'system::extension-apiserver-authentication-reader', 'extension-apiserver-authentication-reader', [user('system:kube-controller-manager'), user('system:kube-scheduler')]),
  clusterRoleBinding('system:kube-controller-manager', 'system:kube-controller-manager', [user('system:kube-controller-manager')]),
  clusterRoleBinding('system:cluster-trust-bundle-discovery', 'system:cluster-trust-bundle-discovery', [group('system:serviceaccounts')]),
  roleBinding('kube-public', 'system:controller:bootstrap-signer', 'system:controller:bootstrap-signer', [account('bootstrap-signer')]),
  roleBinding('kube-system', 'system::leader-locking-kube-controller-manager', 'system::leader-locking-kube-controller-manager', [user('system:kube-controller-manager'), account('kube-controller-manager'), account('leader-election-controller')]),
  roleBinding('kube-system', 'system::leader-locking-kube-scheduler', 'system::leader-locking-kube-scheduler', [user('system:kube-scheduler'), account('kube-scheduler')]),
  roleBinding('kube-system', 'system:controller:bootstrap-signer', 'system:controller:bootstrap-signer', [account('bootstrap-signer')]),
  roleBinding('kube-system', 'system:controller:cloud-provider', 'system:controller:cloud-provider', [account('cloud-provider')]),
  roleBinding('kube-system', 'system:controller:token-cleaner', 'system:controller:token-cleaner', [account('token-cleaner')]),
]
