import assert from 'node:assert/strict'
import test from 'node:test'
import { compile, evaluate, isCompileFault, perCallLimit, typeText, type CelType, type Environment } from './index.ts'
import { jsonOf } from './json.ts'

const dyn: CelType = { is: 'dyn' }
const object = {
  metadata: { name: 'web', labels: { app: 'web', 'a.b/c-d': 'x' } },
  spec: { replicas: 3, ratio: 1.5, big: 9007199254740991, containers: [{ name: 'a', image: 'r/a:1' }, { name: 'b', image: 'r/b:2', tty: true }], nothing: null },
}
const environment: Environment = { variables: { object: dyn, i: { is: 'int' }, s: { is: 'string' }, l: { is: 'list', items: { is: 'int' } }, d: dyn } }
const variables = { object, i: 5, s: 'text', l: [1, 2, 3], d: 'dynamic' }

function run(expression: string): unknown {
  const program = compile(expression, environment)
  if (isCompileFault(program)) return program.fault
  const outcome = evaluate(program, variables, perCallLimit)
  return 'error' in outcome ? `error: ${outcome.error}` : jsonOf(outcome.value)
}

function table(rows: readonly (readonly [expression: string, expected: unknown])[]): void {
  for (const [expression, expected] of rows) assert.deepEqual(run(expression), expected, expression)
}

test('literals, operators and precedence', () => table([
  ['1 + 2 * 3', 7], ['(1 + 2) * 3', 9], ['-i + 1', -4], ['7 / 2', 3], ['-7 / 2', -3], ['-7 % 3', -1], ['!(1 < 2) || true', true], ['1 < 2 ? "a" : "b"', 'a'],
  ['"a" + r"\\n" + \'\\u00e9\'', 'a\\né'], ['"""two\nlines"""', 'two\nlines'], ['b"\\x41" == b"A"', true], ['0xFF', 255], ['1.5e3', 1500], ['[1, 2] + [3]', [1, 2, 3]],
  ['{"a": 1}["a"]', 1], ['{1: "x"}[dyn(1.0)]', 'x'], ['"a" in {"a": 1}', true], ['2 in [1, 2]', true], ['3u + 4u == 7u', true], ['// said\n true', true],
]))

test('whole numbers have 64 bits', () => table([
  ['9223372036854775807 + 1', 'error: integer overflow'], ['-9223372036854775808 - 1', 'error: integer overflow'], ['9223372036854775807 - 1 == 9223372036854775806', true],
  ['4611686018427387904 * 2', 'error: integer overflow'], ['-(-9223372036854775807 - 1)', 'error: integer overflow'], ['object.spec.big + 1 == 9007199254740992', true], ['object.spec.big * 2 > object.spec.big', true],
  ['1u - 2u', 'error: unsigned integer overflow'], ['1 / 0', 'error: division by zero'], ['1 % 0', 'error: modulus by zero'], ['9223372036854775808', 'compilation failed: ERROR: <input>:1:1: invalid int literal\n | 9223372036854775808\n | ^'],
]))

test('numbers of different types compare by value, and are never added', () => table([
  ['1 < 1.5', true], ['2u >= 2', true], ['dyn(1) == 1.0', true], ['object.spec.replicas == 3', true], ['object.spec.ratio > 1', true], ['type(object.spec.replicas) == int', true], ['type(object.spec.ratio) == double', true],
  ['1 + 1.0', "compilation failed: ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, double)'\n | 1 + 1.0\n | ..^"], ['dyn(1) + 1.0', 'error: no such overload'], ['type(1.0) == double', true], ['2.0 * 2.0 == 4.0', true],
]))

