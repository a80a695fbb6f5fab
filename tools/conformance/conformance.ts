import { join } from 'node:path'
import { notYet } from '../../tests/conformance/not-yet.ts'
import { points } from '../../tests/conformance/points/index.ts'
import { rows, webhookRows } from '../../tests/conformance/rows.ts'
import { storiesByFile } from '../../tests/conformance/stories/index.ts'
import { realRows } from '../../tests/conformance/real/rows.ts'
import { realStoriesByFile } from '../../tests/conformance/real/stories/index.ts'
import type { Story } from '../../tests/conformance/story.ts'

export const page = join(import.meta.dirname, '../../docs/conformance.md')

const classOf = (row: string): string => (rows.A.includes(row) ? 'A' : rows.B.includes(row) ? 'B' : 'C')
const realClassOf = (row: string): string => Object.entries(realRows).find(([, some]) => some.includes(row))?.[0] ?? ''
const cell = ({ row, kubectl }: Story): readonly string[] => {
  const why = notYet[row]
  if (why !== undefined) return [`not yet: ${why}`, 'not yet']
  return kubectl === true ? ['passes, by a stock kubectl', 'needs a connection'] : ['passes', 'passes']
}

/** docs/conformance.md, made from the tests' own tables. */
export function conformance(): string {
  const all = Object.values(storiesByFile).flat()
  const untold = rows.C.filter((row) => !all.some((story) => story.row === row))
  const open = all.filter(({ row }) => notYet[row] !== undefined).length
  const sections = Object.entries(storiesByFile).flatMap(([file, stories]) => [
    `## ${file}`, '', `[tests/conformance/stories/${file}.ts](../tests/conformance/stories/${file}.ts)`, '',
    '| class | row | over HTTPS | in process |', '| --- | --- | --- | --- |',
    ...stories.map((story) => `| ${[classOf(story.row), story.row.replaceAll('|', '\\|'), ...cell(story)].join(' | ')} |`), '',
  ])
  const real = realStories()
  return `${[
    '# Conformance', '',
    'Made by `node tools/conformance/main.ts` from the tables that the tests run; a test compares it.',
    'These are rows of Kubernetes 1.37\'s conformance suite, each with a test of ours by its codename, written from the behaviour.',
    'Those that need only the API server (class A), its controllers (class B), and nodes that may be simulated (class C) are told twice: to a control plane over HTTPS, and to one in the same',
    'process on a virtual clock. Those that need real containers (D, E), volumes (V) and networking (N) are told to a cluster of two real nodes.',
    'Those that need a webhook of the user\'s (W) are told twice as well, by a server of the tests\' own.',
    'A row without "not yet" fails `npm test` when it does not hold.', '',
    `Without containers: ${told(all.length, open, untold.length)}`,
    `With webhooks: ${webhookRows.length} rows, all hold.`,
    `On real nodes: ${told(real.all.length, real.open, real.untold.length)}`, '',
    'Run them: `npx node --test tests/conformance/conformance.test.ts`, and as root `npx node --test tests/conformance/real/conformance.real.test.ts`.', '',
    '# Without containers', '', ...sections, ...notTold(untold), '## Webhooks', '', '[tests/conformance/webhooks.test.ts](../tests/conformance/webhooks.test.ts)', '', ...webhookRows.map((row) => `- ${row}`), '', '# On real nodes', '', ...real.sections, ...notTold(real.untold),
    '## What clients depend on, and servers often get wrong', '', '[tests/conformance/points](../tests/conformance/points/index.ts), told in the same two ways.', '',
    '| | point | shown |', '| --- | --- | --- |',
    ...points.map((point) => `| ${point.number} | ${point.says} | ${'shownBy' in point ? `by [${point.shownBy}](../${point.shownBy})` : 'passes over HTTPS and in process'} |`), '',
  ].join('\n').trimEnd()}\n`
}

const told = (all: number, open: number, untold: number): string =>
  `${all} rows, ${all - open} hold${open === 0 ? '' : `, ${open} do not yet`}.${untold === 0 ? '' : ` ${untold} more have no test yet; they stand at the end.`}`
const notTold = (rowsLeft: readonly string[]): readonly string[] => (rowsLeft.length === 0 ? [] : ['## Not told yet', '', ...rowsLeft.map((row) => `- ${row}`), ''])

function realStories(): { readonly all: readonly { readonly row: string }[]; readonly open: number; readonly untold: readonly string[]; readonly sections: readonly string[] } {
  const all = Object.values(realStoriesByFile).flat()
  return {
    all, open: all.filter(({ row }) => notYet[row] !== undefined).length,
    untold: Object.values(realRows).flat().filter((row) => !all.some((story) => story.row === row)),
    sections: Object.entries(realStoriesByFile).flatMap(([file, stories]) => [
      `## ${file}`, '', `[tests/conformance/real/stories/${file}.ts](../tests/conformance/real/stories/${file}.ts)`, '', '| class | row | on real nodes |', '| --- | --- | --- |',
      ...stories.map(({ row }) => `| ${realClassOf(row)} | ${row.replaceAll('|', '\\|')} | ${notYet[row] === undefined ? 'passes' : `not yet: ${notYet[row]}`} |`), '',
    ]),
  }
}
