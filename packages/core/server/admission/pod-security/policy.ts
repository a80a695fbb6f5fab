// What a namespace's labels ask of its pods.
import type { Problem } from '../../../api/refusal.ts'

export type Level = 'privileged' | 'baseline' | 'restricted'
/** A minor version of 1.x, or the newest. */
export interface Bar { readonly level: Level; readonly version: number | 'latest' }
export interface Policy { readonly enforce: Bar; readonly audit: Bar; readonly warn: Bar }

const levels: readonly Level[] = ['privileged', 'baseline', 'restricted']
const prefix = 'pod-security.kubernetes.io/'
const open: Bar = { level: 'privileged', version: 'latest' }
const openPolicy: Policy = { enforce: open, audit: open, warn: open }

/** 'restricted:v1.25'. */
export const textOf = ({ level, version }: Bar): string => `${level}:${version === 'latest' ? version : `v1.${version}`}`
/** Negative when the first is laxer. */
export const compareLevels = (left: Level, right: Level): number => levels.indexOf(left) - levels.indexOf(right)

/** The policy of these labels; what cannot be read is enforced as restricted and not warned of. */
export function policyOf(labels: Readonly<Record<string, string>> | undefined): { readonly policy: Policy; readonly problems: readonly Problem[] } {
  if (labels === undefined || !Object.keys(labels).some((label) => label.startsWith(prefix))) return { policy: openPolicy, problems: [] }
  const problems: Problem[] = []
  const fault = (label: string, detail: string): void => { problems.push({ path: `metadata.labels[${label}]`, reason: 'FieldValueInvalid', value: labels[label], detail }) }
  const barOf = (mode: string, whenWrong: Level, unsaid: Bar): Bar => {
    const level = labels[prefix + mode]
    const version = labels[`${prefix + mode}-version`]
    const known = levels.find((each) => each === level)
    if (level !== undefined && known === undefined) fault(prefix + mode, `must be one of ${levels.join(', ')}`)
    const minor = version === undefined ? unsaid.version : version === 'latest' ? version : /^v1\.(0|[1-9]\d{0,3})$/.exec(version)?.[1]
    if (minor === undefined) fault(`${prefix + mode}-version`, 'must be "latest" or "v1.x"')
    return { level: level === undefined ? unsaid.level : known ?? whenWrong, version: minor === undefined || minor === 'latest' ? 'latest' : Number(minor) }
  }
  const enforce = barOf('enforce', 'restricted', open)
  const audit = barOf('audit', 'privileged', open)
  // As upstream since 1.26: whoever is not told what to warn of is warned of what is enforced, so that workloads tell.
  const warn = barOf('warn', 'privileged', levels.some((each) => each === labels[`${prefix}enforce`]) ? enforce : open)
  return { policy: { enforce, audit, warn }, problems }
}