test('fields, indexes and presence', () => table([
  ['object.metadata.name', 'web'], ['object.metadata.labels["a.b/c-d"]', 'x'], ['has(object.spec.replicas)', true], ['has(object.spec.none)', false], ['object.spec.none', 'error: no such key: none'],
  ['object.spec.containers[1].name', 'b'], ['object.spec.containers[2]', 'error: index out of bounds: 2'], ['object.spec.nothing == null', true], ['has(object.spec.nothing.x)', false], ['object.metadata.namespace', 'error: no such key: namespace'],
  ['object.?spec.?none.orValue(7)', 7], ['object[?"spec"].hasValue()', true], ['optional.none().hasValue()', false], ['[1, ?optional.none(), ?optional.of(3)]', [1, 3]], ['{?"a": object.?none, "b": dyn(2)}', { b: 2 }],
  ['object.?spec.replicas.optMap(r, r + 1).orValue(0)', 4], ['object.?spec.none.optMap(r, r + 1).orValue(0)', 0], ['optional.none().value()', 'error: optional.none() dereference'],
]))

test('what is undeclared does not compile, and the message points to it', () => table([
  ['i + x', "compilation failed: ERROR: <input>:1:5: undeclared reference to 'x' (in container '')\n | i + x\n | ....^"],
  ['foo(1)', "compilation failed: ERROR: <input>:1:4: undeclared reference to 'foo' (in container '')\n | foo(1)\n | ...^"],
  ['s.size() + s', "compilation failed: ERROR: <input>:1:10: found no matching overload for '_+_' applied to '(int, string)'\n | s.size() + s\n | .........^"],
  ['s.foo', "compilation failed: ERROR: <input>:1:2: type 'string' does not support field selection\n | s.foo\n | .^"],
  ['s.startsWith(1)', "compilation failed: ERROR: <input>:1:13: found no matching overload for 'startsWith' applied to 'string.(int)'\n | s.startsWith(1)\n | ............^"],
  ['i.all(x, true)', "compilation failed: ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | i.all(x, true)\n | ^"],
  ['x &&\n y', "compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x &&\n | ^\nERROR: <input>:2:2: undeclared reference to 'y' (in container '')\n |  y\n | .^"],
  ['[1, "a"]', "compilation failed: ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, \"a\"]\n | ....^"],
  ['1 +', "compilation failed: ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 +\n | ...^"],
  ['namespace', 'compilation failed: ERROR: <input>:1:1: reserved identifier: namespace\n | namespace\n | ^'],
  ['"é" + 1', "compilation failed: ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(string, int)'\n | \"é\" + 1\n | .\uff0e..^"],
  ['1 && true && "a"', "compilation failed: ERROR: <input>:1:1: expected type 'bool' but found 'int'\n | 1 && true && \"a\"\n | ^\nERROR: <input>:1:14: expected type 'bool' but found 'string'\n | 1 && true && \"a\"\n | .............^"],
  ['s.matches("(")', 'compilation failed: ERROR: <input>:1:11: invalid matches argument\n | s.matches("(")\n | ..........^'],
]))

