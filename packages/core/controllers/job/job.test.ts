import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Job, jobs, jobTrackingFinalizer, type Pod, pods } from '../../api/index.ts'
import { isActive } from '../../rules/pods.ts'
import { anObject, aPod } from '../builders.ts'
import { stage } from '../stage.ts'
import { indexesText, readIndexes } from './index-ranges.ts'
import { jobController } from './reconcile.ts'
import { ttlAfterFinishedController } from './ttl.ts'

const aJob = (spec: object): Job => anObject(jobs, 'pi', {
  metadata: { generation: 1 },
  spec: { selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'uid-pi' } }, template: { metadata: { labels: { 'batch.kubernetes.io/controller-uid': 'uid-pi' } }, spec: { containers: [{ name: 'c' }], restartPolicy: 'Never' } }, completions: 1, parallelism: 1, backoffLimit: 6, ...spec },
})
const at = (spec: object) => {
  const on = stage([jobController, ttlAfterFinishedController], aJob(spec))
  const job = () => on.world.store.view.get(jobs, 'default', 'pi')
  const active = () => on.names(isActive)
  return {
    ...on, job, active,
    status: () => { const { conditions: _conditions, startTime: _start, completionTime: _end, uncountedTerminatedPods: _none, ...counts } = job()?.status ?? {}; return counts },
    conditions: () => (job()?.status?.conditions ?? []).map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`),
    endAll: (phase: 'Succeeded' | 'Failed', exitCode?: number) => { for (const name of active()) on.end(name, phase, exitCode) },
    edit: (change: (spec: Job['spec']) => Job['spec']) => { on.world.update(jobs, 'pi', (before) => ({ ...before, metadata: { ...before.metadata, generation: (before.metadata.generation ?? 0) + 1 }, spec: change(before.spec) })); on.settle() },
  }
}
const uncounted = (pod: Pod) => pod.metadata.finalizers?.includes(jobTrackingFinalizer) ?? false

test('a Job of one pod runs it and completes', () => {
  const on = at({})
  const [name = ''] = on.active()
  assert.match(name, /^pi-[a-z0-9]{5}$/)
  assert.deepEqual(on.status(), { active: 1, ready: 0, terminating: 0 })
  on.ready(name)
  assert.deepEqual(on.status(), { active: 1, ready: 1, terminating: 0 })
  on.end(name, 'Succeeded')
  assert.deepEqual(on.status(), { ready: 0, terminating: 0, succeeded: 1 })
  assert.deepEqual(on.conditions(), ['SuccessCriteriaMet=True CompletionsReached: Reached expected number of succeeded pods', 'Complete=True CompletionsReached: Reached expected number of succeeded pods'])
  assert.deepEqual(on.news(), [`SuccessfulCreate: Created pod: ${name}`, 'Completed: Job completed'])
  assert.deepEqual(on.names(uncounted), [])
})
test('nine completions three at a time', () => {
  const on = at({ completions: 9, parallelism: 3 })
  for (let round = 0; round < 3; round++) {
    assert.equal(on.active().length, 3)
    on.endAll('Succeeded')
  }
  assert.deepEqual(on.status(), { ready: 0, terminating: 0, succeeded: 9 })
  assert.equal(on.names().length, 9)
})
test('a failed pod is replaced after 10 s, then 20 s, and the limit ends the Job', () => {
  const on = at({ backoffLimit: 2 })
  on.endAll('Failed')
  assert.deepEqual([on.active().length, on.status()], [0, { ready: 0, terminating: 0, failed: 1 }])
  on.advance(9_999)
  assert.equal(on.active().length, 0)
  on.advance(1)
  assert.equal(on.active().length, 1)
  on.endAll('Failed')
  on.advance(19_999)
  assert.equal(on.active().length, 0)
  on.advance(1)
  on.news()
  on.endAll('Failed')
  assert.deepEqual(on.status(), { ready: 0, terminating: 0, failed: 3 })
  assert.deepEqual(on.conditions(), ['FailureTarget=True BackoffLimitExceeded: Job has reached the specified backoff limit', 'Failed=True BackoffLimitExceeded: Job has reached the specified backoff limit'])
  assert.deepEqual(on.news(), ['BackoffLimitExceeded: Job has reached the specified backoff limit'])
})
test('a failing Job stops the pods it still has, and they count as failed', () => {
  const on = at({ backoffLimit: 0, parallelism: 3, completions: 3 })
  on.end(on.active()[0] ?? '', 'Failed')
  assert.deepEqual([on.names().length, on.status()], [1, { ready: 0, terminating: 0, failed: 3 }])
  assert.equal(on.conditions()[1], 'Failed=True BackoffLimitExceeded: Job has reached the specified backoff limit')
})
test('restarts in place count towards the limit', () => {
  const on = at({ backoffLimit: 2, template: { spec: { containers: [{ name: 'c' }], restartPolicy: 'OnFailure' } } })
  const [name = ''] = on.active()
  const restart = (restartCount: number) => { on.world.update(pods, name, (pod) => ({ ...pod, status: { ...pod.status, phase: 'Running', containerStatuses: [{ name: 'c', ready: true, restartCount, image: '', imageID: '' }] } })); on.settle() }
  restart(1)
  assert.deepEqual(on.conditions(), [])
  restart(2)
  assert.equal(on.conditions()[1], 'Failed=True BackoffLimitExceeded: Job has reached the specified backoff limit')
})
test('a Job that is active for too long fails', () => {
  const on = at({ activeDeadlineSeconds: 30 })
  on.advance(29_999)
  assert.deepEqual(on.conditions(), [])
  on.advance(1)
  assert.deepEqual(on.conditions(), ['FailureTarget=True DeadlineExceeded: Job was active longer than specified deadline', 'Failed=True DeadlineExceeded: Job was active longer than specified deadline'])
  assert.deepEqual(on.names(), [])
})
test('a work queue starts no more pods once one has succeeded, and is done when all have ended', () => {
  const on = at({ completions: undefined, parallelism: 3 })
  const [first = '', second = '', third = ''] = on.active()
  on.end(first, 'Succeeded')
  assert.equal(on.active().length, 2)
  on.end(second, 'Failed')
  on.advance(60_000)
  assert.equal(on.active().length, 1)
  on.end(third, 'Succeeded')
  assert.deepEqual(on.status(), { ready: 0, terminating: 0, succeeded: 2, failed: 1 })
  assert.equal(on.conditions().length, 2)
})
test('a suspended Job has no pods, and its deadline counts from when it is resumed', () => {
  const on = at({ suspend: true, activeDeadlineSeconds: 60, parallelism: 2, completions: 2 })
  assert.deepEqual([on.names(), on.conditions(), on.job()?.status?.startTime], [[], ['Suspended=True JobSuspended: Job suspended'], undefined])
  on.advance(100_000)
  on.edit((spec) => ({ ...spec, suspend: false }))
  assert.deepEqual([on.active().length, on.conditions(), on.job()?.status?.startTime], [2, ['Suspended=False JobResumed: Job resumed'], '2026-01-01T00:01:40Z'])
  on.edit((spec) => ({ ...spec, suspend: true }))
  assert.deepEqual([on.names(), on.status()], [[], { ready: 0, terminating: 0 }])
  assert.deepEqual(on.news().map((event) => event.split(':')[0]), ['Suspended', 'SuccessfulCreate', 'SuccessfulCreate', 'Resumed', 'SuccessfulDelete', 'SuccessfulDelete', 'Suspended'])
})
test('less parallelism gives pods up without counting them as failed', () => {
  const on = at({ completions: 10, parallelism: 5 })
  on.edit((spec) => ({ ...spec, parallelism: 2 }))
  assert.deepEqual([on.active().length, on.status().failed], [2, undefined])
})
test('a deleted pod counts as failed and is replaced', () => {
  const on = at({ parallelism: 1 })
  const pod = on.pod(on.active()[0] ?? '')
  on.world.update(pods, pod.metadata.name, (before) => ({ ...before, metadata: { ...before.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 } }))
  on.settle()
  assert.equal(on.status().failed, 1)
  on.advance(10_000)
  assert.equal(on.active().length, 1)
})
test('pods of an indexed Job know their index', () => {
  const on = at({ completionMode: 'Indexed', completions: 3, parallelism: 2 })
  const [first = '', second = ''] = on.active()
  assert.match(first, /^pi-0-[a-z0-9]{5}$/)
  const pod = on.pod(second)
  assert.deepEqual(
    [pod.metadata.annotations, pod.metadata.labels?.['batch.kubernetes.io/job-completion-index'], pod.spec.hostname, pod.spec.containers[0]?.env],
    [{ 'batch.kubernetes.io/job-completion-index': '1' }, '1', 'pi-1', [{ name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" } } }]],
  )
  on.end(second, 'Succeeded')
  assert.deepEqual(on.status(), { active: 2, ready: 0, terminating: 0, succeeded: 1, completedIndexes: '1' })
  assert.match(on.active()[1] ?? '', /^pi-2-/)
  on.end(first, 'Failed')
  on.advance(10_000)
  assert.match(on.active()[0] ?? '', /^pi-0-/)
  on.endAll('Succeeded')
  assert.deepEqual(on.status(), { ready: 0, terminating: 0, succeeded: 3, failed: 1, completedIndexes: '0-2' })
})
test('with a limit per index one bad index does not stop the others', () => {
  const on = at({ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 1, backoffLimit: 2147483647 })
  const bad = () => on.active().find((name) => name.startsWith('pi-0-')) ?? ''
  on.end(bad(), 'Failed')
  on.advance(10_000)
  assert.equal(on.pod(bad()).metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'], '1')
  on.end(bad(), 'Failed')
  assert.deepEqual(on.status(), { active: 1, ready: 0, terminating: 0, failed: 2, failedIndexes: '0' })
  on.endAll('Succeeded')
  assert.deepEqual(on.status(), { ready: 0, terminating: 0, succeeded: 1, failed: 2, completedIndexes: '1', failedIndexes: '0' })
  assert.equal(on.conditions()[1], 'Failed=True FailedIndexes: Job has failed indexes')
})
const perIndex = { completionMode: 'Indexed', backoffLimit: 2147483647 }
const annotationsOf = (on: ReturnType<typeof at>, index: number) => on.pod(on.active().find((name) => name.startsWith(`pi-${index}-`)) ?? '').metadata.annotations
const counted = (failures: number, ignored = 0) => ({ 'batch.kubernetes.io/job-index-failure-count': `${failures}`, ...(ignored > 0 && { 'batch.kubernetes.io/job-index-ignored-failure-count': `${ignored}` }) })
test('a failed pod of an index is kept and not counted until another pod carries its count on', () => {
  const on = at({ ...perIndex, completions: 2, parallelism: 1, backoffLimitPerIndex: 2 })
  const [name = ''] = on.active()
  on.end(name, 'Failed')
  // The index that waits keeps its place: index 1 does not start in its stead.
  assert.deepEqual([on.status(), on.active(), uncounted(on.pod(name))], [{ ready: 0, terminating: 0, failedIndexes: '' }, [], true])
  on.world.update(pods, name, (pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }))
  on.settle()
  assert.equal(uncounted(on.pod(name)), true)
  on.advance(10_000)
  assert.deepEqual([on.status(), uncounted(on.pod(name)), annotationsOf(on, 0)], [{ active: 1, ready: 0, terminating: 0, failed: 1, failedIndexes: '' }, false, { 'batch.kubernetes.io/job-completion-index': '0', ...counted(1) }])
  on.endAll('Failed')
  on.advance(19_999)
  assert.deepEqual(on.active(), [])
  on.advance(1)
  on.endAll('Failed')
  assert.deepEqual([on.status(), annotationsOf(on, 1)], [{ active: 1, ready: 0, terminating: 0, failed: 3, failedIndexes: '0' }, { 'batch.kubernetes.io/job-completion-index': '1', ...counted(0) }])
})
test('what waits for its successor is counted when the Job ends', () => {
  const on = at({ ...perIndex, completions: 2, parallelism: 2, backoffLimitPerIndex: 1, activeDeadlineSeconds: 5 })
  on.end(on.active()[0] ?? '', 'Failed')
  on.advance(5_000)
  assert.deepEqual([on.status(), on.names(uncounted)], [{ ready: 0, terminating: 0, failed: 2, failedIndexes: '' }, []])
})
test('in a namespace that ends nobody is held for a successor', () => {
  const on = at({ ...perIndex, completions: 1, backoffLimitPerIndex: 2 })
  on.world.refuse = (action) => (action.do === 'create' ? { refused: true, code: 403, reason: 'Forbidden', message: 'no', details: { causes: [{ reason: 'NamespaceTerminating', message: 'it ends' }] } } : undefined)
  on.endAll('Failed')
  on.advance(10_100)
  assert.deepEqual([on.names(uncounted), on.status().failed], [[], 1])
})
test('a pod that is refused is not counted as active, until one is made', () => {
  const on = at({ completions: 3, parallelism: 2 })
  on.world.refuse = (action) => (action.do === 'create' ? { refused: true, code: 403, reason: 'Forbidden', message: 'exceeded quota' } : undefined)
  on.end(on.active()[0] ?? '', 'Succeeded')
  on.advance(60_000)
  assert.deepEqual(on.status(), { active: 1, ready: 0, terminating: 0, succeeded: 1 })
  on.world.refuse = () => undefined
  on.advance(600_000)
  assert.deepEqual([on.status(), on.active().length], [{ active: 2, ready: 0, terminating: 0, succeeded: 1 }, 2])
})
test('failures that the policy ignores are noted beside the others, and a lost index is over at once', () => {
  const podFailurePolicy = { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } }, { action: 'FailIndex', onExitCodes: { operator: 'In', values: [8] } }] }
  const on = at({ ...perIndex, completions: 1, backoffLimitPerIndex: 5, podFailurePolicy, podReplacementPolicy: 'Failed' })
  on.endAll('Failed', 7)
  on.advance(10_000)
  assert.deepEqual(annotationsOf(on, 0), { 'batch.kubernetes.io/job-completion-index': '0', ...counted(0, 1) })
  on.endAll('Failed', 1)
  on.advance(20_000)
  assert.deepEqual(annotationsOf(on, 0), { 'batch.kubernetes.io/job-completion-index': '0', ...counted(1, 1) })
  on.endAll('Failed', 8)
  assert.deepEqual([on.status(), on.conditions()[1]], [{ ready: 0, terminating: 0, failed: 2, failedIndexes: '0' }, 'Failed=True FailedIndexes: Job has failed indexes'])
})
test('pods of no index, or of one that another has, are given up and count for nothing', () => {
  const on = at({ completionMode: 'Indexed', completions: 3, parallelism: 2 })
  const like = (name: string, index: string | undefined, phase: string) => {
    const pod = on.pod(on.active()[0] ?? '')
    return { ...pod, metadata: { ...pod.metadata, name, uid: name, annotations: index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': index }, labels: { 'batch.kubernetes.io/controller-uid': 'uid-pi' } }, status: { phase } } as typeof pod
  }
  on.world.put(like('none', undefined, 'Running'), like('beyond', '3', 'Pending'), like('odd', 'x', 'Failed'), like('twice', '1', 'Pending'), like('past', '7', 'Succeeded'))
  on.ready(on.active().find((name) => name.startsWith('pi-1-')) ?? '')
  assert.deepEqual([on.active().map((name) => name.slice(0, 5)), on.status(), on.names(uncounted).length], [['pi-0-', 'pi-1-'], { active: 2, ready: 1, terminating: 0 }, 2])
})
test('the index of a pod that is going is not taken where only failed pods are replaced', () => {
  const on = at({ completionMode: 'Indexed', completions: 4, parallelism: 2, podReplacementPolicy: 'Failed' })
  on.world.update(pods, on.active()[0] ?? '', (pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 } }))
  on.edit((spec) => ({ ...spec, parallelism: 3 }))
  assert.deepEqual(indexesOf(on.active()), ['1', '2'])
})
test('a work queue that has a success leaves what runs, though it may run fewer', () => {
  const on = at({ completions: undefined, parallelism: 3 })
  on.end(on.active()[0] ?? '', 'Succeeded')
  on.edit((spec) => ({ ...spec, parallelism: 1 }))
  assert.equal(on.active().length, 2)
})
test('a failure policy ends the Job on one exit code and ignores another', () => {
  const policy = { rules: [
    { action: 'FailJob', onExitCodes: { containerName: 'c', operator: 'In', values: [42] } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } },
  ] }
  const on = at({ backoffLimit: 0, podFailurePolicy: policy, podReplacementPolicy: 'Failed' })
  on.endAll('Failed', 7)
  on.advance(9_999)
  assert.deepEqual([on.active().length, on.status().failed], [0, undefined])
  // What is ignored does not count towards the limit; another pod waits for the back-off all the same.
  on.advance(1)
  assert.equal(on.active().length, 1)
  const [name = ''] = on.active()
  on.end(name, 'Failed', 42)
  assert.deepEqual(on.conditions(), [
    `FailureTarget=True PodFailurePolicy: Container c for pod default/${name} failed with exit code 42 matching FailJob rule at index 0`,
    `Failed=True PodFailurePolicy: Container c for pod default/${name} failed with exit code 42 matching FailJob rule at index 0`,
  ])
})
test('a success policy ends the Job early', () => {
  const on = at({ completionMode: 'Indexed', completions: 3, parallelism: 3, successPolicy: { rules: [{ succeededIndexes: '0', succeededCount: 1 }] } })
  on.end(on.active()[0] ?? '', 'Succeeded')
  assert.deepEqual([on.active(), on.conditions()], [[], ['SuccessCriteriaMet=True SuccessPolicy: Matched rules at index 0', 'Complete=True SuccessPolicy: Matched rules at index 0']])
  assert.deepEqual(on.status(), { ready: 0, terminating: 0, succeeded: 1, completedIndexes: '0' })
})
test('counts survive the deletion of counted pods', () => {
  const on = at({ completions: 2 })
  const [name = ''] = on.active()
  on.end(name, 'Succeeded')
  on.world.remove(pods, name)
  on.settle()
  assert.equal(on.status().succeeded, 1)
  on.endAll('Succeeded')
  assert.equal(on.conditions().length, 2)
})
test('when a Job is gone its pods are let go', () => {
  const on = at({ parallelism: 2, completions: 2 })
  on.world.remove(jobs, 'pi')
  on.settle()
  assert.deepEqual(on.names(uncounted), [])
})
test('a Job that is being deleted lets all its pods go, however many', () => {
  const on = at({ parallelism: 700, completions: 700 })
  on.advance(1000)
  on.world.update(jobs, 'pi', (job) => ({ ...job, metadata: { ...job.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['foregroundDeletion'] } }))
  on.settle()
  on.advance(1000)
  assert.deepEqual([on.names().length, on.names(uncounted).length], [700, 0])
})
test('a pod that matches and has no controller is adopted and counted', () => {
  const on = stage([jobController], aJob({}), aPod('mine', { labels: { 'batch.kubernetes.io/controller-uid': 'uid-pi' } }))
  assert.deepEqual(on.names(), ['mine'])
  on.end('mine', 'Succeeded')
  assert.equal(on.world.store.view.get(jobs, 'default', 'pi')?.status?.succeeded, 1)
})
test('a finished Job goes when its time is over', () => {
  const on = at({ ttlSecondsAfterFinished: 100 })
  on.endAll('Succeeded')
  on.advance(99_999)
  assert.equal(on.job()?.metadata.deletionTimestamp, undefined)
  on.advance(1)
  assert.equal(on.job()?.metadata.deletionTimestamp, '2026-01-01T00:01:40Z')
})
test('ten thousand pods take few looks', () => {
  const on = at({ completions: 10_000, parallelism: 10_000 })
  const wait = () => { for (let round = 0; round < 100 && on.status().active !== 10_000; round++) on.advance(1000) }
  wait()
  const { store } = on.world
  store.commit([...store.view.list(pods)].map((pod) => ({ key: { resource: 'pods', namespace: 'default', name: pod.metadata.name }, expect: 'any' as const, object: { ...pod, status: { ...pod.status, phase: 'Succeeded' } } })))
  on.settle()
  for (let round = 0; round < 100 && on.conditions().length === 0; round++) on.advance(1000)
  assert.deepEqual(on.status(), { ready: 0, terminating: 0, succeeded: 10_000 })
  assert.ok(on.runner.looks < 200, `${on.runner.looks} looks`)
})
test('indexes are written as ranges and read back', () => {
  for (const [text, indexes] of [['', []], ['3', [3]], ['1,2', [1, 2]], ['0-2,5,7-9', [0, 1, 2, 5, 7, 8, 9]]] as const) {
    assert.equal(indexesText(new Set(indexes)), text)
    assert.deepEqual([...readIndexes(text, 10)], indexes)
  }
  assert.deepEqual([...readIndexes('8-12', 10)], [8, 9])
})
test('a pod that loses its labels is let go and another comes; one that nobody controls is taken in', () => {
  const on = at({ parallelism: 1 })
  const [first = ''] = on.active()
  on.world.update(pods, first, (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: {} } }))
  on.settle()
  assert.deepEqual([on.pod(first).metadata.ownerReferences, on.pod(first).metadata.finalizers, on.active().length, on.status()], [undefined, undefined, 2, { active: 1, ready: 0, terminating: 0 }])
  const [second = ''] = on.active().filter((name) => name !== first)
  const { ownerReferences } = on.pod(second).metadata
  on.world.update(pods, second, ({ metadata: { ownerReferences: _gone, ...metadata }, ...pod }) => ({ ...pod, metadata }))
  on.settle()
  assert.deepEqual([on.pod(second).metadata.ownerReferences, on.pod(second).metadata.finalizers, on.active().length], [ownerReferences, [jobTrackingFinalizer], 2])
})

const indexesOf = (names: readonly string[]): readonly string[] => names.map((name) => name.split('-')[1] ?? '').sort()
test('an elastic Job that shrinks forgets the indexes beyond its end, and one that grows does them', () => {
  const on = at({ completionMode: 'Indexed', completions: 4, parallelism: 4 })
  const last = on.active().find((name) => name.startsWith('pi-3-')) ?? ''
  on.end(last, 'Succeeded')
  assert.deepEqual([on.status(), indexesOf(on.active())], [{ active: 3, ready: 0, terminating: 0, succeeded: 1, completedIndexes: '3' }, ['0', '1', '2']])
  on.edit((spec) => ({ ...spec, completions: 2, parallelism: 2 }))
  assert.deepEqual([on.status(), indexesOf(on.active())], [{ active: 2, ready: 0, terminating: 0 }, ['0', '1']])
  on.edit((spec) => ({ ...spec, completions: 5, parallelism: 5 }))
  assert.deepEqual(indexesOf(on.active()), ['0', '1', '2', '3', '4'])
  on.endAll('Succeeded')
  assert.deepEqual([on.status()['completedIndexes'], on.conditions().length], ['0-4', 2])
})
test('a pod that goes is replaced at once, or when it has failed where only failed pods are replaced', () => {
  const going = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 }
  const after = (spec: object) => {
    const on = at(spec)
    const [name = ''] = on.active()
    on.world.update(pods, name, (pod) => ({ ...pod, metadata: { ...pod.metadata, ...going } }))
    on.advance(10_000)
    const before = [on.active().length, on.status()]
    on.end(name, 'Failed')
    on.advance(10_000)
    return [before, [on.active().length, on.status()]]
  }
  assert.deepEqual(after({})[0], [1, { active: 1, ready: 0, terminating: 1, failed: 1 }])
  assert.deepEqual(after({ podReplacementPolicy: 'Failed' }), [[0, { ready: 0, terminating: 1 }], [1, { active: 1, ready: 0, terminating: 0, failed: 1 }]])
})
test('a Job that another manages is left alone', () => {
  const on = at({ managedBy: 'example.com/other' })
  assert.deepEqual([on.active(), on.status(), on.world.log], [[], {}, []])
})
