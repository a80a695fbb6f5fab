import { readFileSync } from 'node:fs'
import { arch } from 'node:os'
import { wordsOf } from '@kubeskiff/core/base'
import { always, byArchitecture, byCapability, hypervisorSockets, namespaceFlags, personalities } from './seccomp-calls.ts'

/** A filter of system calls, in the form of the OCI runtime specification. */
export interface SeccompFilter { readonly defaultAction: string; readonly defaultErrnoRet?: number; readonly architectures?: readonly string[]; readonly syscalls?: readonly SystemCallRule[] }
export interface SystemCallRule {
  readonly names: readonly string[]
  readonly action: string
  readonly errnoRet?: number
  readonly args?: readonly { readonly index: number; readonly value: number; readonly valueTwo?: number; readonly op: string }[]
}

const allow = 'SCMP_ACT_ALLOW'
const refuse = 'SCMP_ACT_ERRNO'
const notPermitted = 1
const noSuchCall = 38

/** The profile RuntimeDefault for a container with these capabilities: what is not listed is answered with EPERM. */
export function defaultFilter(capabilities: readonly string[], machine: string = arch()): SeccompFilter {
  const own = byArchitecture[machine]
  const isAdministrator = capabilities.includes('CAP_SYS_ADMIN')
  const names = [...always, ...own?.names ?? [], ...capabilities.flatMap((capability) => byCapability[capability] ?? [])]
  return {
    defaultAction: refuse, defaultErrnoRet: notPermitted, ...(own === undefined ? {} : { architectures: own.architectures }),
    syscalls: [
      { names: [...new Set(names)], action: allow },
      ...personalities.map((value): SystemCallRule => ({ names: ['personality'], action: allow, args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }] })),
      { names: ['socket'], action: allow, args: [{ index: 0, value: hypervisorSockets, op: 'SCMP_CMP_NE' }] },
      ...(isAdministrator ? [] : [
        { names: ['clone'], action: allow, args: [{ index: 0, value: namespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] },
        // Its flags are in memory, where a filter cannot look: who hears that there is no such call uses clone.
        { names: ['clone3'], action: refuse, errnoRet: noSuchCall },
      ]),
    ],
  }
}

/** A profile of the machine's own. As upstream, a file below the kubelet's folder. Throws with the words of the event when it cannot be read. */
export function filterFrom(path: string): SeccompFilter {
  try { return JSON.parse(readFileSync(path, 'utf8')) as SeccompFilter } catch (error) { // the runtime checks its form
    throw new Error(`cannot load seccomp profile ${JSON.stringify(path)}: ${wordsOf(error)}`)
  }
}