// Each as a stock kube-apiserver 1.36 says it.
test('syntax errors are told as upstream tells them', () => {
  const starts = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
  for (const [expression, ...expected] of [
    ['self.x = 5', "8: Syntax error: token recognition error at: '= '", "10: Syntax error: extraneous input '5' expecting <EOF>"], ['true & false', "6: Syntax error: token recognition error at: '& '", "8: Syntax error: extraneous input 'false' expecting <EOF>"],
    ['x == 1 @ 2', "8: Syntax error: token recognition error at: '@'", "10: Syntax error: extraneous input '2' expecting <EOF>"], ['"abc', `1: Syntax error: token recognition error at: '"abc'`, `5: Syntax error: mismatched input '<EOF>' expecting ${starts}`],
    ["r'a", "2: Syntax error: token recognition error at: ''a'"], ['"\\q" == ""', `1: Syntax error: token recognition error at: '"\\q'`, `10: Syntax error: token recognition error at: '"'`],
    ['size(1', "7: Syntax error: missing ')' at '<EOF>'"], ['(1', "3: Syntax error: missing ')' at '<EOF>'"], ['{"a": 1', "8: Syntax error: mismatched input '<EOF>' expecting {'}', ','}"], ['{"a"', "5: Syntax error: mismatched input '<EOF>' expecting ':'"],
    ['[1][1', "6: Syntax error: missing ']' at '<EOF>'"], ['true ? 1', "9: Syntax error: mismatched input '<EOF>' expecting ':'"], ['1 ==', `5: Syntax error: mismatched input '<EOF>' expecting ${starts}`], ['{"a" 1}', "6: Syntax error: missing ':' at '1'"],
    ['[', "2: Syntax error: mismatched input '<EOF>' expecting {'[', ']', '{', '(', '.', ',', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"],
    ['{', "2: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '}', '(', '.', ',', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"],
    ['true ? 1 2', "10: Syntax error: missing ':' at '2'"], ['(1 2)', "4: Syntax error: extraneous input '2' expecting ')'"], ['[1 2]', "4: Syntax error: extraneous input '2' expecting {']', ','}"], ['size(1 2)', "8: Syntax error: extraneous input '2' expecting ')'"],
    ['1 2 3', "3: Syntax error: mismatched input '2' expecting <EOF>"], [')', `1: Syntax error: mismatched input ')' expecting ${starts}`], ['1 + * 2', `5: Syntax error: extraneous input '*' expecting ${starts}`], ['a..b', "3: Syntax error: no viable alternative at input '..'"],
    ['[1].filter(1, true)', '12: argument is not an identifier'], ['[1].exists(1, true)', '12: argument must be a simple name'], ['[1].all(a, a, true)', '12: duplicate variable name: a'], ['has(x)', '5: invalid argument to has() macro'],
    ['"%s %d".format(["a"])', '15: index 1 out of range'], ['"%q".format(["a"])', '12: could not parse formatting clause: unrecognized formatting clause "q"'], ['"%d".format(["a"])', '14: error during formatting: decimal clause can only be used on integers, was given string'],
    ['"a".format([1, "a"])', '11: too many arguments supplied to string.format (expected 0, got 2)'],
  ] as const) {
    const program = compile(expression, environment)
    assert.deepEqual(isCompileFault(program) ? program.issues.map(({ column, message }) => `${column}: ${message}`) : [], expected, expression)
  }
})

test('&& and || forget a fault where the other side decides', () => table([
  ['object.none && false', false], ['false && object.none', false], ['object.none || true', true], ['object.none && true', 'error: no such key: none'], ['true ? 1 : object.none', 1],
]))

test('comprehensions with one name and with two', () => table([
  ['l.all(x, x > 0)', true], ['l.exists(x, x > 2)', true], ['l.exists_one(x, x > 2)', true], ['l.map(x, x * 2)', [2, 4, 6]], ['l.map(x, x > 1, x * 2)', [4, 6]], ['l.filter(x, x != 2)', [1, 3]],
  ['object.metadata.labels.all(k, k.size() > 0)', true], ['object.spec.containers.map(c, c.name).join(",")', 'a,b'], ['l.all(i, v, v == i + 1)', true], ['l.transformList(i, v, i * v)', [0, 2, 6]],
  ['{"a": 1}.transformMap(k, v, v + 1)', { a: 2 }], ['{"a": "b"}.transformMapEntry(k, v, {v: k})', { b: 'a' }], ['l.existsOne(i, v, v == 2)', true], ['l.sortBy(x, -x)', [3, 2, 1]],
  ['object.spec.containers.filter(c, has(c.tty)).size()', 1], ['[[1, 2], [3]].all(x, x.all(y, y > 0))', true], ['l.exists(x, object.none)', 'error: no such key: none'], ['l.exists(x, object.none || x == 3)', true],
]))

