// Fills the small disk of a directory, frees it again, and prints what a user of the store sees.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRefusal, type Resource } from '@kubeskiff/core/api'
import { createStore, type Store } from '@kubeskiff/core/store'
import { attachJournal } from './attach.ts'
import { openEmbeddedJournal } from './embedded.ts'

const [directory = ''] = process.argv.slice(2)
const print = (line: string): void => { process.stdout.write(`${line}\n`) }
const filler = join(directory, 'filler')
writeFileSync(filler, Buffer.alloc(2 << 20))

const object = (name: string): Resource & { readonly data: unknown } =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', data: { x: 'x'.repeat(4000) }, metadata: { name, namespace: 'default', uid: name, resourceVersion: '', creationTimestamp: '' } })
const write = (store: Store, name: string) => store.commit([{ key: { resource: 'configmaps', namespace: 'default', name }, expect: 'any', object: object(name) }])

const store = createStore({ journaled: true })
const attached = await attachJournal(store, await openEmbeddedJournal(directory), { retryMs: 5, onTrouble: (why) => { print(`trouble: ${why}`) } })
let failure: unknown
for (let at = 0; at < 2000 && failure === undefined; at++) {
  write(store, `name-${at}`)
  await store.durable(store.view.revision).catch((why: unknown) => { failure = why })
}
print(`waiting: ${failure instanceof Error ? failure.message : 'no failure'}`)
const refused = write(store, 'refused')
print(`write: ${isRefusal(refused) ? `${refused.code} ${refused.message}` : 'accepted'}`)
const held = store.view.revision

rmSync(filler)
while (store.durableRevision < held) await new Promise((resolve) => { setTimeout(resolve, 5) })
print(`write: ${isRefusal(write(store, 'accepted')) ? 'refused' : 'accepted'}`)
await attached.close()

const again = createStore({ journaled: true })
const { recovered } = await attachJournal(again, await openEmbeddedJournal(directory))
print(`recovered: ${recovered === held + 1 ? 'all that was acknowledged' : `${recovered} of ${held + 1}`}`)
process.exit(0)
