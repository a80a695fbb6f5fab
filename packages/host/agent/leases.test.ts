import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Action, type Draft, leases, type Submit } from '@kubeskiff/core/api'
import { createStore } from '@kubeskiff/core/store'
import { showingLeases } from './leases.ts'

const actor = { user: 'system:node:n1', groups: ['system:nodes'], component: 'kubelet' }
const draft: Draft = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n1', namespace: 'kube-node-lease' } }
const lease = (revision: string, renewTime: string) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n1', namespace: 'kube-node-lease', uid: 'u', resourceVersion: revision, creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { renewTime } })
const create: Action = { do: 'create', object: draft }
const key = { resource: leases.resource, namespace: 'kube-node-lease', name: 'n1' }
const renew: Action = { do: 'patch', key, uid: 'u', part: 'main', patch: { spec: { renewTime: 'later' } } }
const nobody = { request: () => Promise.reject(new Error('nobody should ask')) }

test('what a write of a lease answers is shown', () => {
  const store = createStore()
  const submit: Submit = (action, _actor, done) => { done({ revision: action.do === 'create' ? 5 : 6, object: lease(action.do === 'create' ? '5' : '6', action.do) }) }
  const showing = showingLeases(submit, store, () => nobody)
  showing(create, actor, () => {})
  const created = store.view.get(leases, key.namespace, key.name)
  showing(renew, actor, () => {})
  assert.deepEqual([created?.spec?.renewTime, store.view.get(leases, key.namespace, key.name)?.spec?.renewTime], ['create', 'patch'])
})

test('when an earlier agent made the lease, it is asked for before the refusal is told', async () => {
  const store = createStore()
  const submit: Submit = (_action, _actor, done) => { done({ refused: true, code: 409, reason: 'AlreadyExists', message: 'there is one' }) }
  const asked: string[] = []
  const api = { request: (method: string, path: string) => { asked.push(`${method} ${path}`); return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(lease('9', 'before')) }) } }
  await new Promise<void>((resolve) => { showingLeases(submit, store, () => api)(create, actor, () => { resolve() }) })
  assert.deepEqual(asked, ['GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1'])
  assert.equal(store.view.get(leases, key.namespace, key.name)?.spec?.renewTime, 'before')
})
