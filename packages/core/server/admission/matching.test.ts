import assert from 'node:assert/strict'
import test from 'node:test'
import type { NamedRuleWithOperations } from '../../api/generated/types.ts'
import { createRegistry } from '../registry.ts'
import { builtinKinds } from '../../api/kinds/index.ts'
import { matchRules, type Asked } from './matching.ts'

const registry = createRegistry(builtinKinds)
const pods: Asked = { operation: 'CREATE', resource: { group: '', version: 'v1', resource: 'pods' }, subresource: '', kind: { group: '', version: 'v1', kind: 'Pod' }, namespace: 'a', name: 'p' }
const all: NamedRuleWithOperations = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }

function matches(rule: NamedRuleWithOperations, asked: Asked = pods, policy = 'Equivalent'): string | undefined {
  const endpoint = registry.endpoint(asked.resource.group, asked.resource.version, asked.resource.resource)
  assert.ok(endpoint)
  const matched = matchRules([rule], policy, asked, { endpoint })
  return matched && `${matched.kind.group}/${matched.kind.version}/${matched.kind.kind}`
}

test('a rule names operations, groups, versions, resources and a scope', () => {
  const rows: readonly (readonly [NamedRuleWithOperations, Asked, boolean])[] = [
    [all, pods, true],
    [{ ...all, operations: ['UPDATE'] }, pods, false],
    [{ ...all, apiGroups: ['apps'] }, pods, false],
    [{ ...all, apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }, pods, true],
    [{ ...all, apiVersions: ['v2'] }, pods, false],
    [{ ...all, resources: ['pods'] }, { ...pods, subresource: 'status' }, false],
    [{ ...all, resources: ['pods/*'] }, { ...pods, subresource: 'status' }, true],
    // As upstream, where '*' as a subresource includes none.
    [{ ...all, resources: ['pods/*'] }, pods, true],
    [{ ...all, resources: ['*/status'] }, { ...pods, subresource: 'status' }, true],
    [{ ...all, resources: ['*/*'] }, { ...pods, subresource: 'status' }, true],
    [{ ...all, resources: ['*'] }, { ...pods, subresource: 'status' }, false],
    [{ ...all, scope: 'Cluster' }, pods, false],
    [{ ...all, scope: 'Namespaced' }, pods, true],
    [{ ...all, scope: 'Cluster' }, { ...pods, resource: { group: '', version: 'v1', resource: 'namespaces' }, kind: { group: '', version: 'v1', kind: 'Namespace' } }, true],
    [{ ...all, resourceNames: ['q'] }, pods, false],
    [{ ...all, resourceNames: ['p'] }, pods, true],
  ]
  for (const [rule, asked, expected] of rows) assert.equal(matches(rule, asked) !== undefined, expected, JSON.stringify([rule, asked]))
})

test('a request in another version of a kind matches as what the rule names, unless the policy is exact', () => {
  const kind = builtinKinds.find(({ served }) => served.length > 1)
  assert.ok(kind)
  const [hub, other] = kind.served
  assert.ok(hub && other)
  const asked: Asked = { ...pods, resource: { group: other.group, version: other.version, resource: kind.plural }, kind: { group: other.group, version: other.version, kind: kind.kind } }
  const rule = { ...all, apiGroups: [hub.group], apiVersions: [hub.version] }
  assert.equal(matches(rule, asked), `${hub.group}/${hub.version}/${kind.kind}`)
  assert.equal(matches(rule, asked, 'Exact'), undefined)
})
