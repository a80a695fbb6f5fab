import { inNetwork } from '../linux/namespaces.ts'
import { run } from '../linux/processes.ts'
import { changeScript, loadScript, rulesOf, type Forwarding, type RuleSet } from './rules.ts'

/** Keeps the packet rules of one network namespace as they were last asked for. */
export interface Programmer {
  /** Settles when these rules, or later ones, are in force; fails with nft's words. */
  program(forwarding: Forwarding): Promise<void>
}

/** The rules go to nft in whole transactions, one at a time; what is asked for meanwhile is joined into the next. */
export function createProgrammer(namespace: string): Programmer {
  let installed: { readonly frame: string; readonly rules: RuleSet } | undefined
  let wanted: Forwarding | undefined
  let running: Promise<void> | undefined

  async function install(): Promise<void> {
    while (wanted !== undefined) {
      const forwarding: Forwarding = wanted
      wanted = undefined
      const rules = rulesOf(forwarding)
      const frame = JSON.stringify([forwarding.address, forwarding.podNetwork, forwarding.clusterNetworks])
      const script = installed?.frame === frame ? changeScript(installed.rules, rules) : loadScript(forwarding, rules)
      if (script === '') continue
      const result = await inNetwork(namespace, () => run('nft', ['-f', '-'], { input: script }))
      installed = result.code === 0 ? { frame, rules } : undefined
      if (result.code !== 0) throw new Error(`cannot set the packet rules: ${result.stderr.trim().split('\n').slice(0, 3).join(' ')}`)
    }
  }

  return {
    program(forwarding) {
      wanted = forwarding
      running ??= Promise.resolve().then(install).finally(() => { running = undefined })
      return running
    },
  }
}
