import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition } from '../../api/resources.ts'
import { nameDefinition, takenNames } from './names.ts'

type Names = CustomResourceDefinition['spec']['names']
const aDefinition = (names: Partial<Names>, accepted?: Partial<Names>, more: object = {}): CustomResourceDefinition => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { group: 'example.com', scope: 'Namespaced', versions: [], names: { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList', ...names } },
  status: { ...(accepted !== undefined && { acceptedNames: { plural: '', kind: '', ...accepted } }) }, ...more,
}) as CustomResourceDefinition

test('names that nobody has are accepted, and the definition is established', () => {
  assert.deepEqual(nameDefinition(aDefinition({ shortNames: ['f'] }), takenNames([])), {
    acceptedNames: { plural: 'foos', kind: 'Foo', singular: 'foo', listKind: 'FooList', shortNames: ['f'] },
    conditions: [
      { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
      { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' },
    ],
  })
})

test('each name is taken by itself; the last conflict is told; what was established stays so', () => {
  const taken = (accepted: Partial<Names>) => takenNames([aDefinition({}, accepted)])
  for (const [accepted, reason, message, names] of [
    [{ plural: 'foos' }, 'PluralConflict', '"foos" is already in use', { plural: '', kind: 'Foo', singular: 'foo', listKind: 'FooList', shortNames: ['f', 'g'] }],
    [{ singular: 'foo' }, 'SingularConflict', '"foo" is already in use', { plural: 'foos', kind: 'Foo', listKind: 'FooList', shortNames: ['f', 'g'] }],
    [{ shortNames: ['f'] }, 'ShortNamesConflict', '"f" is already in use', { plural: 'foos', kind: 'Foo', singular: 'foo', listKind: 'FooList' }],
    [{ shortNames: ['f', 'g'] }, 'ShortNamesConflict', '["f" is already in use, "g" is already in use]', { plural: 'foos', kind: 'Foo', singular: 'foo', listKind: 'FooList' }],
    [{ kind: 'FooList', plural: 'foos' }, 'ListKindConflict', '"FooList" is already in use', { plural: '', kind: 'Foo', singular: 'foo', shortNames: ['f', 'g'] }],
  ] as const) {
    const { acceptedNames, conditions } = nameDefinition(aDefinition({ shortNames: ['f', 'g'] }), taken(accepted as Partial<Names>))
    assert.deepEqual([acceptedNames, conditions[0], conditions[1]?.reason], [names, { type: 'NamesAccepted', status: 'False', reason, message }, 'NotAccepted'], reason)
  }
  const established = { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
  const own = aDefinition({ shortNames: ['f'] }, { plural: 'foos', kind: 'Foo' }, { status: { acceptedNames: { plural: 'foos', kind: 'Foo' }, conditions: [established] } })
  assert.deepEqual(nameDefinition(own, taken({ shortNames: ['f'] })).conditions.map(({ type, status }) => [type, status]), [['NamesAccepted', 'False'], ['Established', 'True']])
})
