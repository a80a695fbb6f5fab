import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thresholdsDefault } from '@kubeskiff/core/kubelet'
import { kubeletFault, thresholdsOf } from './kubelet-settings.ts'

const Gi = 2 ** 30
const both = (bytes: number | undefined) => ({ nodefs: bytes, imagefs: bytes })

test('thresholds are read as a kubelet reads them: one that is named takes the place of all defaults', () => {
  assert.deepEqual(thresholdsOf({ evictionHard: { 'memory.available': '200Mi', 'nodefs.available': '10%', 'pid.available': '1k' } }, both(500 * Gi)), [
    { signal: 'memory.available', least: { amount: 200 << 20 } }, { signal: 'nodefs.available', least: { percent: 10 } }, { signal: 'pid.available', least: { amount: 1000 } },
  ])
  assert.deepEqual(thresholdsOf({ evictionHard: {} }, both(500 * Gi)), [])
})

test('without a word they are upstream\'s, but a large disk that others fill need not be free by a tenth', () => {
  assert.deepEqual(thresholdsOf({}, both(20 * Gi)), thresholdsDefault)
  assert.deepEqual(thresholdsOf({}, both(undefined)), thresholdsDefault)
  const large = new Map(thresholdsOf({}, both(500 * Gi)).map(({ signal, least }) => [signal, least]))
  assert.deepEqual([large.get('memory.available'), large.get('nodefs.available'), large.get('imagefs.available'), large.get('nodefs.inodesFree'), large.get('imagefs.inodesFree')], [{ amount: 100 << 20 }, { amount: 2 * Gi }, { amount: 3 * Gi }, { percent: 5 }, { percent: 5 }])
  const [small] = thresholdsOf({}, { nodefs: 500 * Gi, imagefs: Gi }).filter(({ signal }) => signal === 'imagefs.available')
  assert.deepEqual(small?.least, { percent: 15 }, 'images may have a disk of their own')
})

test('what a kubelet here does not follow is told and not left out in silence', () => {
  for (const [value, fault] of [
    [{}, undefined],
    [{ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', podPidsLimit: 100, systemReserved: { cpu: '100m', memory: '1Gi' }, evictionHard: { 'pid.available': '5%' }, allowedUnsafeSysctls: ['kernel.msg*', 'net.core.somaxconn'] }, undefined],
    [[], /expected an object/], [{ maxPods: 3 }, /maxPods is not followed here/], [{ podPidsLimit: 0 }, /a number of processes, or -1 as podPidsLimit, found 0/],
    [{ kubeReserved: { memory: 'much' } }, /kubeReserved/], [{ systemReserved: { gpu: '1' } }, /systemReserved/], [{ evictionHard: { 'memory.free': '1Gi' } }, /evictionHard/], [{ evictionHard: { 'memory.available': '-1' } }, /evictionHard/],
    [{ allowedUnsafeSysctls: ['vm.overcommit_memory'] }, /allowedUnsafeSysctls/],
  ] as const) {
    if (fault === undefined) assert.equal(kubeletFault(value), undefined)
    else assert.match(kubeletFault(value) ?? '', fault)
  }
})
