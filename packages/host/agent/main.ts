// The node agent: a small process that plays all real nodes of this machine, as a client of the API.
// `run FILE` plays them until its parent dies or it is told to stop; `down FILE` stops all their pods.
import { readFileSync } from 'node:fs'
import { keepCompiled } from '../files/compiled.ts'
import type { AgentConfiguration } from './configuration.ts'

keepCompiled()
const [verb, file] = process.argv.slice(2)
if ((verb !== 'run' && verb !== 'down') || file === undefined) throw new Error(`the agent takes 'run' or 'down' and a file, not '${process.argv.slice(2).join(' ')}'`)
const configuration = JSON.parse(readFileSync(file, 'utf8')) as AgentConfiguration // written by the daemon

if (verb === 'down') {
  const { stopAllPods } = await import('./stop-all-pods.ts')
  await stopAllPods(configuration)
  process.exit(0)
}
const say = (message: string): void => { console.error(`${new Date().toISOString()} ${message}`) }
let agent: { stop(): void } | undefined
const stop = (why: string): void => {
  say(`stopping: ${why}`)
  agent?.stop()
  process.exit(0)
}
// Before anything is begun: without a daemon that would wait for one for good, and play beside the next one's agent.
process.on('SIGTERM', () => { stop('told to') })
// The terminal's Ctrl-C is for the daemon, which tells us in its own order.
process.on('SIGINT', () => {})
// stdin is the daemon's end of a pipe: it ends with the daemon, however that ends.
process.stdin.on('end', () => { stop('the daemon is gone') })
process.stdin.on('error', () => { stop('the daemon is gone') })
process.stdin.resume()
const { startAgentNodes } = await import('./nodes.ts')
agent = await startAgentNodes(configuration, say)
