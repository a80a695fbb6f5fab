// What several parts do together for access: server, controllers and what a new cluster holds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificateSigningRequests, clusterRoles } from '../api/resources.ts'
import { kubeletRequest } from '../api/x509/testing.ts'
import { createCluster } from './index.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'

test('what is labelled for view is in view, edit and admin, and the controller may write it', () => {
  const cluster = createCluster()
  const rule = { verbs: ['get', 'list', 'watch'], apiGroups: ['example.com'], resources: ['widgets'] }
  const before = cluster.store.view.revision
  cluster.settle()
  assert.equal(cluster.store.view.revision, before, 'the rules of a new cluster are put together already')
  cluster.request('POST', `${rbac}/clusterroles`, { metadata: { name: 'widgets', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } }, rules: [rule] })
  cluster.settle()
  for (const name of ['view', 'edit', 'admin']) assert.deepEqual(cluster.store.view.get(clusterRoles, '', name)?.rules?.filter(({ apiGroups }) => apiGroups?.includes('example.com')), [rule], name)
  cluster.request('DELETE', `${rbac}/clusterroles/widgets`)
  cluster.settle()
  for (const name of ['view', 'edit', 'admin']) assert.deepEqual(cluster.store.view.get(clusterRoles, '', name)?.rules?.filter(({ apiGroups }) => apiGroups?.includes('example.com')), [], name)
  cluster.stop()
})

test('a kubelet that may is approved by itself, another waits', () => {
  for (const mayRequest of [true, false]) {
    const cluster = createCluster()
    for (const role of ['system:node-bootstrapper', ...(mayRequest ? ['system:certificates.k8s.io:certificatesigningrequests:nodeclient'] : [])]) {
      cluster.request('POST', `${rbac}/clusterrolebindings`, {
        metadata: { generateName: 'nodes-' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects: [{ kind: 'User', name: 'joiner', apiGroup: 'rbac.authorization.k8s.io' }],
      })
    }
    const spec = { request: kubeletRequest, signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['client auth', 'digital signature'] }
    assert.equal(cluster.request('POST', '/apis/certificates.k8s.io/v1/certificatesigningrequests', { metadata: { name: 'n1' }, spec }, { 'impersonate-user': 'joiner' }).status, 201)
    cluster.settle()
    const conditions = cluster.store.view.get(certificateSigningRequests, '', 'n1')?.status.conditions ?? []
    assert.deepEqual(conditions.map(({ type, reason, message }) => [type, reason, message]), mayRequest ? [['Approved', 'AutoApproved', 'Auto approving kubelet client certificate after SubjectAccessReview.']] : [])
    cluster.stop()
  }
})

test('a machine that joins by a token becomes a node of a new name only', () => {
  for (const isTaken of [false, true]) {
    const cluster = createCluster()
    for (const role of ['system:node-bootstrapper', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient']) {
      cluster.request('POST', `${rbac}/clusterrolebindings`, {
        metadata: { generateName: 'join-' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects: [{ kind: 'Group', name: 'system:bootstrappers', apiGroup: 'rbac.authorization.k8s.io' }],
      })
    }
    if (isTaken) cluster.request('POST', '/api/v1/nodes', { metadata: { name: 'n1' } })
    const spec = { request: kubeletRequest, signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['client auth', 'digital signature'] }
    const asJoiner = { 'impersonate-user': 'system:bootstrap:abcdef', 'impersonate-group': 'system:bootstrappers' }
    assert.equal(cluster.request('POST', '/apis/certificates.k8s.io/v1/certificatesigningrequests', { metadata: { name: 'r' }, spec }, asJoiner).status, 201)
    cluster.settle()
    const conditions = cluster.store.view.get(certificateSigningRequests, '', 'r')?.status.conditions ?? []
    assert.deepEqual(conditions.map(({ type, reason, message }) => [type, reason, message]), [isTaken
      ? ['Denied', 'NodeNameTaken', 'node "n1" is in the cluster already: join under another name, or delete that node first']
      : ['Approved', 'AutoApproved', 'Auto approving kubelet client certificate after SubjectAccessReview.']])
    // As admin, who may sign in as anybody: the token gives no other right.
    assert.equal(cluster.request('GET', '/api/v1/secrets', undefined, asJoiner).status, 403)
    cluster.stop()
  }
})
