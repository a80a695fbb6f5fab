import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { hasWayOut, enterWords, findKeeper, type Keeper, startKeeper } from './keeper.ts'
import { reducedEnvironment } from './lacks.ts'

/** Runs this very command again in a keeper's namespaces, as their root. */
export interface InsideOptions {
  readonly keeper: Keeper
  readonly words: readonly string[]
  /** The data directory, which root would have elsewhere. */
  readonly directory: string
  readonly network: boolean
  /** Apart from our terminal: where it writes, and what else it is told. */
  readonly background?: { readonly log: number; readonly environment: Readonly<Record<string, string>> }
}

/** The keeper of a data directory: the one that lives, or a new one. */
export const theKeeper = async (file: string): Promise<Keeper> => findKeeper(file) ?? startKeeper(file)

/** Starts the command; its terminal is ours, and it can be sent a socket. */
export function startInside({ keeper, words, directory, network, background }: InsideOptions): ChildProcess {
  const [program = '', ...enter] = enterWords(keeper, { network })
  // Entering a mount namespace leaves the folder that we are in.
  const script = 'cd "$0" 2>/dev/null; exec "$@"'
  return spawn(program, [...enter, 'sh', '-c', script, process.cwd(), process.execPath, process.argv[1] ?? '', ...words], {
    ...(background === undefined ? { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] } : { stdio: ['ignore', background.log, background.log, 'ipc'], detached: true }),
    env: { SKIFF_STARTED: String(performance.timeOrigin), ...process.env, ...background?.environment, SKIFF_DATA_DIR: directory, ...reducedEnvironment(hasWayOut(keeper) ? 'way-out' : 'alone') },
  })
}

/** Ends with a command: its exit code. What we are told to do, it is told. */
export function follow(child: ChildProcess): Promise<number> {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => { child.kill(name) })
  return new Promise((resolve) => {
    child.on('error', (error) => { console.error(`skiff: ${error.message}`); resolve(1) })
    child.on('exit', (code) => { resolve(code ?? 1) })
  })
}

/** Listens on the machine's loopback; says why it cannot. */
export function listenOutside(port: number): Promise<Server | string> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => { resolve(error.code === 'EADDRINUSE' ? `port ${port} on 127.0.0.1 is in use by another program: stop it, or choose another with --port` : `cannot listen on 127.0.0.1, port ${port}: ${error.message}`) })
    server.listen({ host: '127.0.0.1', port }, () => { resolve(server) })
  })
}

/** Gives a listening socket to a command inside, and lets go of it. */
export function handOver(child: ChildProcess, server: Server): void {
  child.send({ is: 'listener' }, server, () => { server.close() })
}

/** The socket of the machine's loopback that this command was started with. */
export function takeListener(): Promise<Server> {
  return new Promise((resolve) => { process.once('message', (_message, server) => { resolve(server as Server) }) }) // what handOver sends
}
