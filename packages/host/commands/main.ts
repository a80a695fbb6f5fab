// The command line: finds the command and leaves the rest to it. Commands are loaded when they are asked for.
import { keepCompiled } from '../files/compiled.ts'
import { UsageError } from './arguments.ts'

type Command = (words: readonly string[]) => Promise<number>

const commands: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Command> }>> = {
  up: { about: 'start the cluster, or bring it back', load: async () => (await import('./up.ts')).up },
  down: { about: 'stop the cluster and its pods (--purge: remove its data too)', load: async () => (await import('./down.ts')).down },
  status: { about: 'what runs, and where', load: async () => (await import('./status.ts')).status },
  token: { about: 'token create | list | delete: by which other machines join', load: async () => (await import('./token.ts')).token },
  join: { about: "play nodes of another machine's cluster", load: async () => (await import('./join.ts')).join },
  node: { about: 'node list | add | remove | fail | recover', load: async () => (await import('./node.ts')).node },
  time: { about: "time now | advance | until | freeze | resume | preview: the cluster's clock, on simulated nodes", load: async () => (await import('./time.ts')).time },
  image: { about: 'image build | load | pull | ls | rm', load: async () => (await import('./image.ts')).image },
}

const usage = `skiff: Kubernetes you can hold in your hand

usage: skiff COMMAND [options]

${Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`).join('\n')}

skiff COMMAND --help tells more. Start with: skiff up
`

async function main(): Promise<number> {
  keepCompiled()
  const asked = process.argv.slice(2)
  // 'help up' asks what 'up --help' does.
  const [name, ...words] = asked[0] === 'help' && asked[1] !== undefined ? [asked[1], '--help'] : asked
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') { process.stdout.write(usage); return name === undefined ? 2 : 0 }
  if (name === '--version' || name === '-v' || name === 'version') { process.stdout.write(`${(await import('@kubeskiff/core/base')).skiffVersion}\n`); return 0 }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw new UsageError(`there is no command '${name}': expected one of ${Object.keys(commands).join(', ')} (skiff --help)`)
  return (await command.load())(words)
}

try {
  process.exitCode = await main()
} catch (error) {
  const usual = error instanceof UsageError || process.env['SKIFF_DEBUG'] === undefined
  process.stderr.write(`skiff: ${error instanceof Error ? (usual ? error.message : error.stack ?? error.message) : String(error)}\n`)
  // What a command had opened before it failed must not keep the process.
  process.exit(error instanceof UsageError ? 2 : 1)
}
