import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idPool, idsPerPod, UserRanges } from './user-ranges.ts'

const all = '         0          0 4294967295\n'
const last = 2 ** 32 - 1

test('the ids of pods are those of the user kubelet, or all above the machine\'s own that nobody else has', () => {
  const rows = [
    [{ subuid: '', subgid: '' }, [[65_536, last]]],
    [{ subuid: 'kubelet:65536:131072\nanna:100000:65536\n', subgid: 'kubelet:65536:131072\n' }, [[65_536, 196_608]]],
    [{ subuid: 'anna:100000:65536\nbert:165536:65536', subgid: 'anna:300000:10' }, [[65_536, 100_000], [231_072, 300_000], [300_010, last]]],
    // Inside a user namespace of an ordinary user.
    [{ subuid: 'anna:100000:65536', subgid: '', mapped: '0 1000 1\n1 100000 65536\n' }, [[65_536, 65_537]]],
    [{ subuid: '', subgid: '', mapped: '' }, []],
  ] as const
  assert.deepEqual(rows.map(([files]) => idPool({ mapped: all, ...files }).map(({ from, to }) => [from, to])), rows.map(([, spans]) => spans))
})

test('what the machine gives kubelet must be whole ranges, and the same for users and groups', () => {
  const rows = [
    ['kubelet:65536:65536', 'kubelet:131072:65536', /must be the same for users and groups/], ['kubelet:65536:65536', '', /must be the same/],
    ['kubelet:0:65536', 'kubelet:0:65536', /must begin at a multiple of 65536 above 0/], ['kubelet:100000:65536', 'kubelet:100000:65536', /multiple of 65536/], ['kubelet:65536:1000', 'kubelet:65536:1000', /be a multiple of it/],
  ] as const
  for (const [subuid, subgid, message] of rows) assert.throws(() => idPool({ subuid, subgid, mapped: all }), message)
})

test('never two pods with the same ids: those that were had stay, those that were given back come last', () => {
  const ranges = new UserRanges(() => [{ from: 100_000, to: 100_000 + 4 * idsPerPod }])
  const taken = (pod: string): number => ranges.take(pod).hostId / idsPerPod
  ranges.keep('before', { hostId: 2 * idsPerPod, length: idsPerPod })
  assert.deepEqual(['before', 'a', 'b', 'a'].map(taken), [2, 3, 4, 3])
  assert.throws(() => ranges.take('c'), /could not find an empty slot to allocate a user namespace/)
  ranges.release('a')
  assert.equal(taken('c'), 3)
})
