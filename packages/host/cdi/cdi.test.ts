import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { withEdits } from './apply.ts'
import { editsOf } from './folders.ts'
import { parseSpecification } from './specification.ts'

const specification = (more: object = {}, device: object = {}): string => JSON.stringify({ cdiVersion: '0.6.0', kind: 'vendor.com/gpu', devices: [{ name: 'zero', containerEdits: { env: ['GPU=zero'] }, ...device }], ...more })
const plain = { process: { user: { uid: 1000, gid: 0, additionalGids: [5] }, env: ['PATH=/bin', 'GPU=none'] }, mounts: [{ destination: '/', type: 'bind', source: '/r', options: [] }, { destination: '/lib/gpu', type: 'bind', source: '/old', options: [] }], linux: { resources: { devices: [{ allow: false, access: 'rwm' }] } } }

test('edits add variables, nodes, mounts, hooks and groups, and replace what was at their places', () => {
  const edits = parseSpecification(`
cdiVersion: 0.7.0
kind: vendor.com/gpu
containerEdits: {additionalGids: [5, 44, 0]}
devices:
- name: zero
  containerEdits:
    env: [GPU=zero]
    deviceNodes: [{path: /dev/gpu0, hostPath: /dev/zero, permissions: rw}, {path: /dev/made, type: c, major: 1, minor: 3, fileMode: 432, uid: 0, permissions: none}]
    mounts: [{hostPath: /opt/gpu/lib, containerPath: /lib/gpu, options: [ro, nosuid, bind]}, {hostPath: tmpfs, containerPath: /run/gpu, type: tmpfs}]
    hooks: [{hookName: createRuntime, path: /opt/gpu/hook, args: [hook, zero]}]
`)
  const zero = edits.devices.get('zero')
  assert.ok(zero)
  assert.deepEqual(withEdits(plain, [edits.edits, zero], (path) => (path.startsWith('/dev') ? path : `/node${path}`)), {
    process: { user: { uid: 1000, gid: 0, additionalGids: [5, 44] }, env: ['PATH=/bin', 'GPU=zero'] },
    mounts: [plain.mounts[0], { destination: '/lib/gpu', type: 'bind', source: '/node/opt/gpu/lib', options: ['ro', 'nosuid', 'bind'] }, { destination: '/run/gpu', type: 'tmpfs', source: 'tmpfs', options: [] }],
    linux: {
      devices: [{ path: '/dev/gpu0', type: 'c', major: 1, minor: 5, uid: 1000 }, { path: '/dev/made', type: 'c', major: 1, minor: 3, fileMode: 432, uid: 0 }],
      resources: { devices: [{ allow: false, access: 'rwm' }, { allow: true, type: 'c', major: 1, minor: 5, access: 'rw' }, { allow: true, type: 'c', major: 1, minor: 3, access: '' }] },
    },
    hooks: { createRuntime: [{ path: '/node/opt/gpu/hook', args: ['hook', 'zero'], env: [] }] },
  })
  const missing = parseSpecification(specification({}, { containerEdits: { deviceNodes: [{ path: '/dev/no-such' }] } })).devices.get('zero')
  assert.throws(() => withEdits(plain, missing === undefined ? [] : [missing], (path) => path), /failed to stat CDI host device "\/dev\/no-such"/)
})

