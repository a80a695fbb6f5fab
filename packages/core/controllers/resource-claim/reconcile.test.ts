import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pods, resourceClaims, resourceClaimTemplates } from '../../api/index.ts'
import { anObject, aPod } from '../builders.ts'
import { stage } from '../stage.ts'
import { resourceClaimController } from './reconcile.ts'

const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } }
const template = anObject(resourceClaimTemplates, 'one-gpu', { spec: { metadata: { labels: { a: 'b' } }, spec } })
const pod = aPod('p', { node: 'n', spec: { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'one-gpu' }] } })
const claimsOn = (on: ReturnType<typeof stage>) => [...on.world.store.view.list(resourceClaims)]

test('a pod gets the claim that its template describes, and is told its name', () => {
  const on = stage([resourceClaimController], template, pod)
  const [claim] = claimsOn(on)
  assert.match(claim?.metadata.name ?? '', /^p-gpu-[a-z0-9]{5}$/)
  assert.deepEqual([claim?.spec, claim?.metadata.labels, claim?.metadata.annotations, claim?.metadata.ownerReferences], [
    spec, { a: 'b' }, { 'resource.kubernetes.io/pod-claim-name': 'gpu' }, [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true, blockOwnerDeletion: true }],
  ])
  assert.deepEqual(on.pod('p').status.resourceClaimStatuses, [{ name: 'gpu', resourceClaimName: claim?.metadata.name }])
})
test('a template that is not there yet is told about, and its claim is made when it comes', () => {
  const on = stage([resourceClaimController], pod)
  assert.deepEqual(on.news(), ['FailedResourceClaimCreation: PodResourceClaim gpu: resource claim template "one-gpu": resourceclaimtemplate.resource.k8s.io "one-gpu" not found'])
  on.world.put(template)
  on.settle()
  assert.equal(claimsOn(on).length, 1)
})
test('a claim that somebody deletes before it is used is made again', () => {
  const on = stage([resourceClaimController], template, pod)
  const before = claimsOn(on)[0]?.metadata
  on.world.remove(resourceClaims, before?.name ?? '')
  on.settle()
  const [claim] = claimsOn(on)
  assert.notEqual(claim?.metadata.uid, before?.uid)
  assert.deepEqual(on.pod('p').status.resourceClaimStatuses, [{ name: 'gpu', resourceClaimName: claim?.metadata.name }])
})
test('when its pod is over a claim is given back and goes', () => {
  const on = stage([resourceClaimController], template, pod)
  const name = claimsOn(on)[0]?.metadata.name ?? ''
  on.world.update(resourceClaims, name, (claim) => ({ ...claim, metadata: { ...claim.metadata, finalizers: ['resource.kubernetes.io/delete-protection'] }, status: { allocation: {}, reservedFor: [{ resource: 'pods', name: 'p', uid: 'uid-p' }] } }))
  on.settle()
  assert.deepEqual(claimsOn(on)[0]?.status, { allocation: {}, reservedFor: [{ resource: 'pods', name: 'p', uid: 'uid-p' }] })
  on.end('p', 'Succeeded')
  assert.deepEqual(claimsOn(on), [])
})
test('a claim of many users keeps those that still run, and is not deleted', () => {
  const shared = anObject(resourceClaims, 'shared', { spec, metadata: { finalizers: ['resource.kubernetes.io/delete-protection'] }, status: { allocation: {}, reservedFor: [{ resource: 'pods', name: 'a', uid: 'uid-a' }, { resource: 'pods', name: 'b', uid: 'uid-b' }] } })
  const user = (name: string) => aPod(name, { node: 'n', phase: 'Running', spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'shared' }] } })
  const on = stage([resourceClaimController], user('a'), user('b'), shared)
  on.world.remove(pods, 'a')
  on.settle()
  assert.deepEqual(claimsOn(on)[0]?.status?.reservedFor?.map(({ name }) => name), ['b'])
  on.world.remove(pods, 'b')
  on.settle()
  assert.deepEqual([claimsOn(on)[0]?.status, claimsOn(on)[0]?.metadata.finalizers], [{}, undefined])
})
test('a pod that was put on a node by hand has its allocated claims reserved', () => {
  const allocated = anObject(resourceClaims, 'shared', { spec, status: { allocation: {} } })
  const user = (name: string, claim: object) => aPod(name, { node: 'n', spec: { resourceClaims: [{ name: 'gpu', ...claim }] } })
  const on = stage([resourceClaimController], allocated, anObject(resourceClaims, 'free', { spec, status: {} }), user('a', { resourceClaimName: 'shared' }), user('b', { resourceClaimName: 'free' }), aPod('c', { spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'shared' }] } }))
  assert.deepEqual(claimsOn(on).map(({ status }) => status?.reservedFor?.map(({ name }) => name)), [undefined, ['a']])
})
test('a finalizer that somebody else adds meanwhile stays', () => {
  const claim = anObject(resourceClaims, 'c', { spec, metadata: { finalizers: ['resource.kubernetes.io/delete-protection'] }, status: { allocation: {}, reservedFor: [{ resource: 'pods', name: 'gone', uid: 'gone' }] } })
  const on = stage([resourceClaimController])
  on.world.put(claim)
  // Between what is decided and what is done.
  on.runner.step()
  on.world.update(resourceClaims, 'c', (before) => ({ ...before, metadata: { ...before.metadata, finalizers: [...(before.metadata.finalizers ?? []), 'example.com/mine'] } }))
  on.settle()
  assert.deepEqual([claimsOn(on)[0]?.metadata.finalizers, claimsOn(on)[0]?.status], [['example.com/mine'], {}])
})
test('a claim that another pod got before its finalizer went keeps it', () => {
  const claim = anObject(resourceClaims, 'c', { spec, metadata: { finalizers: ['resource.kubernetes.io/delete-protection'] }, status: { allocation: {}, reservedFor: [{ resource: 'pods', name: 'gone', uid: 'gone' }] } })
  const on = stage([resourceClaimController], aPod('p', { node: 'n', phase: 'Running', spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'c' }] } }))
  on.world.put(claim)
  on.runner.step()
  on.world.update(resourceClaims, 'c', (before) => ({ ...before, status: { allocation: { devices: {} }, reservedFor: [{ resource: 'pods', name: 'p', uid: 'uid-p' }] } }))
  on.settle()
  assert.deepEqual([claimsOn(on)[0]?.metadata.finalizers, claimsOn(on)[0]?.status?.reservedFor?.length], [['resource.kubernetes.io/delete-protection'], 1])
})
test('what a late scheduler gives to a claim that goes already is taken again', () => {
  const protectedBy = ['resource.kubernetes.io/delete-protection']
  const on = stage([resourceClaimController], anObject(resourceClaims, 'c', { spec, metadata: { finalizers: [...protectedBy, 'example.com/hold'], deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { allocation: {} } }))
  assert.deepEqual([claimsOn(on)[0]?.status, claimsOn(on)[0]?.metadata.finalizers], [{}, ['example.com/hold']])
  on.world.put(anObject(resourceClaims, 'd', { spec, metadata: { finalizers: protectedBy, deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { allocation: {} } }))
  // The devices are given back, and before the finalizer goes they are given again.
  on.runner.step()
  on.world.update(resourceClaims, 'd', (claim) => ({ ...claim, status: { allocation: { devices: {} } } }))
  on.settle()
  const left = on.world.store.view.get(resourceClaims, 'default', 'd')
  assert.deepEqual([left?.status, left?.metadata.finalizers], [{}, undefined])
})
