import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldsMatch, isSelectorFault, labelSelectorText, labelsMatch, matchesLabels, parseFieldSelector, parseLabelSelector, checkLabelKey, checkLabelName, checkSubdomain } from './index.ts'

const matches = (selector: string, labels: Record<string, string>): boolean | string => {
  const parsed = parseLabelSelector(selector)
  return isSelectorFault(parsed) ? parsed.fault : labelsMatch(parsed, labels)
}

test('label selectors select as upstream says', () => {
  const web = { app: 'web', tier: 'front', weight: '7' }
  const rows: readonly (readonly [string, boolean])[] = [
    ['', true], ['app=web', true], ['app==web', true], ['app=api', false], ['app!=api', true], ['app!=web', false], ['missing!=x', true], ['missing=x', false],
    ['app in (web, api)', true], ['app in (api)', false], ['app notin (api)', true], ['missing notin (api)', true], ['app', true], ['missing', false], ['!missing', true],
    ['!app', false], ['weight>5', true], ['weight<5', false], ['app>5', false], ['app=web,tier in (front,back),!gone', true], ['app=', false], ['missing=', false],
    ['  app = web , tier ', true], ['in in (x)', false],
  ]
  assert.deepEqual(rows.map(([selector]) => [selector, matches(selector, web)]), rows)
})

test('a bad label selector is refused in upstream\'s words', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['app in web', "unable to parse requirement: found 'web' expected: '('"],
    ['app in (web', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['=x', "found '=', expected: !, identifier, or 'end of string'"],
    ['a=b,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a>x', "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"],
  ]
  assert.deepEqual(rows.map(([selector]) => [selector, matches(selector, {})]), rows)
})

test('selectors of specs: absent matches nothing, empty everything', () => {
  assert.deepEqual([undefined, {}, { matchLabels: { a: 'b' } }, { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] }, { matchExpressions: [{ key: 'c', operator: 'DoesNotExist' }] }]
    .map((selector) => matchesLabels(selector, { a: 'b' })), [false, true, true, false, true])
})

test('a selector is printed sorted by key', () => {
  assert.equal(labelSelectorText({ matchLabels: { b: '2' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }, { key: 'c', operator: 'DoesNotExist' }] }), 'a in (x,y),b=2,!c')
  assert.equal(labelSelectorText({}), '<none>')
})

test('field selectors', () => {
  const fields = new Map([['status.phase', 'Running'], ['spec.nodeName', ''], ['a', 'x,y=z']])
  const selected = (selector: string): boolean | string => {
    const parsed = parseFieldSelector(selector)
    return isSelectorFault(parsed) ? parsed.fault : fieldsMatch(parsed, (field) => fields.get(field))
  }
  const rows: readonly (readonly [string, boolean | string])[] = [
    ['', true], ['status.phase=Running', true], ['status.phase==Running,spec.nodeName=', true], ['status.phase!=Running', false], ['spec.nodeName!=', false],
    ['a=x\\,y\\=z', true], ['status.phase', "invalid selector: 'status.phase'; can't understand 'status.phase'"],
  ]
  assert.deepEqual(rows.map(([selector]) => [selector, selected(selector)]), rows)
})

test('names are judged in upstream\'s words', () => {
  assert.deepEqual(checkSubdomain('Web_1'), ["a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"])
  assert.deepEqual(checkLabelName('a.b'), ['must not contain dots'])
  assert.deepEqual(checkLabelName('a'.repeat(64)), ['must be no more than 63 characters'])
  assert.deepEqual(checkLabelKey('example.com/'), ["name part must be non-empty", "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"])
})
