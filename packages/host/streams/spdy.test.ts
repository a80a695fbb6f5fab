import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderReader, HeaderWriter, type SpdyHeaders } from './spdy-headers.ts'

test('header blocks share one context, and end as Go needs them to', async () => {
  const [writer, reader] = [new HeaderWriter(), new HeaderReader()]
  const sent: readonly SpdyHeaders[] = [{ streamtype: 'stdin' }, {}, { streamtype: 'data', port: '8080', requestid: '7' }]
  const blocks = sent.map((headers) => writer.write(headers))
  assert.deepEqual(blocks.map((block) => block.subarray(-5).toString('hex')), Array(3).fill('000000ffff'))
  const read = []
  for (const block of blocks) read.push(await reader.read(block))
  assert.deepEqual(read, sent)
  reader.close()
})

test('a header block that unpacks to too much is refused', async () => {
  const reader = new HeaderReader()
  await assert.rejects(reader.read(new HeaderWriter().write({ long: 'x'.repeat(20_000) })), /more than 16384 bytes/)
  reader.close()
})
