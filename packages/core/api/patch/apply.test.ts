import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft } from '../resource.ts'
import { isRefusal, type Refusal } from '../refusal.ts'
import { loadDefinitions } from '../schema/definitions.ts'
import { applyPatch, trackUpdate } from './apply.ts'

const definitions = loadDefinitions()
const found = definitions.forKind('apps', 'v1', 'Deployment')
assert.ok(found)
const definition = found
const noon = Date.UTC(2026, 0, 1, 12)
const time = '2026-01-01T12:00:00Z'
const later = '2026-01-01T12:01:00Z'

const aDeployment = (spec: object, metadata: object = {}): Draft => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', ...metadata }, spec } as Draft)
const apply = (live: Draft | undefined, config: Draft, manager = 'ci', more: { readonly force?: boolean; readonly now?: number } = {}): Draft | Refusal =>
  applyPatch({ live, config, manager, force: more.force ?? false, definition, definitions, now: more.now ?? noon, ignores: ['status'] })
const update = (before: Draft | undefined, after: Draft, manager: string, more: { readonly now?: number; readonly subresource?: string; readonly ignores?: readonly string[] } = {}): Draft =>
  trackUpdate({ before, after, manager, definition, definitions, now: more.now ?? noon, ignores: more.ignores ?? ['status'], ...(more.subresource === undefined ? {} : { subresource: more.subresource }) })
const done = (outcome: Draft | Refusal): Draft => { assert.ok(!isRefusal(outcome), JSON.stringify(outcome)); return outcome }
const ownership = (object: Draft): unknown => Object.fromEntries((object.metadata.managedFields ?? []).map((entry) => [`${entry.operation} ${entry.manager}${entry.subresource ? ` ${entry.subresource}` : ''} ${entry.time}`, entry.fieldsV1]))
const managersOf = (object: Draft): unknown => object.metadata.managedFields
const container = (more: object): object => ({ template: { spec: { containers: [{ name: 'a', ...more }] } } })

test('the first apply creates the object and owns what it says', () => {
  const made = done(apply(undefined, aDeployment({ replicas: 2, ...container({ image: 'a:1', ports: [{ containerPort: 80 }] }) }, { labels: { app: 'web' } })))
  assert.deepEqual(managersOf(made), [{
    apiVersion: 'apps/v1', fieldsType: 'FieldsV1', manager: 'ci', operation: 'Apply', time,
    fieldsV1: {
      'f:metadata': { 'f:labels': { 'f:app': {} } },
      'f:spec': {
        'f:replicas': {},
        'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } } } } } },
      },
    },
  }])
})

test('a create by another client owns all it sets, with the maps and lists on the way', () => {
  const made = update(undefined, aDeployment({
    replicas: 1, selector: { matchLabels: { app: 'web' } }, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'a:1', resources: {}, ports: [{ containerPort: 80, protocol: 'TCP' }] }] } },
  }, { annotations: { note: 'x' }, uid: 'u', creationTimestamp: time, generation: 1 }), 'kubectl-create')
  assert.deepEqual(ownership(made), { [`Update kubectl-create ${time}`]: {
    'f:metadata': { 'f:annotations': { '.': {}, 'f:note': {} } },
    'f:spec': {
      'f:replicas': {}, 'f:selector': {}, 'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} },
      'f:template': {
        'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        'f:spec': { 'f:containers': { 'k:{"name":"a"}': {
          '.': {}, 'f:image': {}, 'f:name': {}, 'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} } }, 'f:resources': {},
        } } },
      },
    },
  } })
})

test('what an applier no longer says goes, unless another owns it; who changed nothing has no time', () => {
  const first = done(apply(undefined, aDeployment({ replicas: 2, paused: true, ...container({ image: 'a:1', env: [{ name: 'X', value: '1' }, { name: 'Y', value: '2' }] }) })))
  const shared = done(apply(first, aDeployment({ paused: true }), 'ops'))
  const second = done(apply(shared, aDeployment(container({ image: 'a:1', env: [{ name: 'Y', value: '2' }] })), 'ci', { now: noon + 60_000 }))
  assert.deepEqual(second['spec'], { paused: true, template: { spec: { containers: [{ name: 'a', image: 'a:1', env: [{ name: 'Y', value: '2' }] }] } } })
  assert.deepEqual(Object.keys(ownership(second) as object), ['Apply ops undefined', `Apply ci ${later}`])
})

test('applying the same again changes nothing, not even the time', () => {
  const config = aDeployment({ replicas: 2, ...container({ image: 'a:1' }) })
  const first = done(apply(undefined, config))
  assert.equal(apply(first, config, 'ci', { now: noon + 60_000 }), first)
})

test('a change of what another owns is a conflict, told field by field', () => {
  const live = update(undefined, aDeployment({ replicas: 1, ...container({ image: 'a:1' }) }), 'kubectl-create')
  const scaled = update(live, { ...live, spec: { ...(live['spec'] as object), replicas: 5 } }, 'hpa', { subresource: 'scale' })
  const refused = apply(scaled, aDeployment({ replicas: 2, ...container({ image: 'a:2' }) }))
  assert.deepEqual(refused, {
    refused: true, code: 409, reason: 'Conflict',
    message: 'Apply failed with 2 conflicts: conflicts with "hpa" with subresource "scale" using apps/v1:\n- .spec.replicas\nconflicts with "kubectl-create" using apps/v1:\n- .spec.template.spec.containers[name="a"].image',
    details: { causes: [
      { reason: 'FieldManagerConflict', message: 'conflict with "hpa" with subresource "scale" using apps/v1', field: '.spec.replicas' },
      { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-create" using apps/v1', field: '.spec.template.spec.containers[name="a"].image' },
    ] },
  })
  const one = apply(scaled, aDeployment({ replicas: 2 }))
  assert.equal(isRefusal(one) && one.message, 'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas')
})

test('force takes the fields over; agreeing shares them', () => {
  const live = update(undefined, aDeployment({ replicas: 1, paused: true }), 'kubectl-create')
  const forced = done(apply(live, aDeployment({ replicas: 2, paused: true }), 'ci', { force: true }))
  assert.deepEqual(forced['spec'], { replicas: 2, paused: true })
  assert.deepEqual(ownership(forced), { [`Apply ci ${time}`]: { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } }, [`Update kubectl-create ${time}`]: { 'f:spec': { 'f:paused': {} } } })
})

