// What is wrong in a pod's script for simulated nodes: it is told as a warning, and counts for nothing.
import { durationMs } from '../../../../base/duration.ts'
import { parseQuantity } from '../../../../base/quantity.ts'
import type { ObjectMeta, PodSpec } from '../../../generated/types.ts'
import { scriptPrefix } from '../../../simulated.ts'

type Check = (value: string) => string | undefined

const duration: Check = (value) => (durationMs(value) === undefined ? `${JSON.stringify(value)} is no duration such as 250ms, 5s or 1m30s` : undefined)
const code: Check = (value) => (/^\d{1,3}$/.test(value) && Number(value) <= 255 ? undefined : `${JSON.stringify(value)} is no exit code from 0 to 255`)
const truth: Check = (value) => (value === 'true' || value === 'false' ? undefined : `${JSON.stringify(value)} is neither true nor false`)
const share: Check = (value) => (/^±?\d+(\.\d+)?%$/.test(value) ? undefined : `${JSON.stringify(value)} is no share such as 10%`)
const any: Check = () => undefined
const listOf = (one: Check): Check => (value) => value.split(',').map((entry) => one(entry.trim())).find((fault) => fault !== undefined)

/** A quantity, or one that moves: 'sine(100m..1/10m)', 'ramp(100m..1/10m)'; with '~10%' it varies by so much. */
function amount(text: string): string | undefined {
  const value = text.replace(/~\d+(\.\d+)?%$/, '')
  const [, low = '', high = '', period = ''] = /^(?:sine|ramp)\(([^.]+(?:\.\d+)?)\.\.([^/]+)\/([^)]+)\)$/.exec(value) ?? []
  if (low === '') return parseQuantity(value) === undefined ? `${JSON.stringify(text)} is neither a quantity such as 250m nor sine(100m..1/10m) nor ramp(100m..1/10m)` : undefined
  return [low, high].every((each) => parseQuantity(each) !== undefined) ? duration(period) : `${JSON.stringify(text)} lacks a quantity`
}
const course: Check = listOf((entry) => {
  const at = entry.indexOf('=')
  return at < 0 ? amount(entry) : duration(entry.slice(0, at).trim()) ?? amount(entry.slice(at + 1).trim())
})

const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['start-delay', duration], ['run-for', listOf((entry) => (entry === 'forever' ? undefined : duration(entry)))], ['exit-code', listOf(code)], ['out-of-memory', listOf(truth)], ['termination-message', any],
  ['stop-delay', duration], ['stop-exit-code', code], ['ready-after', duration], ['started-after', duration], ['live-for', duration], ['image-missing', any], ['pull-time', duration],
  ['vary', share], ['log', any], ['cpu', course], ['memory', course], ['shared-cpu', course], ['storage', course],
])
/** Named after programs and measures, not after containers. */
const families = ['exec.', 'metric.', 'volume.']

/** What is warned of in the script of a pod, or of a template, at a path. */
export function warningsOfScript(metadata: ObjectMeta | undefined, spec: PodSpec, path: string): readonly string[] {
  const warnings: string[] = []
  for (const [key, value] of Object.entries(metadata?.annotations ?? {})) {
    if (!key.startsWith(scriptPrefix)) continue
    const name = key.slice(scriptPrefix.length)
    if (families.some((family) => name.startsWith(family))) continue
    const [what = '', ...container] = name.split('.')
    const check = checks.get(what)
    const fault = check === undefined ? `nothing is known by that name: expected one of ${[...checks.keys()].join(', ')}, exec.PROGRAM`
      : container.length > 0 && !containersOf(spec).includes(container.join('.')) ? `there is no container ${JSON.stringify(container.join('.'))} here` : check(value)
    if (fault !== undefined) warnings.push(`${path}[${key}]: ${fault}; it counts for nothing`)
  }
  return warnings
}

const containersOf = ({ containers, initContainers = [] }: PodSpec): readonly string[] => [...containers, ...initContainers].map(({ name }) => name)
