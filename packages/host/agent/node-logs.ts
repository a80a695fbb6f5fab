// /logs/ of a kubelet: the files below the node's /var/log, as its own pods would see them there.
import { closeSync, constants, createReadStream, fstatSync, openSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import type { KubeletAnswer } from '../agent-link/index.ts'

const logs = '/var/log'
const missing: KubeletAnswer = { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '404 page not found\n' }

/** A file, or what a directory holds. `placeOf` knows where a path of the node's stands; what leads out of the logs is not served: Secrets of pods are among the machine's files. */
export function nodeLog(path: string, placeOf: (path: string) => string): KubeletAnswer {
  let file: number | undefined
  try {
    const asked = decodeURIComponent(path)
    if (asked.includes('\0') || asked.split('/').includes('..')) return missing
    // Nobody waits here for who writes to a pipe.
    file = openSync(placeOf(`${logs}/${asked}`), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    const open = `/proc/self/fd/${file}`
    // Of what was opened, and not of its path: pods that may write to the logs could put a link there in between.
    const [found, real, root] = [fstatSync(file), readlinkSync(open), realpathSync(placeOf(logs))]
    if (real !== root && !real.startsWith(`${root}/`)) return missing
    if (found.isFile()) {
      const body = createReadStream('', { fd: file })
      file = undefined // The stream closes it.
      return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
    }
    if (!found.isDirectory()) return missing
    const names = readdirSync(open, { withFileTypes: true }).map((each) => (each.isDirectory() ? `${each.name}/` : each.name)).sort()
    return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${names.map((name) => `<a href="${encodeURI(name)}">${escaped(name)}</a>\n`).join('')}</pre>\n` }
  } catch {
    return missing // It is not there, or nothing that can be read.
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;')
