import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtinKinds } from '../../packages/core/api/kinds/index.ts'
import { allControllers } from '../../packages/core/cluster/controllers.ts'
import { defaultPlugins } from '../../packages/core/scheduler/plugins/index.ts'
import { plugins as admissionPlugins } from '../../packages/core/server/admission/index.ts'
import { reviews } from '../../packages/core/server/access/reviews.ts'
import { subresourceVerbs, verbsOf } from '../../packages/core/server/registry.ts'
import { streams } from '../../tests/conformance/particulars.ts'
import { promoted } from '../generate/promoted.ts'
import { admissionShownBy, controllersShownBy, kindsShownBy, schedulingShownBy, type Shown } from './shown-by.ts'

const root = join(import.meta.dirname, '../..')
const walk = 'tests/conformance/every-kind.test.ts'
export const page = join(root, 'docs/supported.md')

type Row = readonly string[]
/** One row of the page that a test must show. */
export interface Claim { readonly name: string; readonly shown: Shown | undefined }

const controllers = allControllers({ authority: '', volumesBelow: '' })

/** All that the page says, with what shows it. */
export const claims: readonly Claim[] = [
  ...builtinKinds.map(({ kind }) => ({ name: kind, shown: shownKind(kind) })),
  ...controllers.map(({ name }) => ({ name, shown: controllersShownBy[name] })),
  ...defaultPlugins.map(({ name }) => ({ name, shown: schedulingShownBy[name] })),
  ...admissionPlugins.map(({ name }) => ({ name, shown: admissionShownBy[name] })),
]

function shownKind(kind: string): Shown | undefined {
  const file = kindsShownBy[kind]
  const plural = builtinKinds.find((one) => one.kind === kind)?.plural ?? kind
  if (file === undefined) return undefined
  const text = readFileSync(join(root, file), 'utf8')
  return [file, [kind, plural].find((word) => new RegExp(`\\b${word}\\b`).test(text)) ?? kind]
}

/** docs/supported.md, made from the code. */
export function supported(): string {
  const kinds = builtinKinds.map((kind): Row => [
    `**${kind.kind}**`, kind.served.map(versionOf).join(', '), kind.shortNames.join(', '),
    (kind.subresources ?? []).map(({ name }) => name).join(', '), columnsOf(kind.served[0]?.columns ?? []), (kind.lacks ?? []).join(', '), linkTo(shownKind(kind.kind)),
  ])
  return `${[
    '# What is supported', '',
    'Made by `node tools/supported/main.ts` from the code; a test compares it. What is not here is not served: other kinds answer 404.',
    'A kind has the verbs create, delete, deletecollection, get, list, patch, update and watch, except those named under *lacks*; every kind is served with',
    'the four patches (JSON, merge, strategic, apply), dry run, strict field validation, label and field selectors, paging and Table. Columns in (parentheses) show with `-o wide`.', '',
    '## Kinds', '', ...table(['kind', 'versions', 'short', 'subresources', 'columns', 'lacks', 'shown by'], kinds), '',
    '## Verbs', '',
    `Of every version: what can be done with it. ${link(walk)} walks discovery and does all of it with an example of each kind, over HTTPS and in process, but for the streams: ${Object.entries(streams).map(([name, file]) => `${name} (${link(file)})`).join(', ')}.`, '',
    ...table(['resource', 'verbs', 'subresources'], builtinKinds.flatMap((kind) => kind.served.map((served): Row => [
      `${served.group === '' ? served.version : `${served.group}/${served.version}`} **${kind.plural}**`, verbsOf(kind).join(', '),
      (kind.subresources ?? []).map((subresource) => `${subresource.name} (${subresourceVerbs(subresource).join(', ')})`).join(', '),
    ]))), '',
    '## Reviews', '', `Created, answered and not kept: ${reviews.map(({ kind, group, version }) => `${kind} (${group === '' ? version : `${group}/${version}`})`).join(', ')}. Shown by ${link('packages/core/server/access/access.test.ts')}.`, '',
    '## Controllers', '', ...table(['controller', 'watches', 'shown by'], controllers.map(({ name, watches }) => [name, [...new Set(watches.map(({ resource }) => (resource === '*' ? 'everything' : resource)))].join(', '), linkTo(controllersShownBy[name])])), '',
    'All of them also keep the laws of [laws.test.ts](../packages/core/controllers/laws.test.ts).', '',
    '## Scheduler plugins, in order', '', ...table(['plugin', 'weight of its scores', 'shown by'], defaultPlugins.map(({ name, weight }) => [name, weight === 0 ? '' : String(weight), linkTo(schedulingShownBy[name])])), '',
    '## Admission plugins, in order', '', ...table(['plugin', 'shown by'], admissionPlugins.map(({ name }) => [name, linkTo(admissionShownBy[name])])), '',
    '## kubectl commands that tests run with a stock kubectl', '',
    'On simulated nodes some are run to see them refused: logs, exec, attach, cp and port-forward need a process.', '', ...table(['command', 'tests/e2e, real nodes', 'tests/clients, simulated nodes'], commands()), '',
  ].join('\n')}`
}

// The schemas are 1.36; what 1.37 made stable says so.
const versionOf = ({ group, version, definition }: { readonly group: string; readonly version: string; readonly definition: string }): string =>
  `${group === '' ? version : `${group}/${version}`}${promoted.some(({ name }) => name === definition) ? ' (from 1.37)' : ''}`
const columnsOf = (columns: readonly { readonly name: string; readonly wide?: boolean }[]): string => columns.map(({ name, wide }) => (wide === true ? `(${name})` : name)).join(', ')
const linkTo = (shown: Shown | undefined): string => (shown === undefined ? 'no test of its own' : link(shown[0]))
const link = (file: string): string => `[${file.replace(/^packages\/core\//, '')}](../${file})`

function table(head: Row, rows: readonly Row[]): readonly string[] {
  const line = (row: Row): string => `| ${row.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

const verbs = ['annotate', 'api-resources', 'apply', 'attach', 'auth', 'cordon', 'cp', 'create', 'debug', 'delete', 'describe', 'diff', 'drain', 'edit', 'events', 'exec', 'explain', 'expose', 'get', 'label', 'logs',
  'patch', 'port-forward', 'replace', 'rollout', 'run', 'scale', 'set', 'taint', 'uncordon', 'version', 'wait']

/** Commands that appear as words of a call in tests with a stock kubectl: on real nodes, and on simulated ones. */
function commands(): readonly Row[] {
  const [real, simulated] = ['tests/e2e/**/*.test.ts', 'tests/clients/**/*.test.ts'].map((files) => globSync(files, { cwd: root }).sort().map((file) => readFileSync(join(root, file), 'utf8')).join('\n'))
  return verbs.flatMap((verb): Row[] => {
    const runs = new RegExp(`[(\\[]['"\`]${verb}['"\` ]`)
    const row = [real, simulated].map((text = '') => (runs.test(text) ? 'yes' : ''))
    return row.includes('yes') ? [[`kubectl ${verb}`, ...row]] : []
  })
}
