import { durationMs } from '@kubeskiff/core/base'
import type { Connection } from '../client/index.ts'
import { dataDirectory } from '../daemon/directory.ts'
import { readSettings } from '../daemon/settings.ts'
import { timePath } from '../daemon/time-requests.ts'
import { instantAsked, parse, UsageError, wholeNumber } from './arguments.ts'
import { adminConnection, ownerOf } from './running.ts'

const usage = `usage: skiff time now
       skiff time advance 24h      moves the cluster's time on, every timer at its own instant, everything settled at each
       skiff time until INSTANT    the same, to 2030-01-01T00:00:00Z or 2030-01-01
       skiff time freeze           time stands still until it is moved, or resumed; stops a move that is under way
       skiff time resume           time goes on from where it is
       skiff time preview …        when a CronJob runs: 'skiff time preview --help'

  --grace MS    milliseconds left at each instant for clients outside that answer to what they watch (0)

Only a cluster whose nodes are all simulated can be turned. Times are told in UTC.
`
const verbs: readonly string[] = ['now', 'advance', 'until', 'freeze', 'resume', 'preview']

interface Told { readonly now: string; readonly course: { readonly aheadMs?: number; readonly frozenAt?: number }; readonly target?: string; readonly heldBy?: readonly string[]; readonly stopped?: string; readonly refused?: string }

/** `skiff time`: tells and turns the time of a running cluster. */
export async function time(words: readonly string[]): Promise<number> {
  if (words[0] === 'preview') return (await import('./time-preview.ts')).preview(words.slice(1))
  const { values, positionals: [verb, argument, ...more] } = parse(words, { 'data-dir': { type: 'string' }, help: { type: 'boolean', short: 'h' }, grace: { type: 'string' } })
  if (values.help === true || verb === undefined) { process.stdout.write(usage); return values.help === true ? 0 : 2 }
  if (!verbs.includes(verb)) throw new UsageError(`there is no 'skiff time ${verb}': expected one of ${verbs.join(', ')}`)
  const takes = verb === 'advance' ? 'a duration such as 90s, 24h or 7d' : verb === 'until' ? 'an instant such as 2030-01-01T00:00:00Z' : undefined
  if ((takes !== undefined) !== (argument !== undefined) || more.length > 0) throw new UsageError(`'skiff time ${verb}' takes ${takes ?? 'nothing more'}`)
  const query = queryOf(verb, argument ?? '', values.grace)

  const directory = dataDirectory(values['data-dir'])
  const settings = readSettings(directory.settings)
  if (settings === undefined) throw new UsageError(`there is no cluster in ${directory.root}: start one with 'skiff up'`)
  if (await ownerOf(directory) === undefined) throw new UsageError(`the cluster in ${directory.root} does not run: its time is told and turned while it does`)
  const connection = adminConnection(directory, settings)
  try {
    const first = await ask(connection, query === undefined ? 'GET' : 'POST', query)
    const last = first.target === undefined || verb === 'now' ? first : await arrived(connection, first)
    console.log(sentence(last))
    return last.stopped === undefined || verb === 'freeze' || verb === 'now' ? 0 : 1
  } finally { connection.close() }
}

function queryOf(verb: string, argument: string, grace: string | undefined): string | undefined {
  const outside = grace === undefined ? '' : `&outsideMs=${wholeNumber('--grace', grace, 0, 60_000)}`
  if (verb === 'now') return undefined
  if (verb === 'advance') {
    const ms = durationMs(argument)
    if (ms === undefined) throw new UsageError(`a duration is written like 90s, 1h30m or 30d, not '${argument}'`)
    return `do=advance&ms=${ms}${outside}`
  }
  return verb === 'until' ? `do=until&instant=${instantAsked(argument)}${outside}` : `do=${verb}`
}

async function ask(connection: Connection, method: string, query: string | undefined): Promise<Told> {
  const answer = await connection.request(method, `${timePath}${query === undefined ? '' : `?${query}`}`)
  const told = answer.body.startsWith('{') ? JSON.parse(answer.body) as Told & { readonly message?: string } : undefined
  if (told?.refused !== undefined) throw new UsageError(told.refused)
  if (answer.status !== 200 || told === undefined) throw new Error(`the cluster answered ${answer.status}: ${answer.body}`)
  return told
}

/** Waits for the end of a move, and tells where it is and who holds it. */
async function arrived(connection: Connection, first: Told): Promise<Told> {
  let told = first
  for (let said = ''; told.target !== undefined;) {
    told = await ask(connection, 'GET', 'rest=true')
    const line = told.target === undefined ? '' : told.heldBy === undefined || told.heldBy.length === 0 ? `${told.now}, on the way to ${told.target}` : `${told.now} is held by ${told.heldBy.join(', ')}`
    if (line !== '' && line !== said) console.error(line)
    said = line
  }
  return told
}

function sentence({ now, course, target, heldBy, stopped }: Told): string {
  const shown = now.replace('.000Z', 'Z')
  if (target !== undefined) return `${shown}, on its way to ${target}${heldBy === undefined ? '' : `, held by ${heldBy.join(', ')}`}`
  const ahead = course.aheadMs ?? 0
  const how = course.frozenAt !== undefined ? 'frozen' : ahead === 0 ? "the machine's time" : `going on, ${inWords(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} the machine's time`
  return `${shown}, ${how}${stopped === undefined ? '' : ` (${stopped})`}`
}

function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const parts = ([[Math.floor(seconds / 86_400), 'd'], [Math.floor(seconds / 3600) % 24, 'h'], [Math.floor(seconds / 60) % 60, 'm'], [seconds % 60, 's']] as const).filter(([count]) => count > 0)
  return parts.slice(0, 2).map(([count, unit]) => `${count}${unit}`).join('') || 'less than a second'
}
