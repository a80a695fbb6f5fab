import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capacityOf, labelsOf, placed, poolOf, poolsOf } from './node-pools.ts'

test('a pool is read as a person writes it: one alone, a list, a list under pools', () => {
  assert.deepEqual(poolsOf({ count: 2, cpu: 16, memory: '64Gi', gpus: 4, zone: 'a', taints: ['gpu:NoSchedule', { key: 'team', value: 'x', effect: 'NoExecute' }], labels: { disk: 'ssd', tier: 1 } }), [{
    count: 2, cpu: '16', memory: '64Gi', resources: { 'nvidia.com/gpu': '4' }, zones: ['a'], labels: { disk: 'ssd', tier: '1' },
    taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }, { key: 'team', value: 'x', effect: 'NoExecute' }],
  }])
  assert.deepEqual(poolsOf([{ name: 'a' }, { name: 'b' }]), poolsOf({ pools: [{ name: 'a' }, { name: 'b' }] }))
})

test('what is no pool is told by its field', () => {
  const rows: readonly (readonly [unknown, string])[] = [
    [{ cpus: 4 }, 'a pool has no field cpus: expected name, count, cpu, memory, storage, pods, resources, gpus, devices, zone, zones, region, instanceType, labels, taints'],
    [{ cpu: 'many' }, "cpu takes a quantity such as 4, 500m or 16Gi, not 'many'"],
    [{ count: 0 }, "count takes a whole number from 1 to 30000, not '0'"],
    [{ pods: 300 }, "pods takes a whole number from 1 to 253, not '300'"],
    [{ name: 'Big' }, "name takes lower-case letters, digits and '-', not 'Big'"],
    [{ taints: ['a=b'] }, "taints[0] takes key=value:NoSchedule, :PreferNoSchedule or :NoExecute, not 'a=b'"],
    [{ resources: { gpu: 4 } }, "resources: an extended resource is named like example.com/thing, not 'gpu'"],
    [{ gpus: 'some' }, 'resources: nvidia.com/gpu=some: takes a whole number'],
    [{ labels: { 'node-role.kubernetes.io/worker': '' } }, "labels: a node must not give itself node-role.kubernetes.io/worker: use 'kubectl label node' when it is there"],
    [{ zones: 'a' }, 'zones takes a list, not "a"'],
    [4, 'a pool is an object with fields such as count, cpu and memory, not 4'],
  ]
  for (const [value, message] of rows) assert.throws(() => poolOf(value), { message })
})

test('nodes take turns in the zones, with the labels of a kubelet and a cloud provider', () => {
  const pool = { zones: ['a', 'b'], region: 'r', instanceType: 'big', labels: { disk: 'ssd' } }
  assert.deepEqual([0, 1, 2].map((nth) => labelsOf(pool, nth)['topology.kubernetes.io/zone']), ['a', 'b', 'a'])
  assert.deepEqual(labelsOf(pool, 1), {
    'topology.kubernetes.io/zone': 'b', 'failure-domain.beta.kubernetes.io/zone': 'b', 'topology.kubernetes.io/region': 'r', 'failure-domain.beta.kubernetes.io/region': 'r',
    'node.kubernetes.io/instance-type': 'big', 'beta.kubernetes.io/instance-type': 'big', disk: 'ssd',
  })
  assert.deepEqual(capacityOf({ resources: { 'nvidia.com/gpu': '4' } }), { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi', 'nvidia.com/gpu': '4' })
})

test('names and places go on where others are taken', () => {
  const made = placed([{ count: 2 }, { name: 'big', count: 2 }], { names: new Set(['sim-1', 'big-2']), places: new Set([1]) })
  assert.deepEqual(made.map(({ name, place, nth }) => [name, place, nth]), [['sim-2', 0, 0], ['sim-3', 2, 1], ['big-1', 3, 0], ['big-3', 4, 1]])
})
