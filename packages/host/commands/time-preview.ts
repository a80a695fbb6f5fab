import { existsSync, readFileSync } from 'node:fs'
import type { CronJob, Job } from '@kubeskiff/core/api'
import { readDocuments } from '@kubeskiff/core/api/text'
import { durationMs, type Instant } from '@kubeskiff/core/base'
import { type Meeting, missedRuns, offsetAt, type Plan, planOf, type PreviewLine, previewRuns } from '@kubeskiff/core/rules'
import { dataDirectory } from '../daemon/directory.ts'
import { readSettings } from '../daemon/settings.ts'
import { timePath } from '../daemon/time-requests.ts'
import { instantAsked, parse, UsageError, wholeNumber } from './arguments.ts'
import { adminConnection, ownerOf } from './running.ts'

const usage = `usage: skiff time preview cronjob/NAME [-n NAMESPACE] [options]
       skiff time preview -f FILE [options]

Lists when a CronJob runs: as its time zone tells, with what daylight saving skips and repeats, what was missed, and runs that meet.

      --year            the next year (the next 10 runs)
      --from INSTANT    from then (now), --until INSTANT up to then
      --zone ZONE       as if the CronJob had this time zone
      --run-time 90m    how long a run takes (what its finished Jobs took): tells what becomes of runs that meet
      --most N          lines (1000)
`
const options = {
  'data-dir': { type: 'string' }, help: { type: 'boolean', short: 'h' }, namespace: { type: 'string', short: 'n' }, filename: { type: 'string', short: 'f' }, year: { type: 'boolean' },
  from: { type: 'string' }, until: { type: 'string' }, zone: { type: 'string' }, 'run-time': { type: 'string' }, most: { type: 'string' },
} as const
const yearMs = 365 * 86_400_000
const fewRuns = 10
const missedShownMost = 10
/** As upstream's controller looks at a CronJob again after this long at the latest, a shorter deadline may pass unseen there. */
const shortDeadlineSeconds = 10

interface Found { readonly cron: CronJob; readonly now: Instant; readonly runMs?: number }

/** `skiff time preview`: when CronJobs run. */
export async function preview(words: readonly string[]): Promise<number> {
  const { values, positionals } = parse(words, options)
  if (values.help === true) { process.stdout.write(usage); return 0 }
  if ((values.filename === undefined) === (positionals.length === 0) || positionals.length > 1) throw new UsageError("'skiff time preview' takes cronjob/NAME or -f FILE")
  const found = values.filename === undefined ? [await inCluster(positionals[0] ?? '', values.namespace ?? 'default', values['data-dir'])] : inFile(values.filename)
  const asked = values['run-time']
  const runMs = asked === undefined ? undefined : durationMs(asked)
  if (asked !== undefined && runMs === undefined) throw new UsageError(`--run-time takes a duration such as 90s or 1h30m, not '${asked}'`)
  const most = values.most === undefined ? undefined : wholeNumber('--most', values.most, 1, 100_000)
  for (const [nth, one] of found.entries()) {
    if (nth > 0) console.log('')
    const from = values.from === undefined ? one.now : instantAsked(values.from)
    const until = values.until === undefined ? from + (values.year === true ? 1 : fewYears) * yearMs : instantAsked(values.until)
    if (until < from) throw new UsageError('--until is before --from')
    const taking = runMs ?? one.runMs
    const plan = planOf(one.cron.spec, { ...(values.zone !== undefined && { zone: values.zone }), ...(taking !== undefined && { runMs: taking }) })
    if ('fault' in plan) throw new UsageError(`${one.cron.metadata.name}: ${plan.fault}`)
    const span = values.year === true || values.until !== undefined ? most ?? linesDefault : most ?? fewRuns
    for (const line of told(one, plan, { from, until, most: span, bounded: values.year === true || values.until !== undefined, past: values.from === undefined })) console.log(line)
  }
  return 0
}
/** As far as schedules are walked. */
const fewYears = 5
const linesDefault = 1_000

interface Span { readonly from: Instant; readonly until: Instant; readonly most: number; readonly bounded: boolean; /** Whether what was missed until now is told too. */ readonly past: boolean }

/** The preview in lines. */
function told({ cron, now }: Found, plan: Plan, { from, until, most, bounded, past }: Span): readonly string[] {
  const { schedule, suspend, concurrencyPolicy = 'Allow', startingDeadlineSeconds } = cron.spec
  const head = `${cron.metadata.namespace ?? 'default'}/${cron.metadata.name}: "${schedule}" in ${plan.zone ?? 'UTC'}, ${concurrencyPolicy}${startingDeadlineSeconds === undefined ? '' : `, startingDeadlineSeconds ${startingDeadlineSeconds}`}${plan.runMs === undefined ? '' : `, a run takes ${seconds(plan.runMs)}`}`
  const since = cron.status?.lastScheduleTime ?? cron.metadata.creationTimestamp
  const missed = past && since !== undefined ? missedRuns(plan, Date.parse(since), now, missedShownMost) : []
  const { lines, more } = previewRuns(plan, from, until, most)
  const runs = lines.filter((line) => line.is === 'run').length
  const gaps = lines.length - runs
  const repeats = lines.filter((line) => line.is === 'run' && line.twice === 'second').length
  return [
    head,
    ...(suspend === true ? ['suspended: no run starts until it is resumed; then the newest one missed does'] : []),
    ...(startingDeadlineSeconds !== undefined && startingDeadlineSeconds < shortDeadlineSeconds ? [`startingDeadlineSeconds is under ${shortDeadlineSeconds}: upstream's controller, which looks every 10 s, may miss runs; here they start at their very instant`] : []),
    ...missed.map(({ at, fate }) => `${local(at, plan)}  ${utc(at)}  missed: ${fate === 'starts at once' ? 'starts at once, late' : fate === 'too late' ? 'later than startingDeadlineSeconds' : 'a newer one counts'}`),
    ...lines.map((line) => lineOf(line, plan)),
    ...(more && bounded ? ['and more: --most shows them'] : []),
    ...(bounded ? [`${more ? 'the first ' : ''}${runs} runs${gaps === 0 ? '' : `, ${gaps} skipped by daylight saving`}${repeats === 0 ? '' : `, ${repeats} repeated by it`}`] : runs === 0 ? ['no run in the next five years'] : []),
  ]
}

