// A pod that is none, for tests: its commands are a few words.
import { Duplex, PassThrough } from 'node:stream'
import { isRefusal, type Refusal } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'
import type { Ending, PodStream, TerminalSize } from './types.ts'

/** What a fake pod saw, for assertions. */
export interface Seen { readonly sizes: TerminalSize[]; closed: number }

/**
 * `shout` answers its input in capitals when it ends; `say TEXT` prints to stdout and `! TEXT` to stderr; `exit N` ends
 * with N; `bytes N` prints that many; `wait` runs until it is closed; `missing` is refused. Ports answer in capitals, 1 is closed.
 */
export function fakePod(seen: Seen = { sizes: [], closed: 0 }): (connect: Connect) => Promise<PodStream | Refusal> {
  return async (connect) => {
    if (connect.what === 'portforward') return { is: 'ports', dial, close() { seen.closed++ } }
    const [word = '', ...rest] = connect.what === 'log' ? ['say', 'a line\n'] : connect.command
    if (word === 'missing') return refused
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    let end: (ending: Ending) => void = () => {}
    const ended = new Promise<Ending>((resolve) => { end = resolve })
    const finish = (ending: Ending): void => { stdout.end(); stderr.end(); end(ending) }
    run(word, rest, { stdin, stdout, stderr, finish })
    return {
      is: 'process', stdin: connect.streams.stdin ? stdin : undefined, stdout, stderr: connect.streams.tty ? undefined : stderr, ended,
      resize(size) { seen.sizes.push(size) },
      close() { seen.closed++; finish({ is: 'failed', message: 'closed' }) },
    }
  }
}
const refused: Refusal = { refused: true, code: 404, reason: 'NotFound', message: 'container not found ("main")' }

interface Process { readonly stdin: PassThrough; readonly stdout: PassThrough; readonly stderr: PassThrough; readonly finish: (ending: Ending) => void }
function run(word: string, rest: readonly string[], { stdin, stdout, stderr, finish }: Process): void {
  switch (word) {
    case 'say': stdout.write(rest.join(' ')); finish({ is: 'exited', code: 0 }); return
    case '!': stderr.write(rest.join(' ')); finish({ is: 'exited', code: 0 }); return
    case 'exit': finish({ is: 'exited', code: Number(rest[0]) }); return
    case 'fail': finish({ is: 'failed', message: rest.join(' ') }); return
    case 'bytes': {
      let left = Number(rest[0])
      const more = (): void => {
        while (left > 0) {
          const size = Math.min(left, 50_000)
          left -= size
          if (!stdout.write(Buffer.alloc(size, 'x'))) { stdout.once('drain', more); return }
        }
        finish({ is: 'exited', code: 0 })
      }
      more()
      return
    }
    case 'shout': {
      stdin.on('data', (chunk: Buffer) => { if (!stdout.write(chunk.toString().toUpperCase())) { stdin.pause(); stdout.once('drain', () => stdin.resume()) } })
      stdin.on('end', () => { finish({ is: 'exited', code: 0 }) })
      return
    }
    default: // waits to be closed
  }
}

/** Answers every piece in capitals, and ends when the other side does. */
function dial(port: number): Duplex {
  if (port === 1) {
    const broken = new Duplex({ read() {}, write(_chunk, _encoding, done) { done() } })
    setImmediate(() => broken.destroy(new Error('connection refused')))
    return broken
  }
  return new Duplex({
    allowHalfOpen: true,
    read() {},
    write(chunk: Buffer, _encoding, done) { this.push(chunk.toString().toUpperCase()); done() },
    final(done) { this.push(null); done() },
  })
}

/** Opens a stream that must not be refused. */
export async function opened(open: Promise<PodStream | Refusal>): Promise<PodStream> {
  const stream = await open
  if (isRefusal(stream)) throw new Error(stream.message)
  return stream
}
