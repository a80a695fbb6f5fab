import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { delegatedGroups } from './delegation.ts'

const root = mkdtempSync(`${tmpdir()}/skiff-delegation-`)
after(() => { rmSync(root, { recursive: true, force: true }) })
const service = '/user.slice/user-1000.slice/user@1000.service'

/** A tree of the second version in which the user's systemd has its part. */
function tree(name: string, controllers: string): string {
  const place = `${root}/${name}`
  mkdirSync(`${place}${service}/app.slice/run-1.scope`, { recursive: true })
  for (const path of ['', '/user.slice', '/user.slice/user-1000.slice']) writeFileSync(`${place}${path}/cgroup.controllers`, 'cpuset cpu io memory hugetlb pids\n')
  writeFileSync(`${place}${service}/cgroup.controllers`, `${controllers}\n`)
  return place
}
/** The tree's files that are the user's: his systemd's and all below. */
const his = (place: string) => (path: string): boolean => path.startsWith(`${place}${service}`)

test('an ordinary user has the groups that his systemd was given, where he is in one of them himself', () => {
  const whole = tree('whole', 'cpu memory pids')
  const found = (own: string, place = whole): unknown => delegatedGroups(own, place, his(place))
  assert.deepEqual(found(`0::${service}/app.slice/run-1.scope\n`), { is: 'delegated', base: service })
  assert.deepEqual(found(`1:name=systemd:/\n0::${service}/init.scope\n`), { is: 'delegated', base: service })
  for (const own of ['0::/user.slice/user-1000.slice/session-2.scope\n', '0::/\n', '']) assert.deepEqual(found(own), { is: 'none', why: 'start it where your own systemd manages them: systemd-run --user --scope' })
  const part = tree('part', 'memory pids')
  assert.deepEqual(found(`0::${service}/app.slice/run-1.scope\n`, part), { is: 'none', why: `those of ${service} lack cpu: Delegate= of user@.service gives them` })
  assert.deepEqual(found(`0::${service}/app.slice/run-1.scope\n`, `${root}/none`), { is: 'none', why: 'this machine has none of version 2 alone' })
})
