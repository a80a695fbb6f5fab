import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as shownBy from './shown-by.ts'
import { claims, page, supported } from './supported.ts'

const root = join(import.meta.dirname, '../..')

test('docs/supported.md is what the code says: node tools/supported/main.ts makes it', () => {
  assert.equal(readFileSync(page, 'utf8'), supported())
})

test('every row says which test shows it, and no test is named for what is not there', () => {
  const named = Object.values(shownBy).flatMap((table) => Object.keys(table))
  assert.deepEqual(claims.map(({ name }) => name).sort(), named.sort())
})

test('what is said to show a row mentions it', () => {
  const mistaken = claims.filter(({ shown }) => shown !== undefined && !readFileSync(join(root, shown[0]), 'utf8').includes(shown[1]))
  assert.deepEqual(mistaken.map(({ name }) => name), [])
})
