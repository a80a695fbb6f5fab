import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '../../base/index.ts'
import { Authorizer, authorizerType, compile, evaluate, isCompileFault, jsonOf, perCallLimit, ResourceCheck, resourceCheckType, type AccessQuestion, type Environment } from './index.ts'

const asked: AccessQuestion[] = []
const authorizer = new Authorizer((question) => { asked.push(question); return { allowed: question.verb === 'get', reason: question.verb === 'get' ? 'because' : '' } })
const environment: Environment = { variables: { authorizer: authorizerType, 'authorizer.requestResource': resourceCheckType, big: { is: 'dyn' } } }
const variables = {
  authorizer, 'authorizer.requestResource': new ResourceCheck(authorizer, { is: 'resource', group: 'apps', resource: 'deployments', subresource: '', namespace: 'a', name: 'web' }),
  big: JSON.parse('{"n":1}', (_, value: unknown) => value === 1 ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('9223372036854775807') : value) as unknown,
}

function run(expression: string): unknown {
  const program = compile(expression, environment)
  if (isCompileFault(program)) return program.issues[0]?.message
  const outcome = evaluate(program, variables, perCallLimit)
  return 'error' in outcome ? `error: ${outcome.error}` : jsonOf(outcome.value)
}
function table(rows: readonly (readonly [expression: string, expected: unknown])[]): void {
  for (const [expression, expected] of rows) assert.deepEqual(run(expression), expected, expression)
}

test('regular expressions are found', () => table([
  ['"abc 123".find("[0-9]+")', '123'], ['"abc".find("[0-9]+")', ''], ['"1 22 333".findAll("[0-9]+")', ['1', '22', '333']], ['"1 22 333".findAll("[0-9]+", 2)', ['1', '22']], ['"a".matches(dyn("("))', 'error: error parsing regexp: missing closing ): `(`'],
]))

test('URLs are those of requests', () => table([
  ['isURL("https://user:pass@example.com:80/path?query=val")', true], ['isURL("/absolute-path")', true], ['isURL("https://a:b:c/")', false], ['isURL("../relative-path")', false], ['isURL("")', false],
  ['url("https://example.com:80/").getHost()', 'example.com:80'], ['url("https://example.com/").getHost()', 'example.com'], ['url("https://[::1]:80/").getHostname()', '::1'], ['url("https://example.com:80/").getPort()', '80'],
  ['url("/path").getScheme()', ''], ['url("https://example.com/path with spaces/").getEscapedPath()', '/path%20with%20spaces/'], ['url("https://example.com/path?k1=a&k2=b&k1=c").getQuery()', { k1: ['a', 'c'], k2: ['b'] }],
  ['url("nothing")', 'error: URL parse error during conversion from string: parse "nothing": invalid URI for request'],
]))

test('addresses and networks', () => table([
  ['isIP("192.168.0.1")', true], ['isIP("192.168.0.256")', false], ['isIP("::ffff:1.2.3.4")', false], ['isIP("fe80::1%eth0")', false], ['isIP("2001:db8::abcd")', true], ['isIP("127.0.0.01")', false],
  ['ip("127.0.0.1").family()', 4], ['ip("::1").isLoopback()', true], ['ip("0.0.0.0").isUnspecified()', true], ['ip("224.0.0.1").isLinkLocalMulticast()', true], ['ip("fe80::1").isLinkLocalUnicast()', true], ['ip("192.168.0.1").isGlobalUnicast()', true],
  ['ip.isCanonical("2001:DB8::ABCD")', false], ['ip.isCanonical("2001:db8::abcd")', true], ['ip("2001:db8:0::1") == ip("2001:db8::1")', true], ['string(ip("2001:DB8:0:0:0:0:0:1"))', '2001:db8::1'],
  ['cidr("192.168.0.0/24").containsIP("192.168.0.7")', true], ['cidr("192.168.0.0/24").containsIP(ip("192.168.1.7"))', false], ['cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16")', true], ['cidr("10.0.0.0/8").containsCIDR(cidr("0.0.0.0/0"))', false],
  ['string(cidr("192.168.1.7/24").masked())', '192.168.1.0/24'], ['cidr("192.168.1.7/24").ip() == ip("192.168.1.7")', true], ['cidr("::1/128").prefixLength()', 128], ['isCIDR("192.168.0.0/33")', false], ['isCIDR("192.168.0.0")', false], ['type(ip("::1")) == net.IP', true],
]))

