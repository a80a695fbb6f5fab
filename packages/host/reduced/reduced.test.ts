import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idMap } from './ids.ts'
import { lacks } from './lacks.ts'
import { type ReducedGround, whyNotReduced } from './why-not.ts'

const anna = { name: 'anna', uid: 1000, gid: 1001 }

test('inside, 0 is the user himself, and the others are what the machine gives to him, by name or number', () => {
  const rows = [
    ['anna:100000:65536\n', [0, 1000, 1, 1, 100_000, 65_536]],
    ['bert:100000:65536\n1000:200000:65536\n', [0, 1000, 1, 1, 200_000, 65_536]],
    ['anna:100000:40000\nanna:300000:40000\n', [0, 1000, 1, 1, 100_000, 40_000, 40_001, 300_000, 40_000]],
    ['anna:100000:1000\n', undefined], ['annabel:100000:65536\n', undefined], ['anna:all:65536\n', undefined], ['', undefined],
  ] as const
  assert.deepEqual(rows.map(([given]) => idMap(anna, anna.uid, given)), rows.map(([, map]) => map))
})

test('what keeps an ordinary user from real nodes is said with what to do', () => {
  const ground = (changed: Partial<ReducedGround>): ReducedGround => ({ user: anna, subuid: 'anna:100000:65536', subgid: 'anna:100000:65536', tools: new Set(['newuidmap', 'newgidmap', 'crun']), setting: () => undefined, kernel: '6.1.0-13-amd64', ...changed })
  const rows: readonly (readonly [Partial<ReducedGround>, RegExp | undefined])[] = [
    [{}, undefined], [{ kernel: '5.11' }, undefined], [{ kernel: '5.10.0-8' }, /^Linux 5\.11 or newer.* \(this is 5\.10\.0-8\)$/],
    [{ setting: (name) => (name === 'user.max_user_namespaces' ? '0' : undefined) }, /which this machine forbids/], [{ setting: (name) => (name === 'kernel.unprivileged_userns_clone' ? '0' : undefined) }, /forbids/],
    [{ setting: (name) => (name === 'kernel.apparmor_restrict_unprivileged_userns' ? '1' : undefined) }, /AppArmor/],
    [{ tools: new Set(['newuidmap', 'crun']) }, /^newuidmap \(sudo apt-get install uidmap\)$/], [{ tools: new Set(['newuidmap', 'newgidmap']) }, /install crun/],
    [{ subuid: '' }, /^65,536 ids in \/etc\/subuid and \/etc\/subgid \(sudo usermod .* anna,/], [{ subgid: 'anna:1:2' }, /usermod/],
  ]
  for (const [changed, why] of rows) {
    const said = whyNotReduced(ground(changed))
    if (why === undefined) assert.equal(said, undefined)
    else assert.match(said ?? '', why)
  }
})

test('who has a way out does not lack it', () => {
  assert.match(lacks('alone'), /slirp4netns/)
  assert.doesNotMatch(lacks('way-out'), /slirp4netns/)
})

test('who was given control groups does not lack limits, and who was not is told what to do', () => {
  assert.doesNotMatch(lacks('alone', { is: 'delegated', base: '/user.slice/mine' }), /limits|control groups/)
  assert.match(lacks('alone', { is: 'none', why: 'do this' }), /^limits of CPU, memory and processes are not enforced, and use is not measured \(no control groups: do this\); /)
})
