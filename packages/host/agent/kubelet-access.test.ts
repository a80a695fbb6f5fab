import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kubeletAccess, subresourcesOf } from './kubelet-access.ts'

/** An API that knows one token, and of rights those in `allowed`. */
function api(allowed: readonly string[]): { readonly asked: string[]; readonly request: (method: string, path: string, options?: { readonly body?: string | Uint8Array }) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }> } {
  const asked: string[] = []
  return {
    asked,
    async request(_method, path, options) {
      const { spec } = JSON.parse(String(options?.body)) as { readonly spec: { readonly token?: string; readonly user?: string; readonly resourceAttributes?: { readonly verb: string; readonly subresource: string; readonly name: string } } }
      const wanted = spec.resourceAttributes
      asked.push(path.endsWith('tokenreviews') ? 'who' : `${spec.user} ${wanted?.verb} ${wanted?.name}/${wanted?.subresource}`)
      const status = path.endsWith('tokenreviews') ? { authenticated: spec.token === 'good', user: { username: 'ann', groups: ['g'] } } : { allowed: allowed.includes(wanted?.subresource ?? '') }
      return { status: 201, headers: {}, body: JSON.stringify({ status }) }
    },
  }
}

test('a path is opened by its own right, and some by the right to everything', () => {
  for (const [path, rights] of [
    ['/stats/summary', ['stats']], ['/metrics', ['metrics']], ['/metrics/cadvisor', ['metrics']], ['/logs/syslog', ['log']], ['/healthz', ['healthz', 'proxy']], ['/configz', ['configz', 'proxy']],
    ['/pods', ['pods', 'proxy']], ['/runningpods/', ['pods', 'proxy']], ['/containerLogs/a/b/c', ['proxy']], ['/', ['proxy']],
  ] as const) assert.deepEqual(subresourcesOf(path), rights, path)
})

test('who asks is asked of the API once, and what he may; what was said is kept for a while', async () => {
  let now = 0
  const cluster = api(['metrics', 'proxy'])
  const access = kubeletAccess('n', cluster, () => now)
  const ask = (path: string, token?: string, method = 'GET') => access.check({ method, path, token, peer: { is: 'unknown' } })
  assert.deepEqual(await ask('/metrics'), { is: 'refused', status: 401, message: 'Unauthorized' })
  assert.deepEqual(await ask('/metrics', 'bad'), { is: 'refused', status: 401, message: 'Unauthorized' })
  assert.deepEqual([await ask('/metrics', 'good'), await ask('/metrics/resource', 'good'), await ask('/pods', 'good')], [{ is: 'allowed' }, { is: 'allowed' }, { is: 'allowed' }])
  assert.deepEqual(await ask('/stats/summary', 'good'), { is: 'refused', status: 403, message: 'Forbidden (user=ann, verb=get, resource=nodes, subresource(s)=[stats])\n' })
  assert.deepEqual(cluster.asked, ['who', 'who', 'ann get n/metrics', 'ann get n/pods', 'ann get n/proxy', 'ann get n/stats'])
  now = 60_000
  await ask('/stats/summary', 'good')
  assert.deepEqual(cluster.asked.slice(6), ['ann get n/stats'], 'a refusal is forgotten sooner')
})
