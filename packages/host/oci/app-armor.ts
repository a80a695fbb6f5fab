import type { ContainerSpec } from '@kubeskiff/core/kubelet'
import { find } from '../linux/probe.ts'
import { run } from '../linux/processes.ts'
import { enforcesAppArmor, loadedProfiles } from '../linux/security-modules.ts'
import { defaultProfile, defaultProfileName } from './app-armor-profile.ts'

/** Finds the AppArmor profiles of containers. */
export interface AppArmor {
  /** The name of a loaded profile; undefined: none is to be set. Throws in containerd's words where the container cannot have what it asks for. */
  profileOf(security: Pick<ContainerSpec['security'], 'appArmor' | 'privileged'>): Promise<string | undefined>
}

type Load = (text: string) => Promise<string | undefined>
export interface AppArmorOptions {
  /** Where the kernel's files are. */
  readonly root?: string
  readonly isEnforced?: boolean
  /** Loads a profile's text; says why it could not. */
  readonly load?: Load | 'missing'
  readonly say?: (message: string) => void
}

/** The profiles of this machine. The default one is loaded when the first container needs it, once for each run of ours: its text may have changed. */
export function openAppArmor({ root = '', isEnforced = enforcesAppArmor(root), load = theParser(), say = complain }: AppArmorOptions = {}): AppArmor {
  if (isEnforced && load === 'missing') say('this kernel has AppArmor, and apparmor_parser (Debian: apparmor) is not installed: containers are unconfined, and those that ask for a profile do not start')
  let loading: Promise<string | undefined> | undefined
  return {
    async profileOf({ appArmor, privileged }) {
      if (!isEnforced || load === 'missing') {
        // As containerd, for which AppArmor without its parser is none.
        if (appArmor === undefined || appArmor.is === 'unconfined') return undefined
        throw specFault('apparmor is not supported')
      }
      if (appArmor?.is === 'localhost') {
        if (!loadedProfiles(root).has(appArmor.name)) throw specFault(`apparmor profile not found ${appArmor.name}`)
        return appArmor.name
      }
      if (appArmor?.is === 'unconfined' || privileged) return undefined
      loading ??= load(defaultProfile)
      const why = await loading
      if (why === undefined) return defaultProfileName
      loading = undefined // The next container tries again.
      throw new Error(`failed to create containerd container: load apparmor profile ${defaultProfileName}: ${why}`)
    },
  }
}

const specFault = (why: string): Error => new Error(`failed to get container spec opts: failed to generate apparmor spec opts: ${why}`)
const complain = (message: string): void => { process.stderr.write(`${message}\n`) }

/** Loads by the machine's own parser, which alone knows the kernel's form. */
function theParser(): Load | 'missing' {
  const parser = find('apparmor_parser')
  if (parser === undefined) return 'missing'
  return async (text) => {
    const { code, stderr } = await run(parser, ['--replace', '--skip-cache'], { input: text })
    return code === 0 ? undefined : `parser error(${JSON.stringify(stderr.trim())}): exit status ${code}`
  }
}
