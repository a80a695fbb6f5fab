// Writes to the journal of a directory without end, and prints each revision once it is durable. To be killed.
import { createStore } from '@kubeskiff/core/store'
import { attachJournal } from './attach.ts'
import { openEmbeddedJournal } from './embedded.ts'

const [directory = ''] = process.argv.slice(2)
const store = createStore({ journaled: true })
// A short history, so that folding is interrupted too.
await attachJournal(store, await openEmbeddedJournal(directory), { historyMax: 20 })
for (;;) {
  for (let each = 0; each < 5; each++) {
    const name = `key-${store.view.revision % 37}`
    store.commit([{
      key: { resource: 'configmaps', namespace: 'default', name }, expect: 'any',
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', uid: name, resourceVersion: '', creationTimestamp: '' } },
    }])
  }
  await store.durable(store.view.revision)
  process.stdout.write(`${store.view.revision}\n`)
}
