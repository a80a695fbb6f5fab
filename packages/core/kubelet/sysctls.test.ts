import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/resources.ts'
import { forbiddenSysctl } from './sysctls.ts'

const aPod = (name: string, spec: object = {}): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'default', uid: 'u' }, spec: { containers: [], securityContext: { sysctls: [{ name, value: '1' }] }, ...spec }, status: {} }) as unknown as Pod

test('a pod makes settings of its own namespaces only', () => {
  for (const [pod, why] of [
    [aPod('net.ipv4.tcp_syncookies'), undefined],
    [aPod('net/ipv4/tcp_syncookies'), undefined],
    [aPod('kernel.shm_rmid_forced'), undefined],
    // This one would make the machine run a program of the pod's choice as root.
    [aPod('kernel.core_pattern'), 'forbidden sysctl: "kernel.core_pattern" not allowlisted'],
    [aPod('vm.overcommit_memory'), 'forbidden sysctl: "vm.overcommit_memory" not allowlisted'],
    [aPod('net.ipv4.ip_forward'), 'forbidden sysctl: "net.ipv4.ip_forward" not allowlisted'],
    [aPod('net.ipv4.tcp_syncookies', { hostNetwork: true }), 'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled'],
    [aPod('kernel.shm_rmid_forced', { hostIPC: true }), 'forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc enabled'],
  ] as const) assert.equal(forbiddenSysctl(pod), why)
  const allowed = ['kernel.msg*', 'net/core/somaxconn']
  assert.deepEqual(['kernel.msgmax', 'kernel/msgmnb', 'net.core.somaxconn', 'kernel.sem'].map((name) => forbiddenSysctl(aPod(name), allowed)), [undefined, undefined, undefined, 'forbidden sysctl: "kernel.sem" not allowlisted'])
  assert.equal(forbiddenSysctl(aPod('kernel.msgmax', { hostIPC: true }), allowed), 'forbidden sysctl: "kernel.msgmax" not allowed with host ipc enabled')
})