test('what breaks the rules, or came after the version that is named, is refused', () => {
  for (const [text, why] of [
    [specification({ cdiVersion: '9.0.0' }), /invalid version "9.0.0"/], [specification({ kind: 'gpu' }), /invalid vendor or class in kind "gpu"/], [specification({ devices: [] }), /invalid spec, no devices/],
    [specification({}, { name: '-a' }), /invalid name "-a"/], [specification({}, { containerEdits: {} }), /empty device edits: "zero"/], [specification({}, { containerEdits: { env: ['=a'] } }), /invalid environment variable "=a"/],
    [specification({}, { containerEdits: { hooks: [{ hookName: 'later', path: '/x' }] } }), /invalid hook name "later"/], [specification({}, { containerEdits: { mounts: [{ hostPath: '/a' }] } }), /empty container path/],
    [specification({}, { containerEdits: { deviceNodes: [{ path: '/dev/a', permissions: 'x' }] } }), /invalid permissions "x"/], [specification({ cdiVersion: '0.3.0' }, { name: '0' }), /must be at least v0.5.0/],
    [specification({ cdiVersion: '0.3.0' }, { containerEdits: { mounts: [{ hostPath: '/a', containerPath: '/a', type: 'bind' }] } }), /must be at least v0.4.0/], [specification({ containerEdits: { additionalGids: [1] } }), /must be at least v0.7.0/],
    [specification({ cdiVersion: '0.5.0', kind: 'vendor.com/gpu.small' }), /must be at least v0.6.0/], [specification({}, { containerEdits: { netDevices: [{ hostInterfaceName: 'a', name: 'b' }] } }), /must be at least v1.1.0/],
  ] as const) assert.throws(() => parseSpecification(text), why)
})

test('devices are found by their whole name, later folders count more, and what is there twice counts for nothing', () => {
  const folder = mkdtempSync(`${tmpdir()}/skiff-cdi-`)
  const folders = [`${folder}/etc`, `${folder}/run`, `${folder}/nowhere`]
  const faults: string[] = []
  const variables = (...devices: readonly string[]): readonly string[] => editsOf(devices, folders, (message) => { faults.push(message) }).flatMap(({ env }) => env)
  try {
    for (const each of folders.slice(0, 2)) mkdirSync(each)
    writeFileSync(`${folders[0]}/gpu.json`, specification({ containerEdits: { env: ['ALL=1'] }, devices: [{ name: 'zero', containerEdits: { env: ['GPU=old'] } }, { name: 'one', containerEdits: { env: ['GPU=one'] } }] }))
    writeFileSync(`${folders[1]}/gpu.yaml`, 'cdiVersion: 0.5.0\nkind: vendor.com/gpu\ndevices: [{name: zero, containerEdits: {env: [GPU=new]}}]\n')
    writeFileSync(`${folders[1]}/other.txt`, 'no specification')
    assert.deepEqual([variables('vendor.com/gpu=zero'), variables('vendor.com/gpu=one', 'vendor.com/gpu=zero', 'vendor.com/gpu=one')], [['GPU=new'], ['ALL=1', 'GPU=one', 'GPU=new']])
    assert.throws(() => variables('vendor.com/gpu=two', 'vendor.com/nic=0', 'vendor.com/gpu=one'), /^Error: unresolvable CDI devices vendor.com\/gpu=two, vendor.com\/nic=0$/)
    writeFileSync(`${folders[0]}/again.json`, specification({}, { name: 'one' }))
    writeFileSync(`${folders[0]}/broken.json`, '{"kind": "a/b"}')
    assert.throws(() => variables('vendor.com/gpu=one'), /unresolvable CDI devices vendor.com\/gpu=one/)
    assert.deepEqual(faults, [`failed to load CDI Spec ${folders[0]}/broken.json: invalid version `, `conflicting device "vendor.com/gpu=one" in ${folders[0]}/gpu.json`])
    faults.length = 0
    // Neither waited for nor followed.
    execFileSync('mkfifo', [`${folders[1]}/pipe.json`])
    symlinkSync(`${folders[0]}/gpu.json`, `${folders[1]}/link.json`)
    mkdirSync(`${folders[1]}/folder.json`)
    assert.deepEqual(variables('vendor.com/gpu=zero'), ['GPU=new'])
    assert.deepEqual(faults.filter((fault) => fault.includes(`${folders[1]}/`)).map((fault) => fault.replace(/^.*?\/run\//, '').replace(/,.*/, '')), ['folder.json: it is no regular file', 'link.json: ELOOP: too many symbolic links encountered', 'pipe.json: it is no regular file'])
  } finally { rmSync(folder, { recursive: true }) }
})
