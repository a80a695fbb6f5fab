import assert from 'node:assert/strict'
import { test } from 'node:test'
import { credentialsFor, credentialsHash, credentialsIn, mayUse } from './registry-credentials.ts'

test('credentials open the registries whose host, port and path they name, wildcards part by part', () => {
  const rows: readonly (readonly [image: string, registry: string, opens: boolean])[] = [
    ['registry.example/team/app', 'registry.example', true],
    ['registry.example/team/app', 'https://registry.example', true],
    ['registry.example/team/app', 'http://registry.example/', true],
    ['registry.example/team/app', 'https://registry.example/v1/', true],
    ['registry.example/team/app', 'https://registry.example/v2/', true],
    ['registry.example/team/app', 'registry.example/team', true],
    ['registry.example/team/app', 'registry.example/tea', true],
    ['registry.example/team/app', 'https://registry.example/v2/team', true],
    ['registry.example/team/app', 'registry.example/other', false],
    ['registry.example/team/app', 'registry.example:443', false],
    ['registry.example:5000/app', 'registry.example:5000', true],
    ['registry.example:5000/app', 'registry.example', false],
    ['registry.example:5000/app', 'registry.example:5001', false],
    ['a.registry.example/app', '*.registry.example', true],
    ['a.registry.example/app', '*.*.example', true],
    ['a.registry.example/app', 'a*.registry.example', true],
    ['a.registry.example/app', '?.registry.example', true],
    ['a.registry.example/app', '[a-c].registry.example', true],
    ['d.registry.example/app', '[a-c].registry.example', false],
    ['a.registry.example/app', 'registry.example', false],
    ['a.b.registry.example/app', '*.registry.example', false],
    ['registry.example/app', '*.registry.example', false],
    ['a.registry.example:5000/app', '*.registry.example:5000', true],
    ['a.registry.example/team/app', '*.registry.example/team', true],
    ['a.registry.example/app', '[.registry.example', false],
    ['aXregistry.example/app', 'a.registry.example', false],
    ['docker.io/library/nginx', 'https://index.docker.io/v1/', true],
    ['docker.io/library/nginx', 'index.docker.io', true],
    ['docker.io/library/nginx', 'docker.io', true],
    ['docker.io/library/nginx', 'docker.io/library', true],
    ['docker.io/team/app', 'docker.io/library', false],
    ['docker.io/library/nginx', 'registry.example', false],
    ['registry.example/library/nginx', 'https://index.docker.io/v1/', false],
    ['registry.example/app', '', false],
    ['abcbd.example/app', 'a*b*d.example', true],
    ['abcbd.example/app', '*bc*b?.example', true],
    ['abcbd.example/app', 'a*bd*c.example', false],
    ['ab.example/app', '*[xb]*.example', true],
    // What would keep a regular expression busy for longer than anybody waits.
    [`${'a'.repeat(63)}.example/app`, `${'*a'.repeat(25)}*b.example`, false],
  ]
  for (const [image, registry, opens] of rows) assert.equal(credentialsFor(image, [{ registry, username: 'u', password: 'p' }]).length === 1, opens, `${image} by ${JSON.stringify(registry)}`)
})

test('of several that match the longer comes first, and those of one registry as they came; what is docker\'s by default is the last resort', () => {
  const all = ['quay.example', 'quay.example/team', 'https://quay.example', '*.example', 'https://index.docker.io/v1/'].map((registry, at) => ({ registry, username: String(at), password: '' }))
  const order = (image: string): string => credentialsFor(image, all).map(({ username }) => username).join(' ')
  assert.deepEqual([order('quay.example/team/app'), order('quay.example/app'), order('other.example/app'), order('docker.io/library/nginx')], ['1 0 2 3', '0 2 3', '3', '4'])
})

test('an entry has its name and password in one, or apart; what has neither is left out', () => {
  assert.deepEqual(credentialsIn({ a: { auth: 'bWU6cGE6c3M=' }, b: { username: 'me', password: 'pass' }, c: { auth: '%' }, d: {}, e: { auth: 'bWU6cGFzcw', username: 'x', password: 'y' }, f: null }), [
    { registry: 'a', username: 'me', password: 'pa:ss' }, { registry: 'b', username: 'me', password: 'pass' }, { registry: 'e', username: 'me', password: 'pass' },
  ])
  assert.deepEqual([credentialsIn(undefined), credentialsIn('x')], [[], []])
})

test('what was pulled with a Secret may be used with the same credentials, or with that Secret whatever it holds now', () => {
  const source = (uid: string, name: string, hash: string, namespace = 'a') => ({ uid, namespace, name, hash })
  const access = { anyone: false, secrets: [source('u', 'pull', 'h')] }
  const has = (...sources: readonly ReturnType<typeof source>[]) => sources.map((each) => ({ registry: 'r', username: '', password: '', source: each }))
  assert.deepEqual([
    mayUse(undefined, []), mayUse({ anyone: true, secrets: [] }, []), mayUse(access, []), mayUse(access, [{ registry: 'r', username: '', password: '' }]),
    mayUse(access, has(source('other', 'own', 'h', 'b'))), mayUse(access, has(source('u', 'pull', 'new'))), mayUse(access, has(source('made anew', 'pull', 'new'))), mayUse(access, has(source('x', 'x', 'x'), source('u', 'pull', 'h'))),
  ], [true, true, false, false, true, true, false, true])
  const hashes = [['me', 'pass'], ['me', 'other'], ['mep', 'ass']].map(([username = '', password = '']) => credentialsHash({ username, password }))
  assert.equal(new Set(hashes).size, 3)
})
