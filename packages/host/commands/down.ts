import { existsSync } from 'node:fs'
import { dataDirectory, removeData } from '../daemon/directory.ts'
import { readJoined } from '../daemon/joined-file.ts'
import { endKeeper, follow, isOrdinaryUser, reducedMode, startInside, theKeeper } from '../reduced/index.ts'
import { parseOptions } from './arguments.ts'
import { commandName } from './name.ts'
import { ownerOf } from './running.ts'

const usage = `usage: skiff down [--purge] [--data-dir DIR]

Stops the cluster and its pods, or, on a machine that joined another's, its pods, and takes its nodes out of that cluster. Its objects stay for the next 'skiff up'; --purge removes them, with images and volumes.
`
const stopTimeoutMs = 20_000

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
  const pid = await ownerOf(directory)
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM')
    const end = performance.now() + stopTimeoutMs
    while (await ownerOf(directory) !== undefined) {
      if (performance.now() > end) { console.error(`skiff: process ${pid} does not stop; its log is ${directory.log}`); return 1 }
      await new Promise((resolve) => { setTimeout(resolve, 50) })
    }
    if (existsSync(directory.settings)) console.error('the cluster has stopped')
  }
  const { tearDown } = await import('../daemon/agent-process.ts')
  await tearDown(directory.agent)
  const joined = readJoined(directory)
  if (joined !== undefined) {
    const { leave } = await import('../daemon/joined.ts')
    const said = await leave(directory, joined)
    for (const line of said) console.error(line)
    if (said.length === 0) console.error(`left the cluster at ${joined.url}${values.purge === true ? '' : `: '${commandName} join' comes back`}`)
  }
  if (values.purge === true) {
    removeData(directory)
    console.error(`removed the cluster's data from ${directory.root}`)
  } else if (pid === undefined && joined === undefined) console.error(`no cluster was running in ${directory.root}`)
  return 0
}
