// Whom a container runs as, and what it may do.
import assert from 'node:assert/strict'
import { aPod, type RealStory, shell } from '../world.ts'

const whoami = 'echo "$(id -u):$(id -g)"'
const says = async (world: Parameters<RealStory['tell']>[0], script: string, context: object, spec: object = {}): Promise<string> => world.says(aPod('secured', [shell(script, { securityContext: context })], spec))

export const security: readonly RealStory[] = [
  {
    row: '[sig-node] Security Context When creating a container with runAsUser should run the container with uid 65534 [LinuxOnly] [Conformance] [NodeConformance]',
    tell: async (world) => { assert.equal(await says(world, 'id -u', { runAsUser: 65534 }), '65534\n') },
  },
  {
    row: '[sig-node] Security Context should support container.SecurityContext.RunAsUser And container.SecurityContext.RunAsGroup [LinuxOnly] [Conformance]',
    tell: async (world) => { assert.equal(await says(world, whoami, { runAsUser: 1001, runAsGroup: 2002 }, { securityContext: { runAsUser: 1002, runAsGroup: 2003 } }), '1001:2002\n') },
  },
  {
    row: '[sig-node] Security Context should support pod.Spec.SecurityContext.RunAsUser And pod.Spec.SecurityContext.RunAsGroup [LinuxOnly] [Conformance]',
    tell: async (world) => { assert.equal(await says(world, whoami, {}, { securityContext: { runAsUser: 1001, runAsGroup: 2002 } }), '1001:2002\n') },
  },
  {
    row: '[sig-node] Security Context When creating a pod with privileged should run the container as unprivileged when false [LinuxOnly] [Conformance] [NodeConformance]',
    tell: async (world) => { assert.match(await says(world, 'ip link add dummy0 type dummy 2>&1 || true', { privileged: false }), /Operation not permitted/) },
  },
  {
    row: '[sig-node] Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false [Conformance] [NodeConformance]',
    tell: async (world) => { assert.equal(await says(world, 'echo written > /checkfile; cat /checkfile', { readOnlyRootFilesystem: false }), 'written\n') },
  },
  {
    row: '[sig-node] Kubelet when scheduling a read only busybox container should not write to root filesystem [LinuxOnly] [Conformance] [NodeConformance]',
    tell: async (world) => { assert.match(await says(world, 'echo test > /file; true', { readOnlyRootFilesystem: true }), /can't create \/file: Read-only file system/) },
  },
  {
    row: '[sig-node] Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false [LinuxOnly] [Conformance] [NodeConformance]',
    tell: async (world) => {
      // A program that belongs to root and makes who runs it root: unless it must not.
      const shared = { volumeMounts: [{ name: 'tools', mountPath: '/tools' }] }
      const init = shell('cp /usr/bin/perl /tools/perl && chmod 4755 /tools/perl', { ...shared, name: 'init' })
      const asks = (name: string, allowPrivilegeEscalation: boolean): object => shell(`/tools/perl -e 'print "Effective uid: $>\\n"'`, { ...shared, name, securityContext: { runAsUser: 1000, allowPrivilegeEscalation } })
      await world.says(aPod('escalates', [asks('main', false), asks('free', true)], { initContainers: [init], volumes: [{ name: 'tools', emptyDir: {} }] }))
      assert.deepEqual([await world.log('escalates'), await world.log('escalates', 'free')], ['Effective uid: 1000\n', 'Effective uid: 0\n'])
    },
  },
  {
    row: '[sig-node] Sysctls [LinuxOnly] should support sysctls [Environment:NotInUserNS] [Conformance] [NodeConformance]',
    tell: async (world) => { assert.equal(await says(world, 'cat /proc/sys/kernel/shm_rmid_forced', {}, { securityContext: { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] } }), '1\n') },
  },
]
