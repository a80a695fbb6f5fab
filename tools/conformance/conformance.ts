import { join } from 'node:path'
import { notYet } from '../../tests/conformance/not-yet.ts'
import { points } from '../../tests/conformance/points/index.ts'
import { rows } from '../../tests/conformance/rows.ts'
import { storiesByFile } from '../../tests/conformance/stories/index.ts'
import type { Story } from '../../tests/conformance/story.ts'

export const page = join(import.meta.dirname, '../../docs/conformance.md')

const classOf = (row: string): string => (rows.A.includes(row) ? 'A' : rows.B.includes(row) ? 'B' : 'C')
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
  return `${[
    '# Conformance', '',
    'Made by `node tools/conformance/main.ts` from the tables that the tests run; a test compares it.',
    'These are the rows of Kubernetes 1.37\'s conformance suite that need only the API server (class A), its controllers (class B), and nodes that may be simulated (class C).',
    'Each has a test of ours by its codename, written from the behaviour and told twice: to a control plane over HTTPS, and to one in the same process on a virtual clock.',
    'A row without "not yet" fails `npm test` when it does not hold.', '',
    `${all.length} rows, ${all.length - open} hold${open === 0 ? '' : `, ${open} do not yet`}.${untold.length === 0 ? '' : ` ${untold.length} of class C have no test yet; they stand at the end.`}`, '',
    'Run them: `npx node --test tests/conformance/conformance.test.ts`.', '', ...sections,
    ...(untold.length === 0 ? [] : ['## Not told yet', '', ...untold.map((row) => `- ${row}`), '']),
    '## What clients depend on, and servers often get wrong', '', '[tests/conformance/points](../tests/conformance/points/index.ts), told in the same two ways.', '',
    '| | point | shown |', '| --- | --- | --- |',
    ...points.map((point) => `| ${point.number} | ${point.says} | ${'shownBy' in point ? `by [${point.shownBy}](../${point.shownBy})` : 'passes over HTTPS and in process'} |`), '',
  ].join('\n').trimEnd()}\n`
}
