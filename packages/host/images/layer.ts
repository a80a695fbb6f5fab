import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import type { Readable, Transform, Writable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { checked, libc } from '../linux/libc.ts'
import { opaqueMark } from '../linux/mounts.ts'
import { run } from '../linux/processes.ts'

const whiteoutPrefix = '.wh.'
const opaqueName = '.wh..wh..opq'
const characterDevice = 0o020000

/**
 * Unpacks a layer's uncompressed archive into an empty directory with owners, modes, hard links and extended attributes
 * kept (save the overlay's own, which only this machine sets), and turns the marks of removed files into those of overlay file systems. Needs GNU tar, which refuses to write
 * outside the directory.
 */
export async function unpackLayer(archive: Readable, directory: string): Promise<{ readonly diffId: string; readonly sizeBytes: number }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const tar = spawn('tar', ['-x', '-p', '--numeric-owner', '--xattrs', '--xattrs-include=*', '--xattrs-exclude=trusted.*', '--warning=no-timestamp', '-C', directory], { stdio: ['pipe', 'ignore', 'pipe'] })
  let complaint = ''
  tar.stderr.setEncoding('utf8').on('data', (text: string) => { if (complaint.length < 4096) complaint += text })
  const ended = new Promise<number>((resolve) => {
    tar.on('error', (error) => { complaint += error.message; resolve(127) })
    tar.on('close', (code) => resolve(code ?? 1))
  })
  // tar ends at the archive's end mark and does not read the padding after it: the digest needs that too.
  let listening = true
  tar.stdin.on('error', () => { listening = false }).on('close', () => { listening = false })
  try {
    for await (const chunk of archive) {
      const bytes: Buffer = chunk
      hash.update(bytes)
      sizeBytes += bytes.length
      if (listening && !tar.stdin.write(bytes)) await drained(tar.stdin)
    }
  } finally {
    tar.stdin.end()
    await ended
  }
  const code = await ended
  if (code !== 0) throw new Error(`cannot unpack the layer: ${/Wrote only|No space left/.test(complaint) ? 'no space left on device' : complaint.trim()}`)
  await convertWhiteouts(directory)
  chmodSync(directory, 0o755)
  return { diffId: `sha256:${hash.digest('hex')}`, sizeBytes }
}

/** Settles when a writer takes more, or never will. */
function drained(writer: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const name of ['drain', 'close', 'error']) writer.off(name, done)
      resolve()
    }
    for (const name of ['drain', 'close', 'error']) writer.on(name, done)
    if (writer.destroyed) done()
  })
}

/** A stream's bytes uncompressed, by the media type or, without one, by nothing at all. */
export function decompress(compressed: Readable, mediaType: string): Readable {
  if (/gzip$/.test(mediaType)) return chain(compressed, createGunzip())
  if (/zstd$/.test(mediaType)) return chain(compressed, createZstdDecompress())
  return compressed
}

function chain(source: Readable, target: Transform | ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>): Readable {
  source.on('error', (error) => target.destroy(error))
  return source.pipe(target)
}

async function convertWhiteouts(directory: string): Promise<void> {
  const found = await run('find', [directory, '-name', `${whiteoutPrefix}*`, '-print0'])
  if (found.code !== 0) throw new Error(`cannot look for removed files: ${found.stderr.trim()}`)
  for (const path of found.stdout.split('\0').filter((line) => line !== '')) {
    const slash = path.lastIndexOf('/')
    const [parent, name] = [path.slice(0, slash), path.slice(slash + 1)]
    rmSync(path)
    if (name === opaqueName) {
      hideBelow(parent)
    } else if (!name.startsWith('.wh..wh.')) {
      const hidden = name.slice(whiteoutPrefix.length)
      // Such a mark would speak of another directory, in the end of one outside the layer.
      if (['', '.', '..'].includes(hidden)) throw new Error(`invalid whiteout name: ${path.slice(directory.length)}`)
      const removed = `${parent}/${hidden}`
      const instead = lstatSync(removed, { throwIfNoEntry: false })
      // What stands in the layer itself is there: the mark speaks of what is below, and a new directory must not show that.
      if (instead === undefined) checked('mknod', libc().mknod(removed, characterDevice, 0), removed)
      else if (instead.isDirectory()) hideBelow(removed)
    }
  }
}

function hideBelow(directory: string): void {
  checked('lsetxattr', libc().lsetxattr(directory, opaqueMark(), Buffer.from('y'), 1, 0), directory)
}
