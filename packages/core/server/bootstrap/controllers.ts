// One role and one binding for each controller we run, as upstream names them.
import type { PolicyRule } from '../../api/generated/types.ts'
import type { Draft } from '../../api/resource.ts'
import { account, clusterRole, clusterRoleBinding, eventsRules, readVerbs, rule } from './rules.ts'

const podWriter = 'create delete list patch watch'
const podsRule = (verbs: string): PolicyRule => rule(verbs, '', 'pods')

const rules: Readonly<Record<string, readonly PolicyRule[]>> = {
  'cronjob-controller': [rule('get list update watch', 'batch', 'cronjobs'), rule('create delete get list patch update watch', 'batch', 'jobs'), rule('update', 'batch', 'cronjobs/finalizers cronjobs/status'), podsRule('delete list')],
  'daemon-set-controller': [
    rule(readVerbs, 'apps', 'daemonsets'), rule('update', 'apps', 'daemonsets/finalizers daemonsets/status'), rule('list watch', '', 'nodes'), podsRule(podWriter), rule('create', '', 'pods/binding'),
    rule('create delete get list patch update watch', 'apps', 'controllerrevisions'),
  ],
  'deployment-controller': [
    rule('get list update watch', 'apps', 'deployments'), rule('update', 'apps', 'deployments/finalizers deployments/status'), rule('create delete get list patch update watch', 'apps', 'replicasets'), podsRule('get list update watch'),
  ],
  'endpoint-controller': [rule('list watch', '', 'pods services'), rule('create delete get list update', '', 'endpoints'), rule('create', '', 'endpoints/restricted')],
  'endpointslice-controller': [rule('list watch', '', 'nodes pods services'), rule('update', '', 'services/finalizers'), rule('create delete get list update', 'discovery.k8s.io', 'endpointslices'), rule('create', 'discovery.k8s.io', 'endpointslices/restricted')],
  'expand-controller': [rule('get list update watch', '', 'persistentvolumeclaims persistentvolumes'), rule('patch update', '', 'persistentvolumeclaims/status'), rule(readVerbs, 'storage.k8s.io', 'storageclasses')],
  'generic-garbage-collector': [{ apiGroups: ['*'], resources: ['*'], verbs: ['delete', 'get', 'list', 'patch', 'update', 'watch'] }],
  'job-controller': [rule('get list patch update watch', 'batch', 'jobs'), rule('update', 'batch', 'jobs/finalizers jobs/status'), podsRule(podWriter)],
  'namespace-controller': [rule('delete get list watch', '', 'namespaces'), rule('update', '', 'namespaces/finalize namespaces/status'), { apiGroups: ['*'], resources: ['*'], verbs: ['delete', 'deletecollection', 'get', 'list'] }],
  'node-controller': [rule('delete get list patch update', '', 'nodes'), rule('patch update', '', 'nodes/status'), rule('patch update', '', 'pods/status'), podsRule('delete get list')],
  'persistent-volume-binder': [
    rule('create delete get list update watch', '', 'persistentvolumes'), rule('update', '', 'persistentvolumes/status'), rule('get list update watch', '', 'persistentvolumeclaims'), rule('update', '', 'persistentvolumeclaims/status'),
    podsRule('create delete get list watch'), rule(readVerbs, 'storage.k8s.io', 'storageclasses'), rule(readVerbs, '', 'nodes'), rule('get list', '', 'secrets'),
  ],
  'pod-garbage-collector': [podsRule('delete list watch'), rule('get list', '', 'nodes'), rule('patch', '', 'pods/status')],
  'pv-protection-controller': [rule('get list update watch', '', 'persistentvolumes')],
  'pvc-protection-controller': [rule('get list update watch', '', 'persistentvolumeclaims'), podsRule('get list watch')],
  'replicaset-controller': [rule('get list update watch', 'apps', 'replicasets'), rule('update', 'apps', 'replicasets/finalizers replicasets/status'), podsRule(podWriter)],
  'root-ca-cert-publisher': [rule('create update', '', 'configmaps')],
  'service-cidrs-controller': [rule('get list patch update watch', 'networking.k8s.io', 'servicecidrs'), rule('patch update', 'networking.k8s.io', 'servicecidrs/finalizers servicecidrs/status'), rule('get list watch', 'networking.k8s.io', 'ipaddresses')],
  'service-account-controller': [rule('create', '', 'serviceaccounts')],
  'statefulset-controller': [
    podsRule('list watch'), rule(readVerbs, 'apps', 'statefulsets'), rule('update', 'apps', 'statefulsets/finalizers statefulsets/status'), podsRule('create delete get patch update'),
    rule('create delete get list patch update watch', 'apps', 'controllerrevisions'), rule('create get', '', 'persistentvolumeclaims'), rule('delete list update watch', '', 'persistentvolumeclaims'),
  ],
  'ttl-after-finished-controller': [rule('delete get list watch', 'batch', 'jobs')],
}

export const controllerRoles: readonly Draft[] = Object.entries(rules).map(([name, own]) =>
  clusterRole(`system:controller:${name}`, [...own, ...(name === 'generic-garbage-collector' ? eventsRules.slice(0, 1) : eventsRules)]))
export const controllerBindings: readonly Draft[] = Object.keys(rules).map((name) => clusterRoleBinding(`system:controller:${name}`, `system:controller:${name}`, [account(name)]))
