import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments, jobs, type Pod, podDisruptionBudgets, replicaSets } from '../../api/resources.ts'
import type { Resource, ResourceType } from '../../api/resource.ts'
import { timestamp } from '../../rules/time.ts'
import { viewOf } from '../../rules/view-of.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { disruptionController } from './reconcile.ts'

const labels = { app: 'web' }
const budget = (spec: object, status?: object) => anObject(podDisruptionBudgets, 'b', { metadata: { generation: 1 } as never, spec: { selector: { matchLabels: labels }, ...spec }, ...(status && { status }) })
const owned = (type: ResourceType<Resource>, name: string) => ({ ownerReferences: [{ apiVersion: type.group === '' ? 'v1' : `${type.group}/v1`, kind: type.kind, name, uid: `uid-${name}`, controller: true }] })
const webPod = (name: string, sketch: object = {}, by = owned(replicaSets, 'rs')) => aPod(name, { labels, metadata: by as never, ready: dawn, ...sketch })
const web = [anObject(deployments, 'd', { spec: { replicas: 4 } }), anObject(replicaSets, 'rs', { metadata: owned(deployments, 'd') as never, spec: { replicas: 3 } })]
const look = (objects: readonly Resource[], now = dawn) => disruptionController.reconcile('default/b', { view: viewOf(objects), now, memory: undefined, last: undefined, observed: new Map() })
const statusOf = (plan: ReturnType<typeof look>) => {
  const [action] = plan.actions
  return action?.do === 'replace' ? (action.object as unknown as { readonly status: Readonly<Record<string, unknown>> }).status : undefined
}
const numbers = (status: Readonly<Record<string, unknown>> | undefined): readonly unknown[] => ['expectedPods', 'desiredHealthy', 'currentHealthy', 'disruptionsAllowed'].map((name) => status?.[name])

for (const [rule, spec, objects, expected] of [
  ['a number of pods is wanted of those there are', { minAvailable: 2 }, [webPod('a'), webPod('b'), webPod('c')], [3, 2, 3, 1]],
  ['a share is of what their controllers want', { minAvailable: '50%' }, [...web, webPod('a'), webPod('b'), webPod('c')], [4, 2, 3, 1]],
  ['what may be missing rounds up', { maxUnavailable: '30%' }, [...web, webPod('a'), webPod('b'), webPod('c')], [4, 2, 3, 1]],
  ['unready and leaving pods are not healthy', { maxUnavailable: 1 }, [...web, webPod('a'), webPod('b', { ready: undefined }), webPod('c', { metadata: { ...owned(replicaSets, 'rs'), deletionTimestamp: timestamp(dawn) } })], [4, 3, 1, 0]],
  ['without pods nothing is allowed', { minAvailable: 0 }, [], [0, 0, 0, 0]],
  ['an empty selector keeps all pods of the namespace', { minAvailable: 1, selector: {} }, [webPod('a'), aPod('other', { ready: dawn })], [2, 1, 2, 1]],
] as const) {
  test(rule, () => { assert.deepEqual(numbers(statusOf(look([budget(spec), ...objects]))), expected) })
}

test('the condition says whether a disruption is allowed', () => {
  const status = statusOf(look([budget({ minAvailable: 1 }), webPod('a')]))
  assert.deepEqual(status?.['conditions'], [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '', lastTransitionTime: timestamp(dawn), observedGeneration: 1 }])
  assert.equal(status?.['observedGeneration'], 1)
})

test('a budget whose status is right is left alone', () => {
  const objects = [webPod('a'), webPod('b')]
  const status = statusOf(look([budget({ minAvailable: 1 }), ...objects])) ?? {}
  assert.deepEqual(look([budget({ minAvailable: 1 }, status), ...objects]).actions, [])
})

test('an evicted pod counts as gone until it is deleted, or two minutes have passed', () => {
  const told = budget({ minAvailable: 1 }, { disruptedPods: { a: timestamp(dawn), gone: timestamp(dawn) } })
  const plan = look([told, webPod('a'), webPod('b')], dawn + 1000)
  assert.deepEqual([numbers(statusOf(plan)), statusOf(plan)?.['disruptedPods'], plan.again], [[2, 1, 1, 0], { a: timestamp(dawn) }, dawn + 120_000])
  const late = look([told, webPod('a'), webPod('b')], dawn + 121_000)
  assert.deepEqual([numbers(statusOf(late)), late.actions.flatMap((action) => (action.do === 'record' ? [`${action.about.metadata.name}: ${action.reason}: ${action.message}`] : []))], [[2, 1, 2, 1], ["a: NotDeleted: Pod was expected by PDB default/b to be deleted but it wasn't"]])
})

test('that a pod is to go is withdrawn when it has stayed for two minutes, unless its kubelet said so or it has ended', () => {
  const target = (reason: string) => ({ type: 'DisruptionTarget', status: 'True', reason, message: 'm', lastTransitionTime: timestamp(dawn) })
  const said = (reason: string, more: object = {}): Pod => { const pod = aPod('p'); return { ...pod, status: { ...pod.status, phase: 'Running', conditions: [target(reason)], ...more } } }
  const at = (pod: Pod, now: number) => disruptionController.reconcile('pod:default/p', { view: viewOf([pod]), now, memory: undefined, last: undefined, observed: new Map() })
  assert.deepEqual(at(said('PreemptionByScheduler'), dawn + 1000), { actions: [], again: dawn + 120_000 })
  const [action] = at(said('PreemptionByScheduler'), dawn + 120_000).actions
  assert.deepEqual(action?.do === 'patch' ? action.patch : undefined, { metadata: { resourceVersion: '1' }, status: { conditions: [{ type: 'DisruptionTarget', status: 'False', lastTransitionTime: timestamp(dawn + 120_000) }] } })
  for (const pod of [said('TerminationByKubelet'), said('PreemptionByScheduler', { phase: 'Failed' })]) assert.deepEqual(at(pod, dawn + 500_000).actions, [])
})

test('a share of what has no scale cannot be told: nothing is allowed', () => {
  const plan = look([budget({ maxUnavailable: 1 }), anObject(jobs, 'j', { spec: {} }), webPod('a', {}, owned(jobs, 'j'))])
  const status = statusOf(plan)
  assert.deepEqual([status?.['disruptionsAllowed'], (status?.['conditions'] as readonly { readonly reason: string; readonly message: string }[])[0]?.message], [0, 'jobs.batch does not implement the scale subresource'])
  assert.deepEqual(plan.actions.map((action) => (action.do === 'record' ? action.reason : action.do)), ['replace', 'CalculateExpectedPodCountFailed'])
})
