import { inNetwork } from '../linux/namespaces.ts'
import { run } from '../linux/processes.ts'
import type { PacketTable } from './packet-table.ts'

/** Keeps the packet rules of one network namespace as its tables want them. */
export interface Programmer {
  /** Settles when what has been put, or something later, is in force; fails with nft's words. */
  flush(): Promise<void>
}

/** Gives a script to nft; answers with its exit code and complaints. */
export type Nft = (script: string) => Promise<{ readonly code: number; readonly stderr: string }>

/** The rules go to nft in whole transactions, one at a time; what is put meanwhile is joined into the next. */
export function createProgrammer(namespace: string, tables: () => readonly PacketTable[], nft: Nft = (input) => inNetwork(namespace, () => run('nft', ['-f', '-'], { input }))): Programmer {
  let asked = false
  let running: Promise<void> | undefined

  async function once(): Promise<Error | undefined> {
    const scripts = tables().map((table) => ({ script: table.script(), settle: table.begin() }))
    const script = scripts.map((one) => one.script).join('')
    const result = script === '' ? { code: 0, stderr: '' } : await nft(script).catch((error: unknown) => ({ code: -1, stderr: String(error) }))
    for (const { settle } of scripts) settle(result.code === 0)
    return result.code === 0 ? undefined : new Error(`cannot set the packet rules: ${result.stderr.trim().split('\n').slice(0, 3).join(' ')}`)
  }

  async function install(): Promise<void> {
    let failure: Error | undefined
    // What was asked for while a transaction failed is in none yet: the next one holds all.
    while (asked) {
      asked = false
      failure = await once()
    }
    // At once: who asks after the last transaction has begun none yet must not be given this promise.
    running = undefined
    if (failure !== undefined) throw failure
  }

  return {
    flush() {
      asked = true
      // Later in this turn: what is put in one turn is one transaction.
      running ??= Promise.resolve().then(install)
      return running
    },
  }
}
