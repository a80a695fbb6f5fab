import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type DataDirectory, dataDirectory, removeData } from '../daemon/directory.ts'
import { readJoined } from '../daemon/joined-file.ts'
import { ownDirectory } from '../journal/index.ts'
import { signalNumber } from '../linux/processes.ts'
import { endKeeper, follow, isOrdinaryUser, reducedMode, startInside, theKeeper } from '../reduced/index.ts'
import { parseOptions } from './arguments.ts'
import { commandName } from './name.ts'

const usage = `usage: skiff down [--purge] [--data-dir DIR]

Stops the cluster and its pods, or, on a machine that joined another's, its pods, and takes its nodes out of that cluster. Its objects stay for the next 'skiff up'; --purge removes them, with images and volumes.
`
const stopTimeoutMs = 20_000
const lookMs = 20

/** `skiff down`: stops the daemon, then all pods of this machine. */
export async function down(words: readonly string[]): Promise<number> {
  const values = parseOptions(words, { 'data-dir': { type: 'string' }, purge: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } })
  if (values.help === true) { process.stdout.write(usage); return 0 }
  const directory = dataDirectory(values['data-dir'])
  // What an ordinary user's pods have left belongs to ids that are his inside only.
  if (reducedMode() === undefined && isOrdinaryUser() && existsSync(directory.keeper)) {
    const keeper = await theKeeper(directory.keeper)
    const code = await follow(startInside({ keeper, words: ['down', ...words], directory: directory.root, network: true }))
    if (code === 0) endKeeper(directory.keeper, keeper)
    return code
  }
  const purge = values.purge === true
  const taken = await takeOver(directory, purge)
  if (typeof taken === 'string') { console.error(`skiff: ${taken}`); return 1 }
  if (taken.wasRunning && existsSync(directory.settings)) console.error('the cluster has stopped')
  try { return await clearAway(directory, { purge, wasRunning: taken.wasRunning }) } finally { taken.release() }
}

/** Stops who owns the directory, and owns it from then on: nobody starts the cluster again while its pods are stopped. A text says why not. */
async function takeOver(directory: DataDirectory, purge: boolean): Promise<{ readonly wasRunning: boolean; release(): void } | string> {
  // What is to be removed is owned even where nobody has owned it yet: a start that is under way must not find half of it.
  if (!existsSync(purge ? directory.root : join(directory.root, 'owner.lock'))) return { wasRunning: false, release: () => {} }
  const end = performance.now() + stopTimeoutMs
  let seen: number | undefined
  let told: number | undefined
  for (let wasRunning = false; ; wasRunning = true) {
    const owned = await ownDirectory(directory.root)
    if (owned.is === 'owned') return { wasRunning, release: owned.release }
    if (performance.now() > end) return owned.pid === undefined ? owned.message : `process ${owned.pid} does not stop; its log is ${directory.log}`
    // Who has only just begun may not have written down its own number yet: that of the one before is another's by now.
    if (owned.pid !== undefined && owned.pid === seen && owned.pid !== told) { signalNumber(owned.pid, 'SIGTERM'); told = owned.pid }
    seen = owned.pid
    await new Promise((resolve) => { setTimeout(resolve, lookMs) })
  }
}

async function clearAway(directory: DataDirectory, { purge, wasRunning }: { readonly purge: boolean; readonly wasRunning: boolean }): Promise<number> {
  const { tearDown } = await import('../daemon/agent-process.ts')
  await tearDown(directory.agent)
  const joined = readJoined(directory)
  if (joined !== undefined) {
    const { leave } = await import('../daemon/joined.ts')
    const said = await leave(directory, joined)
    for (const line of said) console.error(line)
    if (said.length === 0) console.error(`left the cluster at ${joined.url}${purge ? '' : `: '${commandName} join' comes back`}`)
  }
  if (purge && existsSync(directory.root)) {
    removeData(directory)
    console.error(`removed the cluster's data from ${directory.root}`)
  } else if (!wasRunning && joined === undefined) console.error(`no cluster was running in ${directory.root}`)
  return 0
}
