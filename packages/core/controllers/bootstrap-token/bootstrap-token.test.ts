import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secrets } from '../../api/resources.ts'
import { timestamp } from '../../rules/time.ts'
import { anObject, dawn, testWorld } from '../builders.ts'
import { bootstrapTokenCleaner } from './reconcile.ts'

test('a token goes when it has expired, and nothing else does', () => {
  const hour = 3_600_000
  const rows: readonly (readonly [what: string, type: string, expiration: string | undefined, outcome: 'deleted' | number | undefined])[] = [
    ['one that has expired', 'bootstrap.kubernetes.io/token', timestamp(dawn - 1000), 'deleted'],
    ['one that expires now', 'bootstrap.kubernetes.io/token', timestamp(dawn), 'deleted'],
    ['one that is good for an hour', 'bootstrap.kubernetes.io/token', timestamp(dawn + hour), dawn + hour],
    ['one without an end', 'bootstrap.kubernetes.io/token', undefined, undefined],
    ['one whose end cannot be read', 'bootstrap.kubernetes.io/token', 'tomorrow', undefined],
    ['another Secret', 'Opaque', timestamp(dawn - 1000), undefined],
  ]
  for (const [what, type, expiration, outcome] of rows) {
    const world = testWorld()
    world.put(anObject(secrets, 'bootstrap-token-abcdef', { type, data: { ...(expiration !== undefined && { expiration: btoa(expiration) }) }, metadata: { namespace: 'kube-system' } }))
    const plan = bootstrapTokenCleaner.reconcile('bootstrap-token-abcdef', { view: world.store.view, now: dawn, memory: undefined, last: undefined, observed: new Map() })
    assert.deepEqual(plan.actions[0]?.do === 'delete' ? 'deleted' : plan.again, outcome, what)
  }
})
