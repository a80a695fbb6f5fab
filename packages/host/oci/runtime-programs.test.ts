import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { probeHost } from '../linux/probe.ts'
import { abilitiesIn, featuresOf, handlersOf } from './runtime-programs.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-handlers-`)
after(() => { rmSync(work, { recursive: true, force: true }) })

const machine = (tools: Readonly<Record<string, string>>, cgroups: 'v2' | 'none' = 'v2') => ({ cgroups, groupBase: '', tools: { ...Object.fromEntries(Object.keys(probeHost().tools).map((name) => [name, undefined])), conmon: '/bin/conmon', ...tools } as ReturnType<typeof probeHost>['tools'] })

test('crun runs what asks for nothing, runc where it is not there; each has a place of its own for its states', () => {
  const both = handlersOf(machine({ crun: '/usr/bin/crun', runc: '/usr/sbin/runc' }), '/state/oci', { gvisor: '/opt/runsc' })
  assert.deepEqual(both.usual, { runtime: '/usr/bin/crun', conmon: '/bin/conmon', flags: ['--root=/state/oci'], signals: 'by-number' })
  assert.deepEqual([...both.byName].map(([name, { runtime, flags, signals }]) => [name, runtime, flags, signals]), [
    ['crun', '/usr/bin/crun', ['--root=/state/oci'], 'by-number'], ['runc', '/usr/sbin/runc', ['--root=/state/oci-runc'], 'by-number'], ['gvisor', '/opt/runsc', ['--root=/state/oci-runsc'], 'by-program'],
  ])
  assert.equal(handlersOf(machine({ runc: '/usr/sbin/runc' }), '/state/oci').usual.runtime, '/usr/sbin/runc')
  assert.deepEqual([...handlersOf(machine({ crun: '/usr/bin/crun', runc: '/usr/sbin/runc' }, 'none'), '/s').byName.values()].map(({ flags }) => flags), [['--root=/s', '--cgroup-manager=disabled']])
  assert.throws(() => handlersOf(machine({}), '/s'), /crun \(or runc\) and conmon/)
})

test('a pod stays with what made it, whatever is usual later', () => {
  const later = handlersOf(machine({ runc: '/usr/sbin/runc' }), '/state/oci')
  const crun = { runtime: '/usr/bin/crun', flags: ['--root=/state/oci'], signals: 'by-number' as const }
  assert.deepEqual([later.of({ runtime: crun }), later.of({}), later.of(undefined)], [{ ...crun, conmon: '/bin/conmon' }, later.usual, later.usual])
})

test('what a handler can do is what its program says, or what is known of it', { skip: process.platform === 'win32' ? 'its programs are shell scripts' : false }, async () => {
  const program = (name: string, script: string): string => { writeFileSync(`${work}/${name}`, `#!/bin/sh\n${script}\n`); chmodSync(`${work}/${name}`, 0o755); return `${work}/${name}` }
  const features = JSON.stringify({ ociVersionMin: '1.0.0', mountOptions: ['ro', 'rro'], linux: { namespaces: ['mount', 'user'] } })
  const handlers = handlersOf(machine({ crun: program('crun', 'exit 1') }), '/s', { tells: program('tells', `echo '${features}'`), less: program('less', 'echo \'{"mountOptions":null}\''), silent: program('silent', 'exit 1') })
  const found = async (mapsOwners: boolean): Promise<unknown> => (await featuresOf(handlers, mapsOwners)).map((each) => [each.name, each.userNamespaces, each.recursiveReadOnlyMounts])
  assert.deepEqual(await found(true), [['', true, true], ['crun', true, true], ['tells', true, true], ['less', false, false], ['silent', false, false]])
  assert.deepEqual(await found(false), [['', false, true], ['crun', false, true], ['tells', false, true], ['less', false, false], ['silent', false, false]])
  assert.deepEqual([abilitiesIn('no json'), abilitiesIn('{}')], [undefined, { users: false, recursive: false }])
})
