import type { Runner } from '../controllers/index.ts'
import type { Store } from '../store/types.ts'

const namedMost = 5

/** Who keeps a cluster from coming to rest: what is written most, and who waits for a look, while it goes on working for a while. */
export function whoHolds({ store, runner }: { readonly store: Pick<Store, 'view' | 'changes'>; readonly runner: Pick<Runner, 'waitingKeys'> }, goOn: () => void): readonly string[] {
  const from = store.view.revision
  goOn()
  const changes = store.changes(from)
  const counts = new Map<string, number>()
  for (const { key } of changes === 'compacted' ? [] : changes) {
    const name = `${key.resource} ${key.namespace === '' ? '' : `${key.namespace}/`}${key.name}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const written = [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1)).slice(0, namedMost).map(([name, count]) => `${name} (${count} ${count === 1 ? 'write' : 'writes'})`)
  return [...written, ...runner.waitingKeys(namedMost).map((key) => `${key} waits for a look`)]
}