test('kubectl takes over what it applied from the client before', () => {
  const config = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 1 } }
  const live = update(undefined, aDeployment({ replicas: 1 }, { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(config) } }), 'kubectl-client-side-apply')
  assert.deepEqual(done(apply(live, aDeployment({ replicas: 3 }), 'kubectl'))['spec'], { replicas: 3 })
  assert.ok(isRefusal(apply(live, aDeployment({ replicas: 3 }), 'ci')))
})

test('an object without managers belongs to those before the first apply', () => {
  const refused = apply(aDeployment({ replicas: 1 }), aDeployment({ replicas: 2 }))
  assert.equal(isRefusal(refused) && refused.message, 'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas')
})

test('an update takes what it changes from its owners, and what is gone is nobody\'s', () => {
  const live = done(apply(undefined, aDeployment({ replicas: 2, paused: true }, { labels: { a: '1', b: '2' } })))
  const after = update(live, aDeployment({ replicas: 3, paused: true }, { labels: { a: '1', c: '3' } }), 'kubectl-edit', { now: noon + 60_000 })
  assert.deepEqual(ownership(after), {
    [`Apply ci ${time}`]: { 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:spec': { 'f:paused': {} } },
    [`Update kubectl-edit ${later}`]: { 'f:metadata': { 'f:labels': { 'f:c': {} } }, 'f:spec': { 'f:replicas': {} } },
  })
})

test('an update that changes nothing keeps the entries, also when the request left them out', () => {
  const live = update(undefined, aDeployment({ replicas: 2 }), 'a')
  const { managedFields, ...metadata } = live.metadata
  assert.deepEqual(update(live, { ...live, metadata }, 'b', { now: noon + 60_000 }).metadata.managedFields, managedFields)
})

test('[{}] forgets all entries', () => {
  const live = update(undefined, aDeployment({ replicas: 2 }), 'a')
  assert.deepEqual(managersOf(update(live, { ...live, metadata: { ...live.metadata, managedFields: [{}] } }, 'b')), undefined)
})

test('a status is owned through its subresource', () => {
  const live = update(undefined, aDeployment({ replicas: 2 }), 'a')
  const after = update(live, { ...live, status: { replicas: 1, conditions: [{ type: 'Available', status: 'True' }] } }, 'deployment-controller', { subresource: 'status', ignores: ['spec'] })
  assert.deepEqual((ownership(after) as Record<string, unknown>)[`Update deployment-controller status ${time}`], { 'f:status': { 'f:conditions': { '.': {}, 'k:{"type":"Available"}': { '.': {}, 'f:status': {}, 'f:type': {} } }, 'f:replicas': {} } })
})

test('items of the live list keep their place among the applied ones', () => {
  const live = update(undefined, aDeployment(container({ env: [{ name: 'A' }, { name: 'SERVER' }, { name: 'B' }] })), 'a')
  const made = done(apply(live, aDeployment(container({ env: [{ name: 'B' }, { name: 'C' }, { name: 'A' }] }))))
  assert.deepEqual(made['spec'], container({ env: [{ name: 'B' }, { name: 'C' }, { name: 'A' }, { name: 'SERVER' }] }))
})

test('an applied configuration must not speak of managedFields', () => {
  const refused = apply(undefined, aDeployment({}, { managedFields: [] }))
  assert.equal(isRefusal(refused) && refused.message, 'metadata.managedFields must be nil')
})

test('at most ten updaters are kept apart', () => {
  let live = aDeployment({ replicas: 0 })
  for (let index = 0; index < 14; index++) live = update(live, { ...live, metadata: { ...live.metadata, labels: { ...live.metadata.labels, [`l${index}`]: 'x' } } }, `m${index}`, { now: noon + index * 1000 })
  assert.deepEqual((live.metadata.managedFields ?? []).map((entry) => entry.manager), ['ancient-changes', ...Array.from({ length: 9 }, (_, index) => `m${index + 5}`)])
})

test('a configuration that names one item twice, or none, has no paths', () => {
  const messageOf = (containers: readonly object[]): unknown => { const refused = apply(undefined, aDeployment({ template: { spec: { containers } } }, { namespace: 'default' })); return isRefusal(refused) && refused.message }
  assert.equal(messageOf([{ name: 'a' }, { name: 'a' }]), 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="a"]')
  assert.equal(messageOf([{ image: 'a' }]), 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)')
  assert.equal(messageOf([{ name: 'a', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }, { containerPort: 80, protocol: 'TCP' }] }]), 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="a"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]')
})

test('a zero that is applied takes back what another set, and is owned', () => {
  const live = update(undefined, aDeployment({ replicas: 1, paused: true }), 'kubectl-rollout')
  assert.ok(isRefusal(apply(live, aDeployment({ paused: false }))))
  const made = done(apply(live, aDeployment({ paused: false }), 'ci', { force: true }))
  assert.deepEqual([made['spec'], (ownership(made) as Record<string, unknown>)[`Apply ci ${time}`]], [{ replicas: 1 }, { 'f:spec': { 'f:paused': {} } }])
  assert.equal(apply(made, aDeployment({ paused: false })), made)
})
