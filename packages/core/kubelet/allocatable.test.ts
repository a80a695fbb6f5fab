import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocatableOf } from './allocatable.ts'
import { thresholdsDefault } from './eviction.ts'

const capacity = { cpu: '4', memory: '8388608Ki', 'ephemeral-storage': '104857600Ki', pods: '110', 'hugepages-2Mi': '0', 'example.com/gpu': '2' }

test('nothing is reserved unless it is said: pods may have what is there without what is to be left before one is evicted', () => {
  assert.deepEqual(allocatableOf(capacity, { reserved: [], thresholds: thresholdsDefault }), { ...capacity, memory: '8092Mi', 'ephemeral-storage': '90Gi' })
  assert.deepEqual(allocatableOf(capacity, { reserved: [], thresholds: [] }), { ...capacity, memory: '8Gi' })
})

test('what is reserved for the system and the kubelet is taken off, huge pages off the memory, and less than nothing is nothing', () => {
  const reserved: readonly Readonly<Record<string, string>>[] = [{ cpu: '500m', memory: '1Gi' }, { cpu: '100m', memory: '512Mi', 'ephemeral-storage': '200Gi' }]
  const { cpu, memory, 'ephemeral-storage': storage, 'hugepages-2Mi': pages } = allocatableOf({ ...capacity, 'hugepages-2Mi': '1Gi' }, { reserved, thresholds: [] })
  assert.deepEqual([cpu, memory, storage, pages], ['3400m', '5632Mi', '0', '1Gi'])
})
