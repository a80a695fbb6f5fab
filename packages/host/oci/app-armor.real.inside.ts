import assert from 'node:assert/strict'
import { test } from 'node:test'
import { find } from '../linux/probe.ts'
import { enforcesAppArmor } from '../linux/security-modules.ts'
import { type RealWorld, security } from './real.world.ts'

const forever = 'while :; do sleep 1000 & wait; done'

/** What the kernel's AppArmor makes of containers, where there is one. */
export function appArmorTest(world: RealWorld): void {
  test('containers run under an AppArmor profile of ours, under one of the machine, or under none', { skip: enforcesAppArmor() && find('apparmor_parser') !== undefined ? false : 'this kernel has no AppArmor, or the machine no apparmor_parser' }, async () => {
    await world.pod('armour')
    const shown = async (container: string, ...command: string[]): Promise<string> => (await world.exec('armour', container, 'sh', '-c', command.join('; '))).stdout
    const strong = { capabilitiesAdded: ['SYS_ADMIN', 'SYS_PTRACE'], unmasked: true }
    await world.start('armour', 'plain', { security: security(strong), command: ['sh', '-c', `trap 'exit 7' TERM; ${forever}`] })
    await world.start('armour', 'free', { security: security({ ...strong, appArmor: { is: 'unconfined' } }) })
    await world.start('armour', 'strong', { security: security({ privileged: true }) })
    const current = 'cat /proc/1/attr/current /proc/self/attr/current'
    assert.deepEqual([await shown('plain', current), await shown('free', current), await shown('strong', current)], ['skiff-default (enforce)\n'.repeat(2), 'unconfined\n'.repeat(2), 'unconfined\n'.repeat(2)])
    // What its capabilities would let it, and what it is to be able to.
    const tried = ['mount -t tmpfs t /tmp', 'echo 1 > /proc/sys/vm/drop_caches', 'echo x > /proc/sys/kernel/core_pattern', 'head -c 1 /proc/kcore', 'echo a > /tmp/a && chmod 700 /tmp/a && rm /tmp/a', 'ls -l /proc/1/fd', 'kill -0 1'].map((script) => `(${script}) > /dev/null 2>&1 && echo yes || echo no`)
    assert.equal(await shown('plain', ...tried), 'no\nno\nno\nno\nyes\nyes\nyes\n')
    assert.match(await shown('free', ...tried.slice(0, 1)), /^yes$/m)
    const answer = await world.start('armour', 'unknown', { security: security({ appArmor: { is: 'localhost', name: 'skiff-no-such' } }) })
    assert.equal(answer.is === 'start-failed' ? answer.message : answer.is, 'failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found skiff-no-such')
    await world.start('armour', 'named', { security: security({ appArmor: { is: 'localhost', name: 'skiff-default' }, privileged: true }) })
    assert.match(await shown('named', current), /^skiff-default \(enforce\)$/m)
    world.runtime.submit({ do: 'stop', pod: 'armour', container: 'plain', attempt: 0, graceSeconds: 30 })
    assert.equal((await world.exited('armour', 'plain')).exitCode, 7)
    await world.teardown('armour')
  })
}
