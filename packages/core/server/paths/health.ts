import { type Answer, text } from '../reply.ts'
import { isTrue } from '../route.ts'

const checks = ['ping', 'log', 'etcd']

/** /healthz, /livez and /readyz, whole or check by check. A server that answers at all is well: it has no part that fails alone. */
export function health(path: string, query: URLSearchParams): Answer | undefined {
  const match = /^\/(healthz|livez|readyz)(?:\/([^/]+))?$/.exec(path)
  if (match === null) return undefined
  const [, name = '', check] = match
  if (check !== undefined) return checks.includes(check) ? text('ok') : undefined
  if (!isTrue(query, 'verbose')) return text('ok')
  const excluded = new Set(query.getAll('exclude'))
  const lines = checks.map((each) => (excluded.has(each) ? `[+]${each} excluded: ok\n` : `[+]${each} ok\n`))
  return text(`${lines.join('')}${name} check passed\n`)
}
