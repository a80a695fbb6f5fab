import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { find } from '../linux/probe.ts'
import { run } from '../linux/processes.ts'
import { enforcesAppArmor } from '../linux/security-modules.ts'
import { openAppArmor } from './app-armor.ts'
import { defaultProfile, defaultProfileName } from './app-armor-profile.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-apparmor-`)
after(() => { rmSync(work, { recursive: true, force: true }) })

/** The files of a kernel that has AppArmor, or has it turned off. */
function kernel(name: string, enabled: string): string {
  const root = `${work}/${name}`
  for (const folder of ['sys/kernel/security/apparmor', 'sys/module/apparmor/parameters']) mkdirSync(`${root}/${folder}`, { recursive: true })
  writeFileSync(`${root}/sys/module/apparmor/parameters/enabled`, `${enabled}\n`)
  writeFileSync(`${root}/sys/kernel/security/apparmor/profiles`, 'web (enforce)\nown://web with spaces (complain)\n/usr/sbin/ntpd (enforce)\n')
  return root
}

test('a kernel enforces AppArmor that has it and has it turned on, but for nobody in a user namespace', () => {
  const [on, off] = [kernel('on', 'Y'), kernel('off', 'N')]
  assert.deepEqual([enforcesAppArmor(on, false), enforcesAppArmor(on, true), enforcesAppArmor(off, false), enforcesAppArmor(`${work}/without`, false)], [true, false, false, false])
})

test('a container has the profile that it asks for, else the default one unless it is privileged', async () => {
  const loads: string[] = []
  const { profileOf } = openAppArmor({ root: kernel('asks', 'Y'), isEnforced: true, load: (text) => { loads.push(text); return Promise.resolve(undefined) } })
  const asked = (is: 'default' | 'unconfined' | undefined, privileged = false): Promise<string | undefined> => profileOf({ privileged, ...(is !== undefined && { appArmor: { is } }) })
  assert.deepEqual(await Promise.all([asked('unconfined'), asked('default', true), asked(undefined, true)]), [undefined, undefined, undefined])
  assert.deepEqual(loads, [], 'nothing is loaded for those who need nothing')
  assert.deepEqual(await Promise.all([asked(undefined), asked('default'), asked(undefined)]), [defaultProfileName, defaultProfileName, defaultProfileName])
  assert.deepEqual(loads, [defaultProfile], 'loaded once')
  const named = (name: string): Promise<string | undefined> => profileOf({ privileged: true, appArmor: { is: 'localhost', name } })
  assert.deepEqual(await Promise.all([named('web'), named('own://web with spaces')]), ['web', 'own://web with spaces'])
  await assert.rejects(named('other'), { message: 'failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found other' })
})

test('a default profile that cannot be loaded is told, and tried again for the next container', async () => {
  const answers = ['parser error("no rights"): exit status 1', undefined]
  const { profileOf } = openAppArmor({ root: kernel('fails', 'Y'), isEnforced: true, load: () => Promise.resolve(answers.shift()) })
  await assert.rejects(profileOf({ privileged: false }), { message: 'failed to create containerd container: load apparmor profile skiff-default: parser error("no rights"): exit status 1' })
  assert.equal(await profileOf({ privileged: false }), 'skiff-default')
})

test('without the kernel\'s AppArmor, or its parser, containers are unconfined, and those that ask for a profile are refused', async () => {
  const said: string[] = []
  for (const isEnforced of [true, false]) {
    const { profileOf } = openAppArmor({ root: work, isEnforced, load: 'missing', say: (message) => said.push(message) })
    assert.deepEqual([await profileOf({ privileged: false }), await profileOf({ privileged: false, appArmor: { is: 'unconfined' } })], [undefined, undefined])
    for (const appArmor of [{ is: 'default' }, { is: 'localhost', name: 'web' }] as const) await assert.rejects(profileOf({ privileged: false, appArmor }), { message: 'failed to get container spec opts: failed to generate apparmor spec opts: apparmor is not supported' })
  }
  assert.deepEqual(said.map((message) => /apparmor_parser \(Debian: apparmor\) is not installed/.test(message)), [true])
})

const parser = find('apparmor_parser')
test('the default profile is one that the parser understands', { skip: parser === undefined ? 'apparmor_parser (Debian: apparmor) is not installed' : false }, async () => {
  const { code, stderr } = await run(parser ?? '', ['--skip-kernel-load', '--skip-cache', '--quiet'], { input: defaultProfile })
  assert.equal(code, 0, stderr)
  const names = await run(parser ?? '', ['--names'], { input: defaultProfile })
  assert.equal(names.stdout, `${defaultProfileName}\n`)
  const broken = await run(parser ?? '', ['--skip-kernel-load', '--skip-cache', '--quiet'], { input: defaultProfile.replace('umount,', 'umount') })
  assert.notEqual(broken.code, 0)
})
