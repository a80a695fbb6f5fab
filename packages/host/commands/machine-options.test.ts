import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from './arguments.ts'
import { askedChoices, handlersChoice, registriesChoice } from './machine-options.ts'

test('a joined machine is told what to do its own way, and what to do as its cluster again', () => {
  for (const [values, asked] of [
    [{}, {}],
    [{ 'host-files': 'real', network: 'cni' }, { hostFiles: 'real', network: { is: 'cni' } }],
    [{ 'cni-conf-dir': '/a', 'cni-bin-dir': '/b:/c' }, { network: { is: 'cni', configurations: '/a', plugins: ['/b', '/c'] } }],
    [{ 'host-files': 'cluster', network: 'cluster', 'kubelet-config': '', mirror: [''] }, { hostFiles: 'cluster', network: 'cluster', kubelet: 'cluster', registries: 'cluster' }],
    [{ mirror: ['docker.io=https://mirror.example.com/'], 'insecure-registry': ['a:5000'] }, { registries: { mirrors: { 'docker.io': ['https://mirror.example.com'] }, insecure: ['a:5000'] } }],
  ] as const) assert.deepEqual(askedChoices(values), asked)
  for (const values of [{ network: 'calico' }, { network: 'cluster', 'cni-conf-dir': '/a' }, { network: 'built-in', 'cni-bin-dir': '/a' }, { 'host-files': 'none' }]) assert.throws(() => askedChoices(values), UsageError)
})

test('handlers are programs of this machine by name', () => {
  const shell = handlersChoice(['one=sh'])?.['one']
  assert.match(shell ?? '', /^\/.*\/sh$/)
  assert.deepEqual([handlersChoice(undefined), handlersChoice(['']), handlersChoice([`a=${shell}`, `b-1=${shell}`])], [undefined, {}, { a: shell, 'b-1': shell }])
  assert.deepEqual([askedChoices({ 'runtime-handler': [''] }), askedChoices({ 'runtime-handler': [`a=${shell}`] })], [{ runtimeHandlers: 'cluster' }, { runtimeHandlers: { a: shell } }])
  for (const text of ['sh', '=sh', 'A=sh', 'a_b=sh', 'a=']) assert.throws(() => handlersChoice([text]), /takes a handler and its program/)
  assert.throws(() => handlersChoice(['gvisor=/no/such/runsc']), /there is no program \/no\/such\/runsc on this machine/)
})

test('what is said of mirrors takes the place of those there were, and leaves what is said of other registries', () => {
  const before = { mirrors: { 'docker.io': ['https://old.example.com'] }, insecure: ['a:5000'] }
  assert.equal(registriesChoice({}, before), before)
  assert.deepEqual(registriesChoice({ mirror: ['quay.io=https://one.example.com', 'quay.io=https://two.example.com'] }, before), { mirrors: { 'quay.io': ['https://one.example.com', 'https://two.example.com'] }, insecure: ['a:5000'] })
  assert.deepEqual(registriesChoice({ mirror: [''], 'insecure-registry': [''] }, before), {})
  for (const text of ['https://mirror.example.com', 'docker.io=mirror.example.com:5000', '=https://mirror.example.com', 'docker.io=ftp://mirror.example.com']) assert.throws(() => registriesChoice({ mirror: [text] }, before), /--mirror takes a registry and its mirror/)
})
