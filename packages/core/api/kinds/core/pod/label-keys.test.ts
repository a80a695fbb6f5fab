import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../resources.ts'
import { prepared } from '../../testing.ts'

test('label keys become part of the selectors beside them, as far as the pod has such labels', () => {
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } }, matchLabelKeys: ['version', 'none'], mismatchLabelKeys: ['tenant'] }
  const resolved = { ...term, labelSelector: { matchLabels: { app: 'a' }, matchExpressions: [{ key: 'version', operator: 'In', values: ['1'] }, { key: 'tenant', operator: 'NotIn', values: ['x'] }] } }
  const constraint = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'a' } }, matchLabelKeys: ['version', 'none'] }
  const pod = prepared('pods', {
    metadata: { labels: { app: 'a', version: '1', tenant: 'x' } },
    spec: {
      containers: [{ name: 'c', image: 'i' }], topologySpreadConstraints: [constraint, { ...constraint, topologyKey: 'host', matchLabelKeys: ['none'] }],
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] }, podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] } },
    },
  })
  const { affinity, topologySpreadConstraints } = (pod as Pod).spec
  assert.deepEqual(affinity, { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [resolved] }, podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: resolved }] } })
  assert.deepEqual(topologySpreadConstraints, [
    { ...constraint, labelSelector: { matchLabels: { app: 'a' }, matchExpressions: [{ key: 'version', operator: 'In', values: ['1'] }] } },
    { ...constraint, topologyKey: 'host', matchLabelKeys: ['none'] },
  ])
})
