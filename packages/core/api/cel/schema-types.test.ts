import assert from 'node:assert/strict'
import test from 'node:test'
import { loadDefinitions } from '../schema/index.ts'
import { compile, evaluate, isCompileFault, perCallLimit, typeOfDefinition, typeOfSchema, type SchemaForTypes } from './index.ts'
import { jsonOf } from './json.ts'

const schema: SchemaForTypes = {
  type: 'object', required: ['count'],
  properties: {
    count: { type: 'integer' }, ratio: { type: 'number' }, 'a.b-c/d__e': { type: 'string' }, namespace: { type: 'string' }, when: { type: 'string', format: 'date-time' }, took: { type: 'string', format: 'duration' },
    port: { 'x-kubernetes-int-or-string': true }, data: { type: 'string', format: 'byte' }, free: { type: 'object', additionalProperties: { type: 'number' } }, ratios: { type: 'array', items: { type: 'number' } },
    set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    map: { type: 'array', items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer' } } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
  },
}
const object = {
  metadata: { name: 'n' }, count: 2, ratio: 2, 'a.b-c/d__e': 'x', namespace: 'y', when: '2026-01-01T00:00:00Z', took: '90s', port: '80%', data: 'aGk=', free: { a: 1 }, ratios: [1, 2], set: ['a', 'b'],
  map: [{ k: 'a', v: 1 }, { k: 'b', v: 2 }],
}

function run(expression: string): unknown {
  const type = typeOfSchema(schema, true)
  assert.ok(type)
  const program = compile(expression, { variables: { self: type } })
  if (isCompileFault(program)) return program.issues[0]?.message
  const outcome = evaluate(program, { self: object }, perCallLimit)
  return 'error' in outcome ? `error: ${outcome.error}` : jsonOf(outcome.value)
}

test('values have the types of their schema', () => {
  for (const [expression, expected] of [
    ['self.count + 1', 3], ['self.ratio + 0.5', 2.5], ['self.ratio + 1', "found no matching overload for '_+_' applied to '(double, int)'"], ['self.a__dot__b__dash__c__slash__d__underscores__e', 'x'], ['self.__namespace__', 'y'],
    ['self.namespace', "undefined field 'namespace'"], ['self.none', "undefined field 'none'"], ['self.when < timestamp("2026-06-01T00:00:00Z")', true], ['self.took == duration("1m30s")', true],
    ['type(self.port) == string ? self.port.endsWith("%") : self.port < 5', true], ['self.data == b"hi"', true], ['self.free["a"] + 0.5', 1.5], ['self.ratios.sum() + 0.5', 3.5], ['self.ratios.map(r, r * 2.0)', [2, 4]],
    ['self.set == ["b", "a"]', true], ['self.set + ["c", "a"]', ['a', 'b', 'c']], ['self.map == [{"k": "b", "v": 2}]', "found no matching overload for '_==_' applied to '(list(object), list(map(string, dyn)))'"],
    ['self.map + self.map', [{ k: 'a', v: 1 }, { k: 'b', v: 2 }]], ['self.metadata.name', 'n'], ['self.metadata.labels', "undefined field 'labels'"], ['self.all(k, true)', "expression of type 'object' cannot be range of a comprehension (must be list, map, or dynamic)"],
    ['self.free.all(k, self.free[k] > 0.0)', true],
  ] as const) assert.deepEqual(run(expression), expected, expression)
})

test('bounds of a schema bound the estimated cost of a rule', () => {
  const bounded = (maxItems: number | undefined, rule: string): number => {
    const type = typeOfSchema({ type: 'object', properties: { list: { type: 'array', ...(maxItems !== undefined && { maxItems }), items: { type: 'array', ...(maxItems !== undefined && { maxItems }), items: { type: 'string', maxLength: 10 } } } } })
    const program = compile(rule, { variables: { self: type ?? { is: 'dyn' } } })
    assert.ok(!isCompileFault(program), 'fault' in program ? program.fault : '')
    return program.cost.max
  }
  const nested = 'self.list.all(x, x.all(y, y == "a"))'
  assert.ok(bounded(10, nested) < 2_000)
  assert.ok(bounded(100, nested) > 50_000)
  assert.ok(bounded(undefined, nested) > 10_000_000)
  assert.ok(bounded(undefined, 'self.list.size() > 0') < 10)
})

test('built-in kinds are typed by their definitions', () => {
  const type = typeOfDefinition('io.k8s.api.apps.v1.Deployment', loadDefinitions())
  const faultOf = (expression: string): string | undefined => { const program = compile(expression, { variables: { object: type } }); return isCompileFault(program) ? program.issues[0]?.message : undefined }
  assert.equal(faultOf('object.spec.replicas > 1 && object.spec.template.spec.containers.all(c, c.image.startsWith("a"))'), undefined)
  assert.equal(faultOf('object.spec.replica > 1'), "undefined field 'replica'")
  assert.equal(faultOf('object.spec.replicas > "1"'), "found no matching overload for '_>_' applied to '(int, string)'")
})

// Rules like these were put to a stock kube-apiserver 1.36 as well: the factors by which they exceed its limit are the same.
test('estimates are upstream\'s', () => {
  const bounded: SchemaForTypes = {
    type: 'object', properties: {
      str: { type: 'string' }, dt: { type: 'string', format: 'date-time' }, ints: { type: 'array', maxItems: 10_000, items: { type: 'integer' } }, texts: { type: 'array', maxItems: 1_000, items: { type: 'string', maxLength: 100 } },
      set: { type: 'array', 'x-kubernetes-list-type': 'set', maxItems: 100, items: { type: 'string', maxLength: 10 } }, map: { type: 'object', maxProperties: 1_000, additionalProperties: { type: 'string', maxLength: 50 } }, free: { type: 'array', items: { type: 'string' } },
    },
  }
  for (const [rule, cost] of [
    ['self.str.contains("a")', 314575],
    ['self.texts.all(x, self.texts.all(y, x == y))', 45006003],
    ['self.ints.all(x, self.ints.exists(y, y == x))', 600060003],
    ['self.ints.isSorted() && self.ints.all(x, self.ints.sum() > x)', 100080005],
    ['self.map.all(k, self.map.all(j, self.map[k] == j))', 8006003],
    ['self.texts.all(x, x in self.texts)', 1006003],
    ['self.free.map(x, x).size() > 0', 13631490],
    ['self.free.all(x, x.matches("^[a-z]+$"))', 659710961253],
    ['self.texts.all(x, x.split(",").all(y, y == "a"))', 2085003],
    ['self.ints.all(x, self.dt > timestamp("2026-01-01T00:00:00Z"))', 70003],
    ['self.ints.all(x, [x].all(z, z > 0))', 200003],
    ['self.ints.all(x, {"a": 1}["a"] == x)', 350003],
    ['self.set.all(x, self.set.all(y, x == y))', 90603],
  ] as const) {
    const program = compile(rule, { variables: { self: typeOfSchema(bounded) ?? { is: 'dyn' } } })
    assert.ok(!isCompileFault(program))
    assert.equal(program.cost.max, cost, rule)
  }
})
