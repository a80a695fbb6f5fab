import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { whyNoneAfterInstalling } from '../daemon/debian-packages.ts'
import { dataDirectory, makeDataDirectory } from '../daemon/directory.ts'
import { JoinProblem } from '../daemon/discovery.ts'
import { changed, joinCluster, type JoinedMachine, movedTo, startJoined, type Wish } from '../daemon/joined.ts'
import { keepJoined, readJoined } from '../daemon/joined-file.ts'
import { few, pairs, parse, textOf, UsageError, wholeNumber } from './arguments.ts'
import { isOrdinaryUser } from '../reduced/index.ts'
import { detach, sameCommand, startedAt, stopWhenTold } from './background.ts'
import { askedChoices, machineOptions } from './machine-options.ts'
import { commandName } from './name.ts'
import { ownerOf } from './running.ts'
import { machineAddresses } from '../daemon/cluster-info.ts'
import { isIP } from 'node:net'
import { canonical } from '../network/addresses.ts'

const usage = `usage: skiff join https://ADDRESS:PORT --token TOKEN --ca-hash sha256:… [options]
       skiff join [https://ADDRESS:PORT] [options]     goes on after a stop (an address: where the control plane is now), with the credentials that it was given; options that change how it plays its nodes are kept

Makes this machine play nodes of a cluster whose control plane runs on another. 'skiff token create' there prints the line.

      --token-file FILE   the token from a file ('-': standard input), where a command line is seen by others
      --nodes N           how many nodes this machine plays (1)
      --name NAME         their name, with -1, -2, … where there are several (this machine's: ${nodeNameOf(hostname())})
      --labels a=b,…      of its nodes
      --address A[,B]     where other machines reach this one (the address from which it reaches the control plane), one or one of each family
      --host-files F, --network N, --cni-conf-dir DIR, --cni-bin-dir DIR[:DIR], --kubelet-config FILE, --mirror R=URL, --insecure-registry HOST:PORT, --runtime-handler N=P
                          as of 'skiff up', for this machine; what is not said here is as 'skiff up' has it there. 'cluster' ('' for files, mirrors and
                          registries) follows it again
      --install           install the Debian packages that real nodes need and this machine lacks
      --data-dir DIR      where its state lives on the disk
      --detach            leave it running in the background
`
const options = {
  token: { type: 'string' }, 'token-file': { type: 'string' }, 'ca-hash': { type: 'string' }, nodes: { type: 'string' }, name: { type: 'string' }, labels: { type: 'string', multiple: true }, address: { type: 'string' },
  ...machineOptions, install: { type: 'boolean' }, 'data-dir': { type: 'string' }, detach: { type: 'boolean' }, help: { type: 'boolean', short: 'h' },
} as const
type Values = ReturnType<typeof parse<typeof options>>['values']

/** As many as have networks of their own beside each other. */
const nodesMax = 64
const readyTimeoutMs = 60_000
const lookMs = 100

/** `skiff join`: plays nodes of another machine's cluster, and stays with it until it is told to stop. */
export async function join(words: readonly string[]): Promise<number> {
  const { values, positionals: [url, extra] } = parse(words, options)
  if (values.help === true) { process.stdout.write(usage); return 0 }
  if (extra !== undefined) throw new UsageError(`'skiff join' takes one address, not '${extra}' too`)
  const directory = dataDirectory(values['data-dir'])
  const before = readJoined(directory)
  if (existsSync(directory.settings)) throw new UsageError(`${directory.root} holds a cluster of its own: choose another with --data-dir, or remove it with '${commandName} down --purge'`)
  if (url === undefined && before === undefined) throw new UsageError(`this machine has joined no cluster yet: 'skiff token create' on the control plane's machine prints what to type (skiff join --help)`)
  const unheard = before === undefined ? undefined : (['token', 'token-file', 'ca-hash', 'nodes', 'name', 'labels'] as const).find((option) => values[option] !== undefined)
  if (unheard !== undefined) throw new UsageError(`--${unheard} is said when a machine joins, and this one has joined ${before?.url}: '${commandName} join' without it goes on, '${commandName} down --purge' leaves for good`)
  const own = askedChoices(values)
  const addresses = values.address === undefined ? undefined : addressesIn(values.address)
  const wish = url === undefined || before !== undefined ? undefined : wishOf(url, values, { own, ...(addresses !== undefined && { addresses }) })
  const say = (line: string): void => { console.error(line) }
  if (isOrdinaryUser()) throw new UsageError('a machine joins as root (sudo): what an ordinary user has, no other machine reaches')
  const lacking = await whyNoneAfterInstalling(values.install === true, say)
  if (lacking !== undefined) throw new UsageError(lacking)
  makeDataDirectory(directory)
  const owner = await ownerOf(directory)
  if (owner !== undefined) throw new UsageError(`process ${owner} plays this machine's nodes already: '${commandName} down' stops it`)
  let machine: JoinedMachine
  try {
    const joined = wish !== undefined ? await joinCluster(directory, wish) : before === undefined ? undefined : keepJoined(directory, changed(url === undefined ? before : await movedTo(originOf(url), before), { own, ...(addresses !== undefined && { addresses }) }))
    if (joined === undefined) throw new UsageError(usage)
    // The token is used up here: what stays in the background has never seen it.
    if (values.detach === true) return await detach(directory, sameCommand('join', ['--data-dir', directory.root]))
    machine = await startJoined(directory, joined, say)
  } catch (error) {
    if (error instanceof JoinProblem) { console.error(`skiff: ${error.message}`); return 1 }
    throw error
  }
  const stopped = stopWhenTold(() => machine.stop(), `pods go on running, '${commandName} down' stops them and leaves the cluster`, say)
  const names = few(machine.joined.nodes.map(({ name }) => name))
  if (await isReady(machine)) say(`ready in ${((Date.now() - startedAt()) / 1000).toFixed(2)} s: ${names} of the cluster at ${machine.joined.url}`)
  else say(`still not Ready: ${names}; the agent's log is in ${directory.agent}`)
  process.send?.({ is: 'ready' })
  return stopped
}