function lineOf(line: PreviewLine, plan: Plan): string {
  if (line.is === 'gap') return `${wall(line.local)}         ${'-'.padEnd(20)}  skipped: clocks go from ${wall(line.fromLocal).slice(11)} to ${wall(line.toLocal).slice(11)}`
  const notes = [
    ...(line.twice === undefined ? [] : [`${line.twice} of two: clocks go back`]),
    ...(line.meets === undefined ? [] : [meetingText(line.meets, plan)]),
  ]
  return `${local(line.at, plan)}  ${utc(line.at)}${notes.length === 0 ? '' : `  ${notes.join('; ')}`}`
}

function meetingText(meeting: Meeting, plan: Plan): string {
  switch (meeting.is) {
    case 'beside': return `beside ${meeting.others} that ${meeting.others === 1 ? 'has' : 'have'} not ended`
    case 'replaces': return 'replaces the one before, which has not ended'
    case 'late': return `starts late, at ${local(meeting.startsAt, plan).slice(11, 16)}, when the one before has ended`
    case 'left out': return meeting.because === 'newer' ? 'left out: the one before has not ended when a newer one is due' : 'left out: the one before ends after startingDeadlineSeconds'
  }
}

const wall = (shifted: Instant): string => new Date(shifted).toISOString().slice(0, 16).replace('T', ' ')
const utc = (at: Instant): string => new Date(at).toISOString().replace('.000Z', 'Z')
/** '2026-03-28 02:30 +01:00'. */
function local(at: Instant, { zone }: Plan): string {
  const offsetMs = offsetAt(at, zone)
  const minutes = Math.round(offsetMs / 60_000)
  return `${wall(at + offsetMs)} ${minutes < 0 ? '-' : '+'}${String(Math.floor(Math.abs(minutes) / 60)).padStart(2, '0')}:${String(Math.abs(minutes) % 60).padStart(2, '0')}`
}
const seconds = (ms: number): string => (ms % 60_000 === 0 ? `${ms / 60_000} min` : `${Math.round(ms / 100) / 10} s`)

/** A CronJob of the cluster, with what its finished Jobs took. */
async function inCluster(asked: string, namespace: string, dataDir: string | undefined): Promise<Found> {
  const name = /^(?:cj|cronjobs?(?:\.batch)?)\/([^/]+)$/.exec(asked)?.[1]
  if (name === undefined) throw new UsageError(`'skiff time preview' takes cronjob/NAME or -f FILE, not '${asked}'`)
  const directory = dataDirectory(dataDir)
  const settings = readSettings(directory.settings)
  if (settings === undefined || await ownerOf(directory) === undefined) throw new UsageError(`no cluster runs in ${directory.root}: start one with 'skiff up', or preview a file with -f`)
  const connection = adminConnection(directory, settings)
  try {
    const read = async <T>(path: string): Promise<T> => {
      const { status, body } = await connection.request('GET', path)
      if (status === 404) throw new UsageError(`there is no cronjob ${name} in namespace ${namespace}`)
      if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`)
      return JSON.parse(body) as T
    }
    const cron = await read<CronJob>(`/apis/batch/v1/namespaces/${namespace}/cronjobs/${name}`)
    const { items } = await read<{ readonly items: readonly Job[] }>(`/apis/batch/v1/namespaces/${namespace}/jobs`)
    const { now } = await read<{ readonly now: string }>(timePath)
    const took = items.filter(({ metadata, status }) => metadata.ownerReferences?.some(({ uid }) => uid === cron.metadata.uid) === true && status?.startTime !== undefined && status.completionTime !== undefined)
      .map(({ status }) => Date.parse(status?.completionTime ?? '') - Date.parse(status?.startTime ?? ''))
    return { cron, now: Date.parse(now), ...(took.length > 0 && { runMs: took.reduce((sum, ms) => sum + ms, 0) / took.length }) }
  } finally { connection.close() }
}

/** The CronJobs in a file; nothing of it has run. */
function inFile(file: string): readonly Found[] {
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}`)
  const found = readDocuments(readFileSync(file, 'utf8')).flatMap((reading) => {
    if (!('value' in reading)) throw new UsageError(`${file} cannot be read: ${JSON.stringify(reading)}`)
    return isCronJob(reading.value) ? [{ cron: reading.value, now: Date.now() }] : []
  })
  if (found.length === 0) throw new UsageError(`there is no CronJob in ${file}`)
  return found
}

function isCronJob(value: unknown): value is CronJob {
  if (typeof value !== 'object' || value === null) return false
  const { kind, metadata, spec } = value as { readonly kind?: unknown; readonly metadata?: { readonly name?: unknown }; readonly spec?: { readonly schedule?: unknown } }
  return kind === 'CronJob' && typeof metadata?.name === 'string' && typeof spec?.schedule === 'string'
}
