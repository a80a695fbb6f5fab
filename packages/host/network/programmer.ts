import { inNetwork } from '../linux/namespaces.ts'
import { run } from '../linux/processes.ts'
import type { PacketTable } from './packet-table.ts'

/** Keeps the packet rules of one network namespace as its tables want them. */
export interface Programmer {
  /** Settles when what has been put, or something later, is in force; fails with nft's words. */
  flush(): Promise<void>
}

/** The rules go to nft in whole transactions, one at a time; what is put meanwhile is joined into the next. */
export function createProgrammer(namespace: string, tables: () => readonly PacketTable[]): Programmer {
  let asked = false
  let running: Promise<void> | undefined

  async function install(): Promise<void> {
    while (asked) {
      asked = false
      const scripts = tables().map((table) => ({ script: table.script(), settle: table.begin() }))
      const input = scripts.map(({ script }) => script).join('')
      const result = input === '' ? { code: 0, stderr: '' } : await inNetwork(namespace, () => run('nft', ['-f', '-'], { input }))
      for (const { settle } of scripts) settle(result.code === 0)
      if (result.code !== 0) throw new Error(`cannot set the packet rules: ${result.stderr.trim().split('\n').slice(0, 3).join(' ')}`)
    }
  }

  return {
    flush() {
      asked = true
      // Later in this turn: what is put in one turn is one transaction.
      running ??= Promise.resolve().then(install).finally(() => { running = undefined })
      return running
    },
  }
}
