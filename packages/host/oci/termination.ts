import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { ContainerSpec } from '@kubeskiff/core/kubelet'
import type { AttemptPlaces } from './places.ts'

const messageBytes = 4096
const fallbackBytes = 2048
const fallbackLines = 80

/** A container's last words: the file it wrote, else (where asked for, and after a failure) the end of its log. */
export function terminationMessage(at: AttemptPlaces, spec: ContainerSpec, exitCode: number): string {
  const written = readStart(at.terminationMessage, messageBytes)
  if (written !== '' || spec.terminationMessagePolicy !== 'FallbackToLogsOnError' || exitCode === 0) return written
  const lines = readEnd(at.log, messageBytes * 4).split('\n').filter((line) => line !== '').slice(-fallbackLines)
  const text = lines.map((line) => {
    const [, , mark, ...words] = line.split(' ')
    // P: what was written so far of a line that had no end.
    return `${words.join(' ')}${mark === 'P' ? '' : '\n'}`
  }).join('')
  return Buffer.from(text).subarray(-fallbackBytes).toString()
}

function readStart(path: string, bytes: number): string {
  return readPart(path, () => 0, bytes)
}

function readEnd(path: string, bytes: number): string {
  return readPart(path, (size) => Math.max(0, size - bytes), bytes)
}

function readPart(path: string, from: (size: number) => number, bytes: number): string {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return '' // Nothing was written.
  }
  try {
    const buffer = Buffer.alloc(bytes)
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, bytes, from(fstatSync(descriptor).size)))
  } finally {
    closeSync(descriptor)
  }
}
