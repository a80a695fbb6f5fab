// emptyDir: who may do what with a new file, on disk and in memory; and that containers of a pod share one.
import assert from 'node:assert/strict'
import { aPod, type RealStory, shell } from '../world.ts'

const media = { default: {}, tmpfs: { medium: 'Memory' } }
const users = { 'root': 0, 'non-root': 1001 }
const modes = ['0644', '0666', '0777'] as const

const volume = (medium: object): object => ({ volumes: [{ name: 'scratch', emptyDir: medium }] })
const mounted = { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] }
/** Whether the mount table calls it a file system in memory. */
const type = `grep -q ' /scratch tmpfs ' /proc/mounts && echo tmpfs || echo default`

export const volumesEmpty: readonly RealStory[] = [
  ...Object.entries(media).flatMap(([medium, source]) => Object.entries(users).flatMap(([who, user]) => modes.map((mode): RealStory => ({
    row: `[sig-storage] EmptyDir volumes should support (${who},${mode},${medium}) [LinuxOnly] [Conformance] [NodeConformance]`,
    tell: async (world) => {
      const script = `umask 0; echo kept > /scratch/file && chmod ${mode} /scratch/file && cat /scratch/file && stat -c '%a %u' /scratch/file && ${type}`
      const log = await world.says(aPod('writer', [shell(script, { ...mounted, securityContext: { runAsUser: user } })], volume(source)))
      assert.equal(log, `kept\n${mode.slice(1)} ${user}\n${medium}\n`)
    },
  })))),
  ...Object.entries(media).map(([medium, source]): RealStory => ({
    row: `[sig-storage] EmptyDir volumes volume on ${medium === 'default' ? 'default medium' : medium} should have the correct mode [LinuxOnly] [Conformance] [NodeConformance]`,
    tell: async (world) => {
      // In memory it has the sticky bit too, as on other nodes.
      assert.equal(await world.says(aPod('looker', [shell(`stat -c %a /scratch | tail -c 4; ${type}`, mounted)], volume(source))), `777\n${medium}\n`)
    },
  })),
  {
    row: '[sig-storage] EmptyDir volumes pod should support shared volumes between containers [Conformance]',
    tell: async (world) => {
      const writer = shell('echo from the other > /scratch/file; sleep 100000', { ...mounted, name: 'writer' })
      const reader = shell('until [ -s /scratch/file ]; do sleep 0.1; done; cat /scratch/file; sleep 100000', mounted)
      await world.runs(aPod('both', [writer, reader], volume({})))
      await world.logged('both', (log) => log === 'from the other\n')
      assert.equal(await world.sh('both', 'cat /scratch/file'), 'from the other\n')
    },
  },
]
