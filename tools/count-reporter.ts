// A test reporter that writes what came out as one line of JSON a test: tools/test.ts adds them up.
import type { TestEvent } from 'node:test/reporters'

export default async function* countReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const skipped = event.data.skip !== undefined || event.data.todo !== undefined
    // A suite counts by its tests, unless all of it was skipped.
    if (event.data.details?.type === 'suite' && !skipped) continue
    const result = skipped ? 'skipped' : event.type === 'test:pass' ? 'passed' : 'failed'
    yield `${JSON.stringify({ result, name: event.data.name, file: event.data.file, why: event.data.skip })}\n`
  }
}
