import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { hugePages } from './huge-pages.ts'

test('huge pages are a node\'s capacity by their size', () => {
  const directory = mkdtempSync(`${tmpdir()}/skiff-pages-`)
  try {
    for (const [name, count] of [['hugepages-2048kB', 33], ['hugepages-1048576kB', 2], ['hugepages-64kB', 0]] as const) {
      mkdirSync(`${directory}/${name}`)
      writeFileSync(`${directory}/${name}/nr_hugepages`, `${count}\n`)
    }
    assert.deepEqual(hugePages(directory), { 'hugepages-1Gi': '2Gi', 'hugepages-2Mi': '66Mi', 'hugepages-64Ki': '0' })
    assert.deepEqual(hugePages(`${directory}/none`), {})
  } finally { rmSync(directory, { recursive: true }) }
})
