import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { notYet } from '../../tests/conformance/not-yet.ts'
import { points } from '../../tests/conformance/points/index.ts'
import { realRows } from '../../tests/conformance/real/rows.ts'
import { realStories, realStoriesByFile } from '../../tests/conformance/real/stories/index.ts'
import { rows, webhookRows } from '../../tests/conformance/rows.ts'
import { stories, storiesByFile } from '../../tests/conformance/stories/index.ts'
import { conformance, page } from './conformance.ts'

test('docs/conformance.md is what the tests tell: node tools/conformance/main.ts makes it', () => {
  assert.equal(readFileSync(page, 'utf8'), conformance())
})

test('every row has one story, in the file that the page names, and what does not hold yet is a row', () => {
  // Rows of class C are told one after the other; the page says which are not.
  assert.deepEqual(stories.map(({ row }) => row).filter((row) => !rows.C.includes(row)).sort(), [...rows.A, ...rows.B].sort())
  assert.equal(new Set(stories.map(({ row }) => row)).size, stories.length)
  assert.deepEqual(Object.keys(storiesByFile).filter((file) => !existsSync(join(import.meta.dirname, `../../tests/conformance/stories/${file}.ts`))), [])
  assert.deepEqual(points.map(({ number }) => number), Array.from({ length: 40 }, (_, index) => index + 1))
  assert.deepEqual(points.filter((point) => 'shownBy' in point && !existsSync(join(import.meta.dirname, '../..', point.shownBy))), [])
  assert.deepEqual(Object.keys(notYet).filter((row) => ![...stories, ...realStories].some((story) => story.row === row)), [])
})

test('every row about webhooks is told by a story of its name', () => {
  const told = readFileSync(join(import.meta.dirname, '../../tests/conformance/webhooks.test.ts'), 'utf8').replaceAll('\\\'', '\'')
  const nameOf = (row: string): string => row.replace('[sig-api-machinery] ', '').replace(' [Conformance]', '').replace('AdmissionWebhook [Privileged:ClusterAdmin] ', '')
  assert.deepEqual(webhookRows.filter((row) => !told.includes(`'${nameOf(row)}':`)), [])
})

test('every story on real nodes is of a row, and told once', () => {
  const known: readonly string[] = Object.values(realRows).flat()
  assert.deepEqual(realStories.filter(({ row }) => !known.includes(row)).map(({ row }) => row), [])
  assert.equal(new Set(realStories.map(({ row }) => row)).size, realStories.length)
  assert.deepEqual(Object.keys(realStoriesByFile).filter((file) => !existsSync(join(import.meta.dirname, `../../tests/conformance/real/stories/${file}.ts`))), [])
})
