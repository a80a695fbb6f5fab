import { type Answer, text } from '../reply.ts'
import { isTrue } from '../route.ts'

const checks = ['ping', 'log', 'etcd']
const form = /^\/(healthz|livez|readyz)(?:\/([^/]+))?$/

/** Whether a path asks how the server is. */
export const isHealth = (path: string): boolean => form.test(path)

/** /healthz, /livez and /readyz, whole or check by check. A server that answers at all is well: it has no part that fails alone. */
export function health(path: string, query: URLSearchParams): Answer | undefined {
  const match = form.exec(path)
  if (match === null) return undefined
  const [, name = '', check] = match
  if (check !== undefined) return checks.includes(check) ? text('ok') : undefined
  if (!isTrue(query, 'verbose')) return text('ok')
  const excluded = new Set(query.getAll('exclude'))
  const lines = checks.map((each) => (excluded.has(each) ? `[+]${each} excluded: ok\n` : `[+]${each} ok\n`))
  const unknown = [...excluded].filter((each) => !checks.includes(each)).map((each) => JSON.stringify(each))
  const warning = unknown.length === 0 ? '' : `warn: some health checks cannot be excluded: no matches for ${unknown.join(', ')}\n`
  return text(`${lines.join('')}${warning}${name} check passed\n`)
}
