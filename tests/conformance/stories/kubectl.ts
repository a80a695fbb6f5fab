// What upstream shows with kubectl itself.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Story, World } from '../story.ts'

function run(world: World, words: readonly string[], options: { readonly input?: string; readonly mayFail?: boolean } = {}): ReturnType<NonNullable<World['kubectl']>['run']> {
  assert.ok(world.kubectl)
  return world.kubectl.run(words, options)
}

/** Starts `kubectl proxy`, and asks through it for the versions of the API. */
async function throughProxy(world: World, words: readonly string[], socket?: string): Promise<void> {
  assert.ok(world.kubectl)
  const proxy = spawn(world.kubectl.program, ['proxy', ...words], { env: world.kubectl.environment, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    const line = await new Promise<string>((resolve, reject) => {
      let said = ''
      proxy.stdout.on('data', (chunk: Buffer) => { said += chunk.toString(); if (said.includes('\n')) resolve(said) })
      proxy.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
      proxy.on('exit', () => { reject(new Error(`kubectl proxy ended: ${said}`)) })
    })
    const [, host = '', port = ''] = /Starting to serve on (\S+?):(\d+)/.exec(line) ?? []
    const answer = await new Promise<string>((resolve, reject) => {
      request({ path: '/api/', ...(socket === undefined ? { host, port } : { socketPath: socket }) }, (reply) => {
        let text = ''
        reply.on('data', (chunk: Buffer) => { text += chunk.toString() })
        reply.on('end', () => { resolve(text) })
      }).on('error', reject).end()
    })
    assert.deepEqual((JSON.parse(answer) as { readonly versions: unknown }).versions, ['v1'])
  } finally { proxy.kill() }
}

const aDeployment = (image: string): string => JSON.stringify({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { app: 'web' } },
  spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } } },
})

export const kubectlStories: readonly Story[] = ([
  { row: '[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions [Conformance]', tell: async (world) => { assert.ok((await run(world, ['api-versions'])).out.split('\n').includes('v1')) } },
  {
    row: '[sig-cli] Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info [Conformance]',
    tell: async (world) => { assert.match((await run(world, ['cluster-info'])).out, /Kubernetes (control plane|master).*is running at.*https:\/\/127\.0\.0\.1:\d+/) },
  },
  {
    row: '[sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments [Conformance]',
    tell: async (world) => {
      await run(world, ['-n', world.namespace, 'create', '-f', '-'], { input: aDeployment('httpd:2') })
      const { code, out } = await run(world, ['-n', world.namespace, 'diff', '-f', '-'], { input: aDeployment('busybox:1'), mayFail: true })
      assert.deepEqual([code, /^-.*image: httpd:2$/m.test(out), /^\+.*image: busybox:1$/m.test(out)], [1, true, true], out)
    },
  },
  {
    row: '[sig-cli] Kubectl client Kubectl version should check is all data is printed [Conformance]',
    tell: async (world) => {
      const { out } = await run(world, ['version'])
      for (const side of ['Client', 'Server']) assert.match(out, new RegExp(`${side} Version: .*v\\d+\\.\\d+`))
      const { serverVersion } = JSON.parse((await run(world, ['version', '-o', 'json'])).out) as { readonly serverVersion: Readonly<Record<string, string>> }
      for (const field of ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform']) assert.equal(typeof serverVersion[field], 'string', field)
    },
  },
  {
    row: '[sig-cli] Kubectl client Proxy server should support --unix-socket=/path [Conformance]',
    tell: (world) => {
      const socket = join(world.kubectl?.folder ?? '', `${world.unique('proxy')}.socket`)
      return throughProxy(world, [`--unix-socket=${socket}`], socket)
    },
  },
  { row: '[sig-cli] Kubectl client Proxy server should support proxy with --port 0 [Conformance]', tell: (world) => throughProxy(world, ['-p', '0', '--disable-filter']) },
] satisfies readonly Story[]).map((story) => ({ ...story, kubectl: true }))