test('strings count code points', () => table([
  ['"é😀x".size()', 3], ['"é😀x".charAt(1)', '😀'], ['"hello mellow".indexOf("ello", 2)', 7], ['"hello mellow".lastIndexOf("ello")', 7], ['"tacocat".substring(0, 4)', 'taco'], ['"a,b,c".split(",", 2)', ['a', 'b,c']],
  ['"hello".replace("l", "_", 1)', 'he_lo'], ['"TacoCÆt".lowerAscii()', 'tacocÆt'], ['"  x\\t".trim()', 'x'], ['["x", "y"].join("-")', 'x-y'],
  ['"%s has %d at %.2f of %x".format(["a", 3, 1.5, 255])', 'a has 3 at 1.50 of ff'], ['"%s".format([{"b": dyn([dyn(1), dyn(2.5)]), "a": dyn(true)}])', '{"a":true, "b":[1, 2.5]}'], ['strings.quote("a\\"b\\n")', '"a\\"b\\n"'], ['"abc".charAt(4)', 'error: index out of range: 4'],
  ['"a".matches("^[a-z]$")', true], ['string(1.0)', '1'], ['string(timestamp("2026-01-02T03:04:05Z"))', '2026-01-02T03:04:05Z'], ['int("12") + 1', 13], ['int("x")', "error: type conversion error from 'string' to 'int'"],
]))

test('lists and sets', () => table([
  ['l.sum()', 6], ['l.min() + l.max()', 4], ['["b", "a"].isSorted()', false], ['l.indexOf(2)', 1], ['[1, 2, 1].lastIndexOf(1)', 2], ['[].sum()', 0], ['[].min()', 'error: min called on empty list'], ['[1.5, 2.5].sum()', 4],
  ['[3, 1, 2].sort()', [1, 2, 3]], ['[1, 2, 1].distinct()', [1, 2]], ['[[1], [2, 3]].flatten()', [1, 2, 3]], ['lists.range(3)', [0, 1, 2]], ['l.reverse()', [3, 2, 1]], ['l.slice(1, 3)', [2, 3]], ['l.first().value()', 1], ['[].last().hasValue()', false],
  ['sets.contains(l, [1, 3])', true], ['sets.equivalent([1, 1, 2], [2, 1])', true], ['sets.intersects(l, [7])', false],
]))

test('times', () => table([
  ['timestamp("2026-01-01T00:00:00Z") + duration("36h") == timestamp("2026-01-02T12:00:00Z")', true], ['timestamp("2026-01-01T00:00:00Z").getDayOfWeek()', 4], ['duration("1h30m").getMinutes()', 90],
  ['timestamp("2026-01-01T23:30:00Z").getDate("+01:00")', 2], ['duration("1.5s") < duration("2s")', true], ['string(duration("90m"))', '5400s'], ['timestamp("2026-02-30T00:00:00Z") == timestamp("2026-02-30T00:00:00Z")', `compilation failed: ERROR: <input>:1:11: invalid timestamp argument\n | timestamp("2026-02-30T00:00:00Z") == timestamp("2026-02-30T00:00:00Z")\n | ..........^\nERROR: <input>:1:48: invalid timestamp argument\n | timestamp("2026-02-30T00:00:00Z") == timestamp("2026-02-30T00:00:00Z")\n | ...............................................^`],
]))

test('a program that costs too much is stopped', () => {
  const many = Array.from({ length: 2_000 }, (_, index) => index)
  const program = compile('l.all(x, l.all(y, x + y >= 0))', environment)
  assert.ok(!isCompileFault(program))
  const outcome = evaluate(program, { l: many }, perCallLimit)
  assert.ok('error' in outcome)
  assert.equal(outcome.error, 'operation cancelled: actual cost limit exceeded')
  assert.equal(outcome.exceeded, true)
})

test('a bound name is reckoned as upstream does, as a fold over an empty list that is there before it runs', () => {
  const program = compile('cel.bind(x, i, x)', { ...environment, binds: true })
  assert.ok(!isCompileFault(program))
  assert.deepEqual([program.cost, evaluate(program, variables, perCallLimit)], [{ min: 12, max: 12 }, { value: 5, cost: 2 }])
})

test('the type of a program is known without running it', () => {
  for (const [expression, type] of [['i + 1', 'int'], ['l.map(x, string(x))', 'list(string)'], ['object.spec', 'dyn'], ['{"a": [1u]}', 'map(string, list(uint))'], ['type(i)', 'type(dyn)'], ['object.?spec', 'optional_type(dyn)'], ['i > 1 && s == "a"', 'bool']] as const) {
    const program = compile(expression, environment)
    assert.ok(!isCompileFault(program), expression)
    assert.equal(typeText(program.type), type)
  }
})
