import { readFileSync } from 'node:fs'
import { release, userInfo } from 'node:os'
import { find } from '../linux/probe.ts'
import { idMap, type OrdinaryUser } from './ids.ts'

/** Whether real nodes here would be an ordinary user's: on Linux, without root. */
export const isOrdinaryUser = (): boolean => process.platform === 'linux' && process.getuid?.() !== 0

export function ordinaryUser(): OrdinaryUser {
  const { username, uid, gid } = userInfo()
  return { name: username, uid, gid }
}

/** What decides whether an ordinary user can have real nodes. */
export interface ReducedGround {
  readonly user: OrdinaryUser
  readonly subuid: string
  readonly subgid: string
  /** Programs that are there. */
  readonly tools: ReadonlySet<string>
  /** Settings of the kernel by name, where it has them. */
  readonly setting: (name: string) => string | undefined
  /** As `uname -r` says it. */
  readonly kernel: string
}

const overlaySince = [5, 11] as const

/** Why an ordinary user can have no real nodes on this machine, with what to do; undefined when he can. */
export function whyNotReduced({ user, subuid, subgid, tools, setting, kernel }: ReducedGround): string | undefined {
  const [major = 0, minor = 0] = kernel.split('.').map(Number)
  if (major < overlaySince[0] || (major === overlaySince[0] && minor < overlaySince[1])) return `Linux ${overlaySince.join('.')} or newer, which lets him mount overlays (this is ${kernel})`
  if (setting('user.max_user_namespaces') === '0' || setting('kernel.unprivileged_userns_clone') === '0') return 'user namespaces, which this machine forbids (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)'
  if (setting('kernel.apparmor_restrict_unprivileged_userns') === '1') return 'user namespaces, which AppArmor takes from programs without a profile here (sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 lets them)'
  if (!tools.has('newuidmap') || !tools.has('newgidmap')) return 'newuidmap (sudo apt-get install uidmap)'
  if (!tools.has('crun')) return 'crun (sudo apt-get install crun)'
  if (idMap(user, user.uid, subuid) === undefined || idMap(user, user.gid, subgid) === undefined) return `65,536 ids in /etc/subuid and /etc/subgid (sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user.name}, with ids that are nobody's)`
  return undefined
}

/** The ground that this machine and the user of this process give. */
export function reducedGround(): ReducedGround {
  return {
    user: ordinaryUser(), subuid: textOf('/etc/subuid') ?? '', subgid: textOf('/etc/subgid') ?? '', kernel: release(),
    tools: new Set(['newuidmap', 'newgidmap', 'crun'].filter((tool) => find(tool) !== undefined)),
    setting: (name) => textOf(`/proc/sys/${name.replaceAll('.', '/')}`)?.trim(),
  }
}

function textOf(path: string): string | undefined {
  try { return readFileSync(path, 'utf8') } catch {
    return undefined // This machine has no such file.
  }
}
