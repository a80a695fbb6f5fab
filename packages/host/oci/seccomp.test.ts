import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultFilter } from './seccomp.ts'

const rulesFor = (capabilities: readonly string[]): ReturnType<typeof defaultFilter> => defaultFilter(capabilities, 'x64')
test('the default profile refuses what is not listed, and lets capabilities bring their own calls', () => {
  const plain = rulesFor([])
  assert.deepEqual([plain.defaultAction, plain.defaultErrnoRet, plain.architectures], ['SCMP_ACT_ERRNO', 1, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']])
  const allowed = (capabilities: readonly string[]): readonly string[] => rulesFor(capabilities).syscalls?.[0]?.names ?? []
  for (const call of ['mount', 'unshare', 'setns', 'bpf', 'keyctl', 'add_key', 'io_uring_setup', 'userfaultfd', 'kexec_load', 'reboot']) assert.equal(allowed([]).includes(call), false, call)
  for (const call of ['openat2', 'execve', 'arch_prctl', 'ptrace']) assert.equal(allowed([]).includes(call), true, call)
  assert.deepEqual([allowed(['CAP_SYS_ADMIN']).includes('mount'), allowed(['CAP_SYS_BOOT']).includes('reboot'), allowed(['CAP_SYS_ADMIN']).includes('clone3')], [true, true, true])
})

test('the default profile looks at the arguments of clone, clone3, socket and personality', () => {
  const byName = (capabilities: readonly string[], name: string): unknown => rulesFor(capabilities).syscalls?.slice(1).filter(({ names }) => names.includes(name)).map(({ action, errnoRet, args }) => [action, errnoRet, args?.map(({ value, op }) => [value, op])])
  assert.deepEqual(byName([], 'clone'), [['SCMP_ACT_ALLOW', undefined, [[0x7e020000, 'SCMP_CMP_MASKED_EQ']]]])
  assert.deepEqual(byName([], 'clone3'), [['SCMP_ACT_ERRNO', 38, undefined]])
  assert.deepEqual(byName(['CAP_SYS_ADMIN'], 'clone'), [])
  assert.deepEqual(byName([], 'socket'), [['SCMP_ACT_ALLOW', undefined, [[40, 'SCMP_CMP_NE']]]])
  assert.equal((byName([], 'personality') as readonly unknown[]).length, 5)
})
