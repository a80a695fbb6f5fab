import { mkdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { namesIfThere, watchIfCan } from '../files/index.ts'
import { type PluginInfo, readInfo, writeRegistered } from './registration.ts'
import { ask, clientAt, empty, rpcText, socketPathMax } from './wire.ts'

/** A socket that nobody answers at is tried again, as upstream does, ever more rarely: drivers that were killed leave theirs behind. */
const retryFirstMs = 1_000
/** The kernel tells of changes; this is for what it might not tell. */
const lookMs = 30_000
const answerTimeoutMs = 1_000

/** Who takes on plugins of one type. */
export interface PluginHandler {
  /** Takes on a plugin, or says why not. */
  register(info: PluginInfo, socket: string): Promise<string | undefined> | string | undefined
  /** The plugin's socket is gone. */
  deregister(info: PluginInfo, socket: string): void
}

export interface RegistryOptions {
  /** The folder into which plugins put the sockets at which they tell of themselves. */
  readonly directory: string
  /** By the type that plugins say they are of. */
  readonly handlers: Readonly<Record<string, PluginHandler>>
  readonly onTrouble: (message: string) => void
}

/** Looks for plugins that register, as a kubelet does in its plugins_registry: asks each new socket who it is, and tells it how that went. */
export function watchRegistry({ directory, handlers, onTrouble }: RegistryOptions): { close(): void } {
  mkdirSync(directory, { recursive: true, mode: 0o750 })
  /** By socket, and when that was made: one that was made anew is another. */
  const known = new Map<string, { readonly madeAt: number; readonly info: PluginInfo | undefined }>()
  const said = new Set<string>()
  const busy = new Set<string>()
  let isClosed = false
  let retry: NodeJS.Timeout | undefined
  let retryMs = retryFirstMs

  function look(): void {
    const here = new Map(socketsIn(directory))
    for (const [socket, { madeAt, info }] of known) {
      if (here.get(socket) === madeAt) continue
      known.delete(socket)
      if (info !== undefined) handlers[info.type]?.deregister(info, socket)
    }
    for (const [socket, madeAt] of here) {
      if (known.has(socket) || busy.has(socket)) continue
      busy.add(socket)
      void meet(socket).then((info) => {
        busy.delete(socket)
        if (isClosed) return
        known.set(socket, { madeAt, info })
        // What happened to it meanwhile was not looked at.
        look()
      }, (error: unknown) => {
        busy.delete(socket)
        sayOnce(`plugin at ${socket}: ${rpcText(error instanceof Error ? error : undefined)}`)
        if (isClosed || retry !== undefined) return
        retry = setTimeout(() => { retry = undefined; look() }, retryMs)
        retryMs = Math.min(2 * retryMs, lookMs)
      })
    }
  }

  /** Undefined for a plugin that was told why it is not taken. */
  async function meet(socket: string): Promise<PluginInfo | undefined> {
    if (socket.length > socketPathMax) throw new Error('the path is too long for a socket')
    const client = await clientAt(socket)
    try {
      const info = await ask(client, '/pluginregistration.Registration/GetInfo', empty, readInfo, answerTimeoutMs)
      if (isClosed) return undefined
      const handler = handlers[info.type]
      const refused = handler === undefined ? `no handler registered for plugin type: ${info.type} at socket ${socket}` : await handler.register(info, socket)
      if (refused !== undefined) sayOnce(`plugin ${info.name} at ${socket}: ${refused}`)
      await ask(client, '/pluginregistration.Registration/NotifyRegistrationStatus', writeRegistered(refused ?? ''), () => ({}), answerTimeoutMs).catch((error: unknown) => {
        if (refused === undefined) handler?.deregister(info, socket)
        throw error
      })
      return refused === undefined ? info : undefined
    } finally { client.close() }
  }
  function sayOnce(message: string): void {
    if (said.has(message)) return
    if (said.size > saidMax) said.clear()
    said.add(message)
    onTrouble(message)
  }

  const watching = watchIfCan(directory, () => {
    // Who is new is not to wait as long as one that was killed long ago.
    clearTimeout(retry)
    retry = undefined
    retryMs = retryFirstMs
    look()
  })
  const looking = setInterval(look, lookMs)
  look()
  return {
    close() {
      isClosed = true
      watching?.close()
      clearInterval(looking)
      clearTimeout(retry)
    },
  }
}
const saidMax = 100

function socketsIn(directory: string): readonly (readonly [path: string, madeAt: number])[] {
  return namesIfThere(directory).filter((name) => !name.startsWith('.')).flatMap((name) => {
    const path = join(directory, name)
    const found = statIfCan(path)
    return found?.isSocket() === true ? [[path, found.ctimeMs] as const] : []
  })
}

/** Pods may write into the folder: a link that leads round to itself is no reason to fail. */
function statIfCan(path: string): Stats | undefined {
  try { return statSync(path) } catch {
    return undefined // It is no socket in any case.
  }
}