test('quantities and versions', () => table([
  ['quantity("1.5Gi").isGreaterThan(quantity("1500Mi"))', true], ['quantity("50k").asInteger()', 50000], ['quantity("50m").isInteger()', false], ['quantity("50m").asInteger()', 'error: cannot convert value to integer'], ['quantity("50k").add(20) == quantity("50020")', true],
  ['quantity("50k").sub(quantity("20k")).asInteger()', 30000], ['sign(quantity("-1"))', -1], ['isQuantity("200K")', false], ['quantity("200M").compareTo(quantity("0.2G"))', 0], ['quantity("500m").asApproximateFloat()', 0.5],
  ['quantity("x")', "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ['semver("1.2.3").isLessThan(semver("1.10.0"))', true], ['semver("1.0.0-alpha.1").compareTo(semver("1.0.0-alpha.beta"))', -1], ['semver("v1.2", true).minor()', 2], ['isSemver("v1.0.0")', false], ['isSemver("01.01.01", true)', true], ['semver("1.2.3+x") == semver("1.2.3")', true],
]))

test('named formats', () => table([
  ['format.named("dns1123Label").value().validate("contains_underscore").hasValue()', true], ['format.dns1123Label().validate("fine").hasValue()', false], ['format.named("none").hasValue()', false], ['format.uuid().validate("123e4567-e89b-12d3-a456-426614174000").hasValue()', false],
  ['format.byte().validate("a").value()', ['invalid base64']], ['format.date().validate("2021-02-30").value()', ['invalid date']], ['format.dns1035LabelPrefix().validate("my-label-").hasValue()', false], ['format.uri().validate("x").value()', ['parse "x": invalid URI for request']],
]))

test('access is asked for of a path, a resource, the request\'s own resource, and for a service account', () => {
  table([
    ['authorizer.path("/healthz").check("get").allowed()', true], ['authorizer.group("").resource("pods").namespace("n").name("p").subresource("log").check("get").reason()', 'because'], ['authorizer.requestResource.check("delete").allowed()', false],
    ['authorizer.serviceAccount("n", "robot").group("apps").resource("deployments").check("get").errored()', false], ['authorizer.path(" ")', 'error: path must not be empty'], ['authorizer.serviceAccount("N!", "robot")', 'error: Invalid service account namespace'],
  ])
  assert.deepEqual(asked, [
    { is: 'path', path: '/healthz', verb: 'get' }, { is: 'resource', group: '', resource: 'pods', subresource: 'log', namespace: 'n', name: 'p', verb: 'get' },
    { is: 'resource', group: 'apps', resource: 'deployments', subresource: '', namespace: 'a', name: 'web', verb: 'delete' },
    { is: 'resource', group: 'apps', resource: 'deployments', subresource: '', namespace: '', name: '', verb: 'get', serviceAccount: { namespace: 'n', name: 'robot' } },
  ])
})

test('a third check of access in one expression costs too much', () => {
  const check = 'authorizer.path("/a").check("get").allowed()'
  table([[`${check} && ${check}`, true], [`${check} && ${check} && ${check}`, 'error: operation cancelled: actual cost limit exceeded']])
})

test('a whole number that no JavaScript number holds is exact', () => table([['big.n == 9223372036854775807', true], ['big.n - 1 == 9223372036854775806', true], ['big.n + 1', 'error: integer overflow']]))

test('big objects cannot be compared, counted or copied for nothing', () => {
  const tree = (depth: number): unknown => depth === 0 ? 'x' : Array.from({ length: 10 }, () => tree(depth - 1))
  const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, index]))
  const given = { a: tree(4), b: tree(4), wide, other: { ...wide }, many: Array.from({ length: 100_000 }, (_, index) => index), text: 'a'.repeat(3_000_000) }
  for (const expression of ['g.many.all(x, g.a == g.b)', 'g.many.all(x, g.a in [g.b])', 'g.many.all(x, g.wide.exists(k, true))', 'g.many.all(x, g.text.charAt(0) == "a")', 'sets.contains(g.many, g.many)', 'g.many.all(x, g.text.size() > 0)', 'g.many.all(x, g.wide != {})', 'g.many.all(x, (g.many + g.many).size() > 0)']) {
    const program = compile(expression, { variables: { g: { is: 'dyn' } } })
    assert.ok(!isCompileFault(program))
    const outcome = evaluate(program, { g: given }, perCallLimit)
    assert.deepEqual('error' in outcome && outcome.error, 'operation cancelled: actual cost limit exceeded', expression)
  }
})

test('whatever the words, an expression compiles or is refused, and runs or fails', () => {
  const words = ['1', '1u', '2.5', '"a"', "b'x'", 'true', 'null', 'x', 'x.a', 'x[0]', '[1, 2]', '{"a": 1}', '+', '-', '*', '/', '%', '==', '!=', '<', '>=', 'in', '&&', '||', '!', '?', ':', '(', ')', '[', ']', '{', '}', ',', '.', '.?', '[?', 'has(x.a)', '.size()', '.map(i, i)', '.all(i, i > 0)', '.exists(', 'dyn(', 'string(', 'int(', 'type(', 'duration("1s")', 'timestamp("2026-01-01T00:00:00Z")', '.matches("a+")', '.format([1])', 'quantity("1")', 'ip("::1")', 'optional.of(x)', '.orValue(1)', '.optMap(v, v)', '.join(",")', '.sum()']
  const random = seededRandom(7)
  const values = [1, 'a', null, { a: [1, 2.5] }, [1, 'b', [true]], { a: { b: 'c' } }, true]
  for (let count = 0; count < 5_000; count++) {
    const expression = Array.from({ length: 1 + random.below(9) }, () => words[random.below(words.length)]).join(' ')
    const program = compile(expression, { variables: { x: { is: 'dyn' } } })
    if (isCompileFault(program)) assert.match(program.fault, /^compilation failed: ERROR: <input>:/)
    else for (const value of values) assert.ok(evaluate(program, { x: value }, perCallLimit), expression)
  }
})

test('hostile patterns and texts end in time', () => table([
  [`"${'a'.repeat(5_000)}!".matches("^(a+)+$")`, false], [`"${'a'.repeat(2_000)}".matches("(a*)*b")`, false], ['"a".matches("(a{1000}){1000}")', 'invalid matches argument'], [`${'('.repeat(300)}1${')'.repeat(300)}`, 'expression recursion limit exceeded: 250'],
  [`${'!'.repeat(5_000)}true`, true], [`${'[1].map(x, '.repeat(100)}1${')'.repeat(100)} != []`, true], ['"x".replace("", "y")', 'yxy'],
  ['[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, [1,2,3,4,5,6,7,8,9,10].map(d, [1,2,3,4,5,6,7,8,9,10])))).size() > 0', true],
  ['[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, [1,2,3,4,5,6,7,8,9,10].map(d, [1,2,3,4,5,6,7,8,9,10].map(e, string(e) + "x"))))).size() > 0', 'error: operation cancelled: actual cost limit exceeded'],
]))
