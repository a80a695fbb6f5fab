// One role and one binding for each controller, as upstream's controller policy names them: also of those that Skiff has no need of,
// for a controller that a user runs may go by such an account.
import type { PolicyRule } from '../../api/generated/types.ts'
import type { Draft } from '../../api/resource.ts'
import { account, clusterRole, clusterRoleBinding, eventsRule, readVerbs, rule } from './rules.ts'

const pods = (verbs: string): PolicyRule => rule(verbs, '', 'pods')
const readUpdate = 'get list update watch'
const readWrite = 'create delete get list patch update watch'
const old = 'apps extensions'
const certificates = 'certificates.k8s.io'
const resources = 'resource.k8s.io'
const everything = (verbs: string): PolicyRule => rule(verbs, '*', '*')

/** Without the rule about events, which nearly all have; `quiet` lists the others. */
const rules: Readonly<Record<string, readonly PolicyRule[]>> = {
  'attachdetach-controller': [
    rule('list watch', '', 'persistentvolumeclaims persistentvolumes'), rule(readVerbs, '', 'nodes'), rule('patch update', '', 'nodes/status'), pods('list watch'),
    rule('create delete get list watch', 'storage.k8s.io', 'volumeattachments'), rule(readVerbs, 'storage.k8s.io', 'csidrivers'), rule(readVerbs, 'storage.k8s.io', 'csinodes'),
  ],
  'certificate-controller': [
    rule('delete get list watch', certificates, 'certificatesigningrequests'), rule('update', certificates, 'certificatesigningrequests/approval certificatesigningrequests/status'),
    rule('approve', certificates, 'signers', ['kubernetes.io/kube-apiserver-client-kubelet']),
    rule('sign', certificates, 'signers', ['kubernetes.io/kube-apiserver-client', 'kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving', 'kubernetes.io/legacy-unknown']),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  ],
  'clusterrole-aggregation-controller': [rule('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles')],
  'cronjob-controller': [rule(readUpdate, 'batch', 'cronjobs'), rule(readWrite, 'batch', 'jobs'), rule('update', 'batch', 'cronjobs/status'), rule('update', 'batch', 'cronjobs/finalizers'), pods('delete list watch')],
  'daemon-set-controller': [
    rule(readVerbs, old, 'daemonsets'), rule('update', old, 'daemonsets/status'), rule('update', old, 'daemonsets/finalizers'), rule('list watch', '', 'nodes'), pods('create delete list patch watch'), rule('create', '', 'pods/binding'),
    rule(readWrite, 'apps', 'controllerrevisions'),
  ],
  'deployment-controller': [rule(readUpdate, old, 'deployments'), rule('update', old, 'deployments/status'), rule('update', old, 'deployments/finalizers'), rule(readWrite, old, 'replicasets'), pods(readUpdate)],
  'device-taint-eviction-controller': [
    pods('delete get list watch'), rule('patch update', '', 'pods/status'), rule(readVerbs, resources, 'resourceclaims'), rule(readVerbs, resources, 'resourceslices'), rule(readVerbs, resources, 'deviceclasses'), rule(readVerbs, resources, 'devicetaintrules'),
  ],
  'disruption-controller': [
    rule(readVerbs, old, 'deployments'), rule(readVerbs, old, 'replicasets'), rule(readVerbs, '', 'replicationcontrollers'), rule(readVerbs, 'policy', 'poddisruptionbudgets'), rule(readVerbs, 'apps', 'statefulsets'),
    rule('update', 'policy', 'poddisruptionbudgets/status'), rule('patch update', '', 'pods/status'), rule('get', '*', '*/scale'),
  ],
  'endpoint-controller': [rule(readVerbs, '', 'pods services'), rule('create delete get list update watch', '', 'endpoints'), rule('create', '', 'endpoints/restricted')],
  'endpointslice-controller': [rule(readVerbs, '', 'nodes pods services'), rule('update', '', 'services/finalizers'), rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices')],
  'endpointslicemirroring-controller': [rule(readVerbs, '', 'endpoints services'), rule('update', '', 'services/finalizers'), rule('update', '', 'endpoints/finalizers'), rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices')],
  'ephemeral-volume-controller': [pods('get list watch'), rule('update', '', 'pods/finalizers'), rule('create get list watch', '', 'persistentvolumeclaims')],
  'expand-controller': [rule('get list patch update watch', '', 'persistentvolumes'), rule('patch update', '', 'persistentvolumeclaims/status'), rule(readVerbs, '', 'persistentvolumeclaims')],
  'generic-garbage-collector': [everything('delete get list patch update watch')],
  'horizontal-pod-autoscaler': [
    rule(readVerbs, 'autoscaling', 'horizontalpodautoscalers'), rule('update', 'autoscaling', 'horizontalpodautoscalers/status'), rule('get update', '*', '*/scale'), pods('list watch'),
    rule('list watch', 'metrics.k8s.io', 'pods'), rule(readVerbs, 'custom.metrics.k8s.io', '*'), rule(readVerbs, 'external.metrics.k8s.io', '*'),
  ],
  'job-controller': [rule('get list patch update watch', 'batch', 'jobs'), rule('update', 'batch', 'jobs/status'), rule('update', 'batch', 'jobs/finalizers'), pods('create delete list patch watch')],
  'kube-apiserver-serving-clustertrustbundle-publisher': [rule('attest', certificates, 'signers', ['kubernetes.io/kube-apiserver-serving']), rule('create delete list update watch', certificates, 'clustertrustbundles')],
  'legacy-service-account-token-cleaner': [rule('get', '', 'configmaps', ['kube-apiserver-legacy-service-account-token-tracking']), rule('delete patch', '', 'secrets')],
  'namespace-controller': [rule('delete get list watch', '', 'namespaces'), rule('update', '', 'namespaces/finalize namespaces/status'), everything('delete deletecollection get list watch')],
  'node-controller': [rule('delete get list patch update watch', '', 'nodes'), rule('patch update', '', 'nodes/status'), rule('patch update', '', 'pods/status'), pods('delete get list watch')],
  'persistent-volume-binder': [
    rule('create delete get list update watch', '', 'persistentvolumes'), rule('update', '', 'persistentvolumes/status'), rule(readUpdate, '', 'persistentvolumeclaims'), rule('update', '', 'persistentvolumeclaims/status'),
    pods('create delete get list watch'), rule(readVerbs, 'storage.k8s.io', 'storageclasses'), rule('list watch', '', 'nodes'), rule('watch', '', 'events'),
  ],
  'pod-garbage-collector': [pods('delete list watch'), rule(readVerbs, '', 'nodes'), rule('patch', '', 'pods/status')],
  'podcertificaterequestcleaner': [rule('delete get list watch', certificates, 'podcertificaterequests')],
  'pv-protection-controller': [rule(readUpdate, '', 'persistentvolumes')],
  'pvc-protection-controller': [rule(readUpdate, '', 'persistentvolumeclaims'), rule('update', '', 'persistentvolumeclaims/status'), pods('get list watch')],
  'replicaset-controller': [rule(readUpdate, old, 'replicasets'), rule('update', old, 'replicasets/status'), rule('update', old, 'replicasets/finalizers'), pods('create delete list patch watch')],
  'replication-controller': [rule(readUpdate, '', 'replicationcontrollers'), rule('update', '', 'replicationcontrollers/status'), rule('update', '', 'replicationcontrollers/finalizers'), pods('create delete list patch watch')],
  'resource-claim-controller': [
    pods('get list watch'), rule('update', '', 'pods/finalizers'), rule('create delete get list watch', resources, 'resourceclaims'), rule('patch update', resources, 'resourceclaims resourceclaims/status'), rule('patch update', '', 'pods/status'),
    rule('patch update', resources, 'resourceclaims/binding'),
  ],
  'resourcequota-controller': [everything('list watch'), rule('update', '', 'resourcequotas/status')],
  'root-ca-cert-publisher': [rule('create update', '', 'configmaps')],
  'route-controller': [rule('list watch', '', 'nodes'), rule('patch', '', 'nodes/status')],
  'selinux-warning-controller': [rule(readVerbs, '', 'persistentvolumes'), rule(readVerbs, '', 'persistentvolumeclaims'), pods('get list watch'), rule(readVerbs, 'storage.k8s.io', 'csidrivers')],
  'service-account-controller': [rule('create', '', 'serviceaccounts')],
  'service-cidrs-controller': [
    rule('get list patch update watch', 'networking.k8s.io', 'servicecidrs'), rule('patch update', 'networking.k8s.io', 'servicecidrs/finalizers'), rule('patch update', 'networking.k8s.io', 'servicecidrs/status'), rule(readVerbs, 'networking.k8s.io', 'ipaddresses'),
  ],
  'service-controller': [rule(readVerbs, '', 'services'), rule('patch update', '', 'services/status'), rule('list watch', '', 'nodes')],
  'statefulset-controller': [
    pods('list watch'), rule(readVerbs, 'apps', 'statefulsets'), rule('update', 'apps', 'statefulsets/status'), rule('update', 'apps', 'statefulsets/finalizers'), pods('create delete get patch update'), rule(readWrite, 'apps', 'controllerrevisions'),
    rule('create get list watch', '', 'persistentvolumeclaims'), rule('delete update', '', 'persistentvolumeclaims'), rule('update', '', 'pods/finalizers'),
  ],
  'storage-version-migrator-controller': [everything('create list patch watch'), rule('update', 'storagemigration.k8s.io', 'storageversionmigrations/status')],
  'ttl-after-finished-controller': [rule('delete get list watch', 'batch', 'jobs')],
  'ttl-controller': [rule('list patch update watch', '', 'nodes')],
  'validatingadmissionpolicy-status-controller': [rule(readVerbs, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'), rule('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status')],
  'volumeattributesclass-protection-controller': [rule(readVerbs, '', 'persistentvolumeclaims'), rule(readVerbs, '', 'persistentvolumes'), rule(readUpdate, 'storage.k8s.io', 'volumeattributesclasses')],
}
const quiet: ReadonlySet<string> = new Set(['clusterrole-aggregation-controller', 'namespace-controller', 'pod-garbage-collector', 'podcertificaterequestcleaner', 'legacy-service-account-token-cleaner', 'storage-version-migrator-controller'])

export const controllerRoles: readonly Draft[] = Object.entries(rules).map(([name, own]) => clusterRole(`system:controller:${name}`, quiet.has(name) ? own : [...own, eventsRule]))
export const controllerBindings: readonly Draft[] = Object.keys(rules).map((name) => clusterRoleBinding(`system:controller:${name}`, `system:controller:${name}`, [account(name)]))
