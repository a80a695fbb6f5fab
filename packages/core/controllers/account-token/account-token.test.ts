import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Secret, secrets, serviceAccounts } from '../../api/resources.ts'
import { viewOf } from '../../rules/view-of.ts'
import { anObject, dawn } from '../builders.ts'
import { stage } from '../stage.ts'
import { accountTokenController } from './reconcile.ts'

const base64 = (text: string): string => new TextEncoder().encode(text).toBase64()
const asking = (more: object = {}, annotations: object = {}): Secret => anObject(secrets, 'robot-token', { type: 'kubernetes.io/service-account-token', metadata: { annotations: { 'kubernetes.io/service-account.name': 'robot', ...annotations } }, ...more } as never)
const account = anObject(serviceAccounts, 'robot')
const look = (objects: readonly Parameters<typeof viewOf>[0][number][], answers: ReadonlyMap<string, unknown> = new Map()) =>
  accountTokenController('PEM').reconcile('default/robot-token', { view: viewOf(objects), now: dawn, memory: undefined, last: undefined, observed: answers }).actions
const key = { resource: 'secrets', namespace: 'default', name: 'robot-token' }
const full = { data: { 'ca.crt': base64('PEM'), namespace: base64('default'), token: base64('a.b.c') } }
const annotations = { 'kubernetes.io/service-account.name': 'robot', 'kubernetes.io/service-account.uid': 'uid-robot' }

test('the token of a Secret is asked for, with no end', () => {
  assert.deepEqual(look([asking(), account]), [{
    do: 'ask', ask: {
      id: 'sign-token/uid-robot-token', what: 'sign-token', input: {
        claims: {
          iss: 'kubernetes/serviceaccount', sub: 'system:serviceaccount:default:robot', 'kubernetes.io/serviceaccount/namespace': 'default', 'kubernetes.io/serviceaccount/secret.name': 'robot-token',
          'kubernetes.io/serviceaccount/service-account.name': 'robot', 'kubernetes.io/serviceaccount/service-account.uid': 'uid-robot',
        },
      },
    },
  }])
})
test('the Secret is filled with the token, the authority and its namespace', () => {
  assert.deepEqual(look([asking(), account], new Map([['sign-token/uid-robot-token', { token: 'a.b.c' }]])), [{ do: 'patch', key, uid: 'uid-robot-token', part: 'main', patch: { metadata: { resourceVersion: '1', annotations }, data: full.data } }])
})
for (const [rule, objects, expected] of [
  ['one that is full is left alone', [asking(full), account], []],
  ['another authority is written over', [asking({ data: { ...full.data, 'ca.crt': base64('old') } }), account], [{ do: 'patch', key, uid: 'uid-robot-token', part: 'main', patch: { metadata: { resourceVersion: '1', annotations }, data: { 'ca.crt': base64('PEM') } } }]],
  ['without its account it goes', [asking(full)], [{ do: 'delete', key, uid: 'uid-robot-token' }]],
  ['one of an earlier account of the name goes', [asking(full, { 'kubernetes.io/service-account.uid': 'earlier' }), account], [{ do: 'delete', key, uid: 'uid-robot-token' }]],
  ['other Secrets are not looked at', [anObject(secrets, 'robot-token', { type: 'Opaque' } as never)], []],
] as const) test(rule, () => { assert.deepEqual(look(objects), expected) })

test('tokens go with their account', () => {
  const on = stage([accountTokenController('PEM')], account, asking(full, { 'kubernetes.io/service-account.uid': 'uid-robot' }), anObject(secrets, 'other', { type: 'Opaque' } as never))
  on.world.remove(serviceAccounts, 'robot')
  on.settle()
  assert.deepEqual([...on.world.store.view.list(secrets)].map(({ metadata }) => metadata.name), ['other'])
})
