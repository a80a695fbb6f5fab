import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemText } from '../kinds/index.ts'
import { loadDefinitions } from '../schema/index.ts'
import { checkDefaults, checkExpressions, checkRules, checkSchema, checkUniqueness, changedOnly, definitionsOf, fillDefaults, prune, readPath, type Schema, validateValue, valuesAt } from './index.ts'

type Json = Readonly<Record<string, unknown>>
const definitions = loadDefinitions()
const texts = (problems: readonly Parameters<typeof problemText>[0][]): readonly string[] => problems.map(problemText)

test('schemas that are no structure are refused in upstream\'s words, as a stock server was heard to say them', () => {
  for (const [schema, expected] of [
    [{}, ['A.type: Required value: must not be empty for specified object fields']],
    [{ type: 'strange' }, ['A.type: Unsupported value: "strange": supported values: "array", "boolean", "integer", "number", "object", "string"']],
    [{ type: 'null' }, ['A.type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"', 'A.type: Forbidden: type cannot be set to null, use nullable as an alternative']],
    [{ type: 'array' }, ['A.items: Required value: must be specified']],
    [{ type: 'array', items: {} }, ['A.items.type: Required value: must not be empty for specified array items']],
    [{ type: 'object', properties: { b: { type: 'string' } }, additionalProperties: { type: 'string' } }, ['A.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive']],
    [{ type: 'array', uniqueItems: true, items: { type: 'string' } }, ['A.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic']],
    [{ $ref: '#/x' }, ['A.$ref: Forbidden: $ref is not supported']],
    [{ type: 'array', items: [{ type: 'string' }] }, ['A.items: Forbidden: items must be a schema object and not an array']],
    [{ type: 'string', 'x-kubernetes-preserve-unknown-fields': false }, ['A.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined']],
    [{ type: 'string', 'x-kubernetes-map-type': 'atomic' }, ['A.type: Invalid value: "string": must be object if x-kubernetes-map-type is specified']],
    [{ type: 'object', 'x-kubernetes-map-type': 'foo' }, ['A.x-kubernetes-map-type: Unsupported value: "foo": supported values: "atomic", "granular"']],
    [{ type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'foo' }, ['A.x-kubernetes-list-type: Unsupported value: "foo": supported values: "atomic", "set", "map"']],
    [{ type: 'object', 'x-kubernetes-list-type': 'set' }, ['A.type: Invalid value: "object": must be array if x-kubernetes-list-type is specified']],
    [{ type: 'array', items: { type: 'string' }, 'x-kubernetes-list-map-keys': ['a'] }, ['A.x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty']],
    [{ type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'map' }, ['A.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map', 'A.items.type: Invalid value: "string": must be object if parent array\'s x-kubernetes-list-type is map']],
    [{ type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] }, ['A.items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property']],
    [{ type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['b'] }, ['A.x-kubernetes-list-map-keys: Invalid value: ["b"]: entries must all be names of item properties']],
    [{ type: 'array', items: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a', 'a'] }, ['A.x-kubernetes-list-map-keys: Invalid value: ["a","a"]: must not contain duplicate entries']],
    [{ type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' }, ['A.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set']],
    [{ 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true }, ['A.x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true']],
    [{ type: 'string', anyOf: [{ type: 'string' }] }, ['A.anyOf[0].type: Forbidden: must be empty to be structural']],
    [{ type: 'object', 'x-kubernetes-embedded-resource': true }, ['A.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields']],
    [{ 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }, ['A.type: Required value: must be object if x-kubernetes-embedded-resource is true']],
    [{ type: 'object', 'x-kubernetes-embedded-resource': true, properties: { kind: { type: 'integer' }, metadata: { type: 'string' } } }, ['A.properties[kind].type: Invalid value: "integer": must be string', 'A.properties[metadata].type: Invalid value: "string": must be object']],
    [{ type: 'string', pattern: '(' }, ['A.pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`']],
    [{ type: 'string', allOf: [{ default: 'x', nullable: true }] }, ['A.allOf[0].default: Forbidden: must be undefined to be structural', 'A.allOf[0].nullable: Forbidden: must be false to be structural']],
    [{ type: 'object', not: { properties: { metadata: {} } } }, ['A.not.properties[metadata]: Forbidden: must not be specified in a nested context']],
  ] as readonly (readonly [Json, readonly string[]])[]) {
    assert.deepEqual(texts(checkSchema({ type: 'object', properties: { a: schema } }, 'S')).map((text) => text.replaceAll('S.properties[a]', 'A')), expected, JSON.stringify(schema))
  }
})

test('what generators write beside int-or-string is let be, and junctors may speak of fields that nothing else names', () => {
  for (const schema of [
    { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
    { 'x-kubernetes-int-or-string': true, allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { pattern: 'a' }] },
    { type: 'object', anyOf: [{ properties: { b: { minimum: 1 } } }] },
  ]) assert.deepEqual(checkSchema({ type: 'object', properties: { a: schema } }, 'S'), [])
})

test('a schema of the wrong form is refused before anybody walks it', () => {
  for (const schema of [{ type: 'array', items: { properties: { a: null } } }, { type: 'array', items: { required: 'a' } }, { type: 'array', items: { maxLength: 'x' } }, { type: 'array', items: { 'x-kubernetes-validations': ['x'] } }]) {
    assert.equal(checkSchema({ type: 'object', properties: { a: schema } }, 'S').length > 0, true, JSON.stringify(schema))
  }
})

const object = (properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema => ({ type: 'object', properties, ...more })
const text: Schema = { type: 'string' }

test('pruning drops what nobody knows, and shares the rest', () => {
  const schema = object({ spec: object({ known: text, free: object({ known: text }, { 'x-kubernetes-preserve-unknown-fields': true }), list: { type: 'array', items: object({ a: text }) }, map: { type: 'object', additionalProperties: object({ a: text }) }, closed: { type: 'object' } }) })
  const value = { apiVersion: 'g/v1', kind: 'K', metadata: { name: 'n', strange: 1 }, other: 1, spec: { known: 'a', more: 1, free: { known: 'b', other: { deep: 1 } }, list: [{ a: 'x', b: 1 }], map: { k: { a: 'y', b: 2 } }, closed: { a: 1 } } }
  const pruned = prune(value, schema, definitions)
  assert.deepEqual(pruned.value, { apiVersion: 'g/v1', kind: 'K', metadata: { name: 'n' }, spec: { known: 'a', free: { known: 'b', other: { deep: 1 } }, list: [{ a: 'x' }], map: { k: { a: 'y' } }, closed: {} } })
  assert.deepEqual(pruned.unknown, ['metadata.strange', 'other', 'spec.closed.a', 'spec.list[0].b', 'spec.map.k.b', 'spec.more'])
  assert.equal(prune(pruned.value, schema, definitions).value, pruned.value)
})

test('defaults fill what is absent, and nulls that are no value; others of these go', () => {
  const schema = object({
    a: { ...text, default: 'A' }, n: { ...text, nullable: true, default: 'N' }, plain: text, inner: object({ b: { type: 'integer', default: 1 } }, { default: {} }),
    list: { type: 'array', items: object({ c: { ...text, default: 'C' } }) }, map: { type: 'object', additionalProperties: object({ d: { ...text, default: 'D' } }) },
  })
  const filled = fillDefaults({ a: null, n: null, plain: null, list: [{}, { c: 'x' }], map: { k: {} } }, schema)
  assert.deepEqual(filled, { a: 'A', n: null, list: [{ c: 'C' }, { c: 'x' }], map: { k: { d: 'D' } }, inner: { b: 1 } })
  assert.equal(fillDefaults(filled, schema), filled)
})

test('defaults must be objects of their schema', () => {
  for (const [schema, expected] of [
    [{ ...text, default: 1 }, ['S.default: Invalid value: "integer": \u0020in body must be of type string: "integer"']],
    [object({ b: text }, { default: { c: 1 } }), ['S.default: Invalid value: {"c":1}: must not have unknown fields']],
    [{ ...text, default: 'x' }, []],
  ] as const) assert.deepEqual(texts(checkDefaults(schema as Schema, 'S', definitions)), expected)
})

test('values are judged in upstream\'s words, as a stock server was heard to say them', () => {
  for (const [schema, value, expected] of [
    [{ type: 'integer', format: 'int32' }, 3_000_000_000, ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a']],
    [{ type: 'integer' }, 1.5, ['a: Invalid value: "number": a in body must be of type integer: "number"', '<nil>: Invalid value: "": Checked value must be of type integer (default format) in a']],
    [{ type: 'integer', format: 'int32' }, true, ['a: Invalid value: "": a in body must be of type int32: ""']],
    [{ type: 'number', minimum: 1.5, exclusiveMinimum: true }, 1.5, ['a: Invalid value: 1.5: a in body should be greater than 1.5']],
    [{ type: 'integer', multipleOf: 3 }, 4, ['a: Invalid value: 4: a in body should be a multiple of 3']],
    [{ type: 'string', minLength: 2 }, 'x', ['a: Invalid value: "x": a in body should be at least 2 chars long']],
    [{ type: 'array', items: { type: 'string' }, minItems: 1 }, [], ['a: Invalid value: 0: a in body should have at least 1 items']],
    [{ type: 'object', maxProperties: 1, additionalProperties: { type: 'integer' } }, { a: 1, b: 2 }, ['a: Too many: 2: must have at most 1 item']],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, { b: 'x' }, ['a.b: Invalid value: "string": a.b in body must be of type integer: "string"']],
    [{ type: 'string', format: 'date-time' }, 'x', ['a: Invalid value: "x": a in body must be of type date-time: "x"']],
    [{ type: 'string', nullable: true }, null, []], [{ type: 'string' }, null, ['a: Invalid value: "null": a in body must be of type string: "null"']],
    [{ type: 'string', not: { enum: ['bad'] } }, 'bad', ['<nil>: Invalid value: "": "a" must not validate the schema (not)']],
    [{ type: 'object', oneOf: [{ required: ['x'] }, { required: ['y'] }] }, { x: 1, y: 1 }, ['<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives']],
    [{ type: 'object', anyOf: [{ required: ['x'] }, { required: ['y'] }] }, {}, ['<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)', 'a.x: Required value']],
    [{ type: 'integer', allOf: [{ minimum: 2 }, { maximum: 4 }] }, 5, ['a: Invalid value: 5: a in body should be less than or equal to 4', '<nil>: Invalid value: "": "a" must validate all the schemas (allOf)']],
  ] as readonly (readonly [Schema, unknown, readonly string[]])[]) assert.deepEqual(texts(validateValue({ a: value }, object({ a: schema }))), expected, `${JSON.stringify(schema)} ${JSON.stringify(value)}`)
})

test('formats are known by their names', () => {
  for (const [format, good, bad] of [
    ['ipv4', '10.0.0.1', '10.0.0'], ['ipv6', '2001:db8::1', '1:2'], ['cidr', '10.0.0.0/8', '10.0.0.0'], ['uuid', 'a9b1c2d3-0000-4000-8000-000000000000', 'x'], ['hostname', 'example.com', 'a.b'], ['date', '2026-02-28', '2026-02-30'],
    ['duration', '1h30m', 'soon'], ['byte', 'aGk=', '!'], ['mac', '00:11:22:33:44:55', 'x'], ['email', 'a@b.c', 'a'], ['strange', 'anything', undefined],
  ] as const) {
    assert.deepEqual(validateValue(good, { type: 'string', format }), [], format)
    if (bad !== undefined) assert.equal(validateValue(bad, { type: 'string', format }).length, 1, format)
  }
})

test('lists that are sets or maps hold every item once', () => {
  const schema = object({ set: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' }, map: { type: 'array', items: object({ k: text, d: { type: 'integer' } }), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k', 'd'] } })
  assert.deepEqual(texts(checkUniqueness({ set: ['a', 'b', 'a'], map: [{ k: 'a', d: 1 }, { k: 'a', d: 2 }, { d: 1, k: 'a' }] }, schema)), ['set[2]: Duplicate value: "a"', 'map[2]: Duplicate value: {"d":1,"k":"a"}'])
})

test('what was stored and did not change is not judged again', () => {
  const schema = object({ a: { ...text, maxLength: 1 }, list: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: object({ k: text, v: { ...text, maxLength: 1 } }) }, atomic: { type: 'array', items: { ...text, maxLength: 1 } } }, { required: ['need'] })
  const before = { a: 'long', list: [{ k: 'x', v: 'long' }, { k: 'y', v: 'long' }], atomic: ['long', 'b'] }
  const judged = (next: Json): readonly string[] => changedOnly(validateValue(next, schema), next, before, schema).map(({ path }) => path)
  assert.deepEqual(judged(before), [])
  assert.deepEqual(judged({ ...before, list: [{ k: 'y', v: 'other' }, { k: 'x', v: 'long' }] }), ['list[0].v', 'need'])
  assert.deepEqual(judged({ ...before, atomic: ['long', 'c'] }), ['atomic[0]', 'need'])
})

const bounded: Schema = { ...text, maxLength: 20 }
test('rules are compiled and bounded when the definition is written', () => {
  const list: Schema = { type: 'array', items: text }
  for (const [schema, expected] of [
    [object({ a: text }, { 'x-kubernetes-validations': [{ rule: 'self.a' }] }), ['S.x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.a","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool']],
    [object({ a: text }, { 'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.b' }] }), ['S.x-kubernetes-validations[0].fieldPath: Invalid value: ".b": must be a valid path']],
    [object({ a: text }, { 'x-kubernetes-validations': [{ rule: 'true', optionalOldSelf: true }] }), ['S.x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule']],
    [object({ a: text }, { 'x-kubernetes-validations': [{ rule: '' }] }), ['S.x-kubernetes-validations[0].rule: Required value: rule is not specified']],
    [object({ l: { type: 'array', maxItems: 5, items: { ...bounded, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } } }), ['S.properties[l].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within S.properties[l]']],
    [object({ l: { ...list, maxItems: 10, items: bounded } }, { 'x-kubernetes-validations': [{ rule: 'self.l.all(x, self.l.all(y, x == y))' }] }), []],
  ] as const) assert.deepEqual(texts(checkExpressions(schema as Schema, 'S')), expected)
  const costly = texts(checkExpressions(object({ l: list }, { 'x-kubernetes-validations': [{ rule: 'self.l.all(x, self.l.all(y, x == y))' }] }), 'S'))
  assert.match(costly[0] ?? '', /^S\.x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x/)
  assert.equal(costly.length, 3)
})

