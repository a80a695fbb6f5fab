import { createWriteStream, existsSync, renameSync, statSync, type WriteStream } from 'node:fs'
import type { AuditEvent } from '@kubeskiff/core/server'

export interface AuditLog { write(event: AuditEvent): void; close(): Promise<void> }

/** A file is put aside when it has grown to this, and so many are kept: FILE.1 is the newest. */
const fileBytesMax = 100 << 20
const filesKept = 10

/** An audit log in a file: one JSON object a line. '-' is the standard output. Throws when the file cannot be opened. */
export function openAuditLog(path: string, onTrouble: (why: string) => void): AuditLog {
  if (path === '-') return { write: (event) => { process.stdout.write(`${JSON.stringify(event)}\n`) }, close: () => Promise.resolve() }
  let size = existsSync(path) ? statSync(path).size : 0
  let stream = open(path, onTrouble)
  return {
    write(event) {
      const line = `${JSON.stringify(event)}\n`
      size += line.length
      if (size > fileBytesMax) {
        stream.end()
        rotate(path)
        stream = open(path, onTrouble)
        size = line.length
      }
      stream.write(line)
    },
    close: () => new Promise((resolve) => { stream.end(() => { resolve() }) }),
  }
}

function open(path: string, onTrouble: (why: string) => void): WriteStream {
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 })
  // The cluster goes on: upstream's log backend counts such errors and goes on as well.
  stream.on('error', (error) => { onTrouble(`the audit log ${path}: ${error.message}`) })
  return stream
}

function rotate(path: string): void {
  for (let at = filesKept - 1; at >= 1; at--) if (existsSync(`${path}.${at}`)) renameSync(`${path}.${at}`, `${path}.${at + 1}`)
  renameSync(path, `${path}.1`)
}