function wishOf(url: string, values: Values, more: Pick<Wish, 'own' | 'addresses'>): Wish {
  const token = values.token ?? (values['token-file'] === undefined ? undefined : (values['token-file'] === '-' ? readFileSync(0, 'utf8') : textOf(values['token-file'])).trim())
  const caHash = values['ca-hash']
  if (token === undefined || caHash === undefined) throw new UsageError("to join takes --token and --ca-hash: 'skiff token create' on the control plane's machine prints both")
  // The value is not shown: it may be a token with a slip in it.
  if (!/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token)) throw new UsageError("a token is six characters, a dot and sixteen characters, of a-z and 0-9: 'skiff token create' prints one")
  if (!/^sha256:[0-9a-f]{64}$/.test(caHash)) throw new UsageError(`--ca-hash takes sha256: and 64 hexadecimal digits, not '${caHash}'`)
  const count = wholeNumber('--nodes', values.nodes ?? '1', 1, nodesMax)
  const name = values.name ?? nodeNameOf(hostname())
  if (!/^[a-z0-9]([-a-z0-9.]{0,200}[a-z0-9])?$/.test(name)) throw new UsageError(`--name takes lower-case letters, digits, '-' and '.', not '${name}'`)
  return {
    url: originOf(url), token, caHash, ...more, names: count === 1 ? [name] : Array.from({ length: count }, (_, at) => `${name}-${at + 1}`),
    labels: values.labels === undefined ? {} : pairs('--labels', values.labels),
  }
}

function originOf(url: string): string {
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') throw new UsageError(`a cluster's address is written like https://192.0.2.1:6443, not '${url}'`)
  return new URL(url).origin
}

/** Where other machines reach this one: an address, or one of each family. */
function addressesIn(text: string): readonly string[] {
  const [first = '', second, ...more] = text.split(',').map((one) => canonical(one.trim()))
  if (more.length > 0 || isIP(first) === 0 || (second !== undefined && (isIP(second) === 0 || isIP(second) === isIP(first)))) throw new UsageError(`--address takes an address of this machine, or one of IPv4 and one of IPv6 with a comma between, not '${text}'`)
  const lacking = [first, ...(second === undefined ? [] : [second])].find((one) => !machineAddresses().includes(one))
  if (lacking !== undefined) throw new UsageError(`this machine has no address ${lacking}: it has ${machineAddresses().join(', ') || 'none'}`)
  return [first, ...(second === undefined ? [] : [second])]
}

/** A host's name as a node's. */
function nodeNameOf(host: string): string {
  return host.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-').replace(/^[-.]+/, '').replace(/[-.]+$/, '') || 'machine'
}

async function isReady(machine: JoinedMachine): Promise<boolean> {
  for (const end = Date.now() + readyTimeoutMs; Date.now() < end;) {
    // The control plane may be away: what runs goes on without it, and is Ready again when it is back.
    if (await machine.ready().catch(() => false)) return true
    await new Promise((resolve) => { setTimeout(resolve, lookMs) })
  }
  return false
}
