import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { containerContexts } from '../linux/security-modules.ts'
import { openSeLinux, type SeLinux } from './selinux.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-selinux-`)
after(() => { rmSync(work, { recursive: true, force: true }) })

const contexts = { process: 'system_u:system_r:container_t:s0', file: 'system_u:object_r:container_file_t:s0' }

/** The files of a machine with SELinux. */
function machine(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    const file = `${work}/${name}/${path}`
    mkdirSync(file.slice(0, file.lastIndexOf('/')), { recursive: true })
    writeFileSync(file, text)
  }
  return `${work}/${name}`
}

test('what containers are labelled with is said by the policy in use, where there is one', () => {
  const lxc = '# of containers\nprocess = "system_u:system_r:container_t:s0"\nfile = "system_u:object_r:container_file_t:s0"\nro_file="system_u:object_r:container_ro_file_t:s0"\n'
  const common = { 'sys/fs/selinux/enforce': '1', 'proc/self/attr/current': 'unconfined_u:unconfined_r:unconfined_t:s0\0', 'etc/selinux/config': 'SELINUX=enforcing\nSELINUXTYPE=mls\n' }
  const on = machine('on', { ...common, 'etc/selinux/mls/contexts/lxc_contexts': lxc })
  assert.deepEqual(containerContexts(on, false), contexts)
  assert.equal(containerContexts(on, true), undefined, 'in a user namespace nobody gives mounts a context')
  assert.equal(containerContexts(machine('no-policy', { ...common, 'proc/self/attr/current': 'kernel\0', 'etc/selinux/mls/contexts/lxc_contexts': lxc }), false), undefined)
  assert.equal(containerContexts(machine('knows-none', common), false), undefined)
  assert.equal(containerContexts(`${work}/without`, false), undefined)
  const lacking = machine('lacking', { ...common, 'etc/selinux/mls/contexts/lxc_contexts': lxc })
  mkdirSync(`${lacking}/sys/fs/selinux/context`)
  assert.equal(containerContexts(lacking, false), undefined, 'the kernel takes no context that the policy does not have')
})

/** A machine whose chance is told, and which says what was labelled. */
function opened(draws: readonly number[]): SeLinux & { readonly set: (readonly [string, string])[] } {
  const left = [...draws]
  const set: (readonly [string, string])[] = []
  return { ...openSeLinux({ contexts, random: () => left.shift() ?? 0, setContext: (path, context) => set.push([path, context]) }), set }
}

test('a pod has two categories that no other pod has, and its containers share them', () => {
  const seLinux = opened([5, 5, 9, 3, 3, 9, 7, 8])
  const [first, second] = [seLinux.podLabel(undefined), seLinux.podLabel({ type: 'spc_t' })]
  assert.deepEqual([first, second], ['system_u:system_r:container_t:s0:c3,c9', 'system_u:system_r:spc_t:s0:c7,c8'])
  const labels = (pod: string | undefined, more: object = {}): unknown => seLinux.labelsOf(pod, { privileged: false, ...more })
  assert.deepEqual(labels(first), { process: 'system_u:system_r:container_t:s0:c3,c9', mount: 'system_u:object_r:container_file_t:s0:c3,c9' })
  assert.deepEqual(labels(second), { process: 'system_u:system_r:spc_t:s0:c7,c8', mount: 'system_u:object_r:container_file_t:s0:c7,c8' })
  // A container's own word replaces all of its pod's but the level that is shared.
  assert.deepEqual(labels(second, { seLinux: { user: 'u' } }), { process: 'u:system_r:container_t:s0:c7,c8', mount: 'u:object_r:container_file_t:s0:c7,c8' })
  assert.deepEqual(labels(second, { seLinux: { level: 's0:c1.c4,c900' } }), { process: 'system_u:system_r:container_t:s0:c1.c4,c900', mount: 'system_u:object_r:container_file_t:s0:c1.c4,c900' })
  assert.deepEqual(labels(first, { privileged: true }), { mount: 'system_u:object_r:container_file_t:s0:c3,c9' })
})

test('categories are free again when the last pod that has them is gone, and stay taken over a restart', () => {
  const seLinux = opened([1, 2, 3, 4, 1, 2, 5, 6, 1, 2])
  const label = 'system_u:system_r:container_t:s0:c1,c2'
  seLinux.keep(label)
  assert.equal(seLinux.podLabel({ level: 's0:c1,c2' }), label, 'who names them shares them')
  assert.equal(seLinux.podLabel(undefined), 'system_u:system_r:container_t:s0:c3,c4')
  seLinux.release('a', label)
  assert.equal(seLinux.podLabel(undefined), 'system_u:system_r:container_t:s0:c5,c6')
  seLinux.release('b', label)
  assert.equal(seLinux.podLabel(undefined), label)
})

test('nothing but a label fits into a label, and without SELinux nothing is looked at', () => {
  const seLinux = opened([1, 2])
  for (const [options, field] of [[{ level: 's0:c1,upperdir=/' }, 'level'], [{ type: 'x",upperdir="/' }, 'type'], [{ user: 'a:b' }, 'user'], [{ role: 'a b' }, 'role']] as const) {
    assert.throws(() => seLinux.podLabel(options), { message: `failed to init selinux options: the format of '${field}' ${JSON.stringify(Object.values(options)[0])} is not correct` })
    assert.throws(() => seLinux.labelsOf('a:b:c:s0', { privileged: false, seLinux: options }), /is not correct/)
  }
  const none = openSeLinux({ contexts: 'none' })
  assert.deepEqual([none.podLabel({ type: 'spc_t' }), none.labelsOf('a:b:c:s0', { privileged: false })], [undefined, undefined])
})

test('a volume is given to the first container that mounts it, and again when its files are new', () => {
  const seLinux = opened([])
  seLinux.relabelAgain('pod', 'config', '/volumes/config')
  for (const label of ['one', 'two']) seLinux.relabelVolume('pod', 'config', '/volumes/config', label)
  seLinux.relabelAgain('pod', 'config', '/volumes/config')
  seLinux.release('pod', undefined)
  seLinux.relabelVolume('pod', 'config', '/volumes/config', 'three')
  assert.deepEqual(seLinux.set, ['one', 'one', 'three'].map((label) => ['/volumes/config', label]))
})
