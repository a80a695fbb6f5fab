// /logs/ of a kubelet: the files below the node's /var/log, as its own pods would see them there.
import { createReadStream, readdirSync, statSync } from 'node:fs'
import type { KubeletAnswer } from '../agent-link/index.ts'

const logs = '/var/log'
const missing: KubeletAnswer = { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '404 page not found\n' }

/** A file, or what a directory holds. `placeOf` follows links as the node's pods see them; what leads elsewhere is not served: Secrets of pods are among the machine's files. */
export function nodeLog(path: string, placeOf: (path: string) => string): KubeletAnswer {
  let file: string
  let isDirectory: boolean
  try {
    const asked = decodeURIComponent(path)
    if (asked.includes('\0') || asked.split('/').includes('..')) return missing
    file = placeOf(`${logs}/${asked}`)
    const root = placeOf(logs)
    const found = statSync(file)
    isDirectory = found.isDirectory()
    // Nobody waits here for who writes to a pipe.
    if ((file !== root && !file.startsWith(`${root}/`)) || !(isDirectory || found.isFile())) return missing
  } catch { return missing } // it is not there, or nothing that can be read
  if (!isDirectory) return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: createReadStream(file) }
  const names = readdirSync(file, { withFileTypes: true }).map((each) => (each.isDirectory() ? `${each.name}/` : each.name)).sort()
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${names.map((name) => `<a href="${encodeURI(name)}">${escaped(name)}</a>\n`).join('')}</pre>\n` }
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;')
