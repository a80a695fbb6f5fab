// A test reporter that writes one line of JSON a story, with what went wrong.
import type { TestEvent } from 'node:test/reporters'

export interface Told { readonly row: string; readonly result: 'passed' | 'failed' | 'skipped'; readonly why: string }

export default async function* toldReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if ((event.type !== 'test:pass' && event.type !== 'test:fail') || event.data.details?.type === 'suite') continue
    const { name, skip, todo, details } = event.data
    const skipped = skip !== undefined || todo !== undefined
    const error = event.type === 'test:fail' ? event.data.details.error : undefined
    const why = error === undefined ? String(skip ?? todo ?? '') : `${String(error.cause ?? error)}\n${error.cause instanceof Error ? error.cause.stack ?? '' : ''}`
    yield `${JSON.stringify({ row: name, result: skipped ? 'skipped' : event.type === 'test:pass' ? 'passed' : 'failed', why, milliseconds: details?.duration_ms })}\n`
  }
}
