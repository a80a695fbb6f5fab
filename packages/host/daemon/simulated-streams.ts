import { PassThrough } from 'node:stream'
import { pods } from '@kubeskiff/core/api'
import type { Clock } from '@kubeskiff/core/base'
import { logText, simulatedLog } from '@kubeskiff/core/rules'
import type { Connect } from '@kubeskiff/core/server'
import type { Store } from '@kubeskiff/core/store'
import type { OpenStream, ProcessStream } from '../streams/index.ts'

const owner = 'simulated logs'

/** Opens what pods on simulated nodes have to tell by their scripts; everything else is opened by `others`. */
export function simulatedStreams({ store, clock, others }: { readonly store: Pick<Store, 'view' | 'onCommit'>; readonly clock: Clock; readonly others: OpenStream }): OpenStream {
  const looks = new Map<string, () => void>()
  let made = 0
  clock.onWake(owner, (key) => { looks.get(key)?.() })

  const answer = (out: string, code: number): ProcessStream => {
    const stdout = new PassThrough()
    stdout.end(out)
    return { is: 'process', stdin: new PassThrough().resume(), stdout, stderr: undefined, resize: () => {}, ended: Promise.resolve({ is: 'exited', code }), close: () => {} }
  }
  /** Writes what is there, then each line when it comes, until the container has ended or its pod is gone. */
  const follow = ({ pod: { namespace, name, uid }, container, log }: Connect): ProcessStream => {
    const stdout = new PassThrough()
    const id = String(made++)
    let sent: ReadonlySet<string> | undefined
    let seen: unknown
    let due: number | undefined
    const end = (): void => { quiet(); looks.delete(id); clock.wake(owner, id, undefined); stdout.end() }
    const look = (): void => {
      if (stdout.writableEnded || stdout.destroyed) return
      const pod = store.view.get(pods, namespace, name)
      // Every commit rings: only those of this pod, and its own time, bring lines.
      if (pod === seen && (due === undefined || clock.now() < due)) return
      seen = pod
      const written = pod?.metadata.uid === uid ? simulatedLog(pod, container, clock.now()) : undefined
      if (written === undefined) { end(); return }
      const before = sent
      const text = before === undefined ? logText(written.lines, log ?? {}, clock.now()) : logText(written.lines.filter(({ id: line }) => !before.has(line)), { timestamps: log?.timestamps === true }, clock.now())
      sent = new Set(written.lines.map((line) => line.id))
      due = written.next
      if (text !== '') stdout.write(text)
      if (written.over) end()
      else clock.wake(owner, id, due)
    }
    const quiet = store.onCommit(look)
    looks.set(id, look)
    look()
    return { is: 'process', stdin: undefined, stdout, stderr: undefined, resize: () => {}, ended: new Promise((resolve) => { stdout.once('close', () => { resolve({ is: 'exited', code: 0 }) }) }), close: () => { end(); stdout.destroy() } }
  }
  return (connect) => {
    switch (connect.scripted?.is) {
      case 'answer': return Promise.resolve(answer(connect.scripted.out, connect.scripted.exitCode))
      case 'log': return Promise.resolve(follow(connect))
      case undefined: return others(connect)
    }
  }
}