test('rules judge what is new or has changed; those about changes need what was there', () => {
  const schema = object({
    a: { ...text, 'x-kubernetes-validations': [{ rule: 'self != "bad"', message: 'a is bad' }] }, fixed: { ...text, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
    first: { ...text, 'x-kubernetes-validations': [{ rule: 'oldSelf.hasValue() || self == "first"', optionalOldSelf: true }] }, err: { type: 'integer', 'x-kubernetes-validations': [{ rule: '10 / self > 1' }] },
    n: { type: 'integer' }, max: { type: 'integer' },
    map: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: object({ k: text, v: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf', messageExpression: '"fell to " + string(self)' }] } }) },
  }, { 'x-kubernetes-validations': [{ rule: '!has(self.n) || self.n <= self.max', fieldPath: '.n', reason: 'FieldValueForbidden', message: 'n is large' }] })
  const judged = (next: Json, before?: Json): readonly string[] => texts(checkRules(next, before, schema, []))
  assert.deepEqual(judged({ a: 'bad', n: 2, max: 1 }), ['n: Forbidden: n is large', 'a: Invalid value: "bad": a is bad'])
  assert.deepEqual([judged({ fixed: 'x' }), judged({ fixed: 'y' }, { fixed: 'x' })], [[], ['fixed: Invalid value: "y": failed rule: self == oldSelf']])
  assert.deepEqual([judged({ first: 'x' }), judged({ first: 'x' }, { first: 'y' })], [['first: Invalid value: "x": failed rule: oldSelf.hasValue() || self == "first"'], []])
  assert.deepEqual(judged({ err: 0 }), ['err: Invalid value: "integer": division by zero evaluating rule: 10 / self > 1'])
  assert.deepEqual(judged({ map: [{ k: 'b', v: 0 }, { k: 'a', v: 6 }] }, { map: [{ k: 'a', v: 5 }, { k: 'b', v: 1 }] }), ['map[0].v: Invalid value: 0: fell to 0'])
  assert.deepEqual(judged({ a: 'bad' }, { a: 'bad' }), [])
  assert.deepEqual(texts(checkRules({ a: 'bad' }, undefined, schema, [{ path: 'n', reason: 'FieldValueRequired', detail: '' }])), ['<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'])
})

test('paths lead to fields, items and what a filter finds', () => {
  const value = { spec: { list: [{ name: 'a', n: 1 }, { name: 'b', n: 2 }], 'x.y': 'dotted' }, metadata: { annotations: { 'example.com/x': 'note' } } }
  for (const [path, expected] of [
    ['.spec.list[0].name', ['a']], ['.spec.list[*].n', [1, 2]], ['.spec.list[-1].name', ['b']], ['.spec.list[?(@.name=="b")].n', [2]], ['.spec.list[?(@.n>1)].name', ['b']], ['.spec.x\\.y', ['dotted']],
    [".metadata.annotations['example.com/x']", ['note']], ['.metadata.annotations.example\\.com/x', ['note']], ['.spec.none', []], ['..name', ['a', 'b']],
  ] as const) {
    const read = readPath(path)
    assert.ok(typeof read !== 'string', path)
    assert.deepEqual(valuesAt(value, read), expected, path)
  }
  assert.equal(typeof readPath('.a['), 'string')
})

test('a schema is printed for old clients without what they would misread', () => {
  const type = { group: 'stable.example.com', version: 'v1', plural: 'crontabs', kind: 'CronTab', listKind: 'CronTabList' }
  const schema = object({ spec: object({ port: { 'x-kubernetes-int-or-string': true }, maybe: { ...text, nullable: true, maxLength: 3 }, free: object({ a: text }, { 'x-kubernetes-preserve-unknown-fields': true }), d: { ...text, default: 'D', oneOf: [{ pattern: 'a' }] } }) })
  const [root, list] = definitionsOf(type, schema, definitions)
  assert.deepEqual([root?.name, list?.name], ['com.example.stable.v1.CronTab', 'com.example.stable.v1.CronTabList'])
  const specIn = (dialect: 2 | 3): unknown => (root?.custom?.openapi(dialect)['properties'] as Json)['spec']
  assert.deepEqual(specIn(2), { type: 'object', properties: { port: { 'x-kubernetes-int-or-string': true }, maybe: {}, free: { 'x-kubernetes-preserve-unknown-fields': true }, d: { type: 'string' } } })
  assert.deepEqual(specIn(3), {
    type: 'object', properties: {
      port: { 'x-kubernetes-int-or-string': true }, maybe: { type: 'string', nullable: true, maxLength: 3 }, free: { type: 'object', properties: { a: { type: 'string' } }, 'x-kubernetes-preserve-unknown-fields': true },
      d: { type: 'string', default: 'D', oneOf: [{ pattern: 'a' }] },
    },
  })
})
