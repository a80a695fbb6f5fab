import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { authFiles, credentialsFromFiles } from './auth-files.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-auth-`)
after(() => { rmSync(work, { recursive: true, force: true }) })
let files = 0
function file(content: unknown): string {
  const path = `${work}/${++files}.json`
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const auth = (pair: string): { readonly auth: string } => ({ auth: Buffer.from(pair).toString('base64') })

test('podman\'s files are read before docker\'s, and REGISTRY_AUTH_FILE instead of all', () => {
  const rows: readonly (readonly [environment: Readonly<Record<string, string>>, files: readonly string[]])[] = [
    [{ HOME: '/h' }, ['/h/.config/containers/auth.json', '/h/.docker/config.json']],
    [{ HOME: '/h', XDG_RUNTIME_DIR: '/r', XDG_CONFIG_HOME: '/c', DOCKER_CONFIG: '/d' }, ['/r/containers/auth.json', '/c/containers/auth.json', '/d/config.json']],
    [{ HOME: '/h', XDG_RUNTIME_DIR: '/r', REGISTRY_AUTH_FILE: '/a.json' }, ['/a.json']],
  ]
  for (const [environment, wanted] of rows) assert.deepEqual(authFiles(environment), wanted)
})

test('a registry\'s own helper is asked before the store of all, docker\'s registry by its old name, and what stands in the file comes after', async () => {
  const asked: string[] = []
  const read = (registry: string, content: unknown): Promise<readonly string[]> => credentialsFromFiles(registry, { REGISTRY_AUTH_FILE: file(content) }, async (program, of) => {
    asked.push(`${program} ${of}`)
    return program.endsWith('-empty') ? undefined : { username: program, password: 'p' }
  }).then((found) => found.map(({ registry: of, username }) => `${username}@${of}`))
  assert.deepEqual(await read('r.example', { auths: { 'r.example': auth('me:pass') } }), ['me@r.example'])
  assert.deepEqual(await read('r.example', { credHelpers: { 'r.example': 'own' }, credsStore: 'all', auths: { 'r.example': auth('me:pass') } }), ['docker-credential-own@r.example', 'me@r.example'])
  assert.deepEqual(await read('s.example', { credHelpers: { 'r.example': 'own' }, credsStore: 'all' }), ['docker-credential-all@s.example'])
  assert.deepEqual(await read('r.example', { credsStore: 'empty', auths: { 'r.example': {} } }), [])
  assert.deepEqual(await read('docker.io', { credsStore: 'all' }), ['docker-credential-all@https://index.docker.io/v1/'])
  assert.deepEqual(asked, ['docker-credential-own r.example', 'docker-credential-all s.example', 'docker-credential-empty r.example', 'docker-credential-all https://index.docker.io/v1/'])
})

test('a helper is told the registry on its input; one that is away, answers nonsense or a broken file is told without what is secret', async () => {
  const bin = `${work}/bin`
  mkdirSync(bin)
  const before = process.env['PATH']
  const helper = (name: string, script: string): void => { writeFileSync(`${bin}/docker-credential-${name}`, `#!/bin/sh\n${script}\n`); chmodSync(`${bin}/docker-credential-${name}`, 0o755) }
  helper('good', 'read -r registry; echo "{\\"Username\\":\\"of $registry\\",\\"Secret\\":\\"$1\\"}"')
  helper('none', 'echo "credentials not found in native keychain"; exit 1')
  helper('odd', 'echo secret')
  process.env['PATH'] = `${bin}:${before}`
  try {
    const read = (credsStore: string): Promise<unknown> => credentialsFromFiles('r.example', { REGISTRY_AUTH_FILE: file({ credsStore }) })
    assert.deepEqual(await read('good'), [{ registry: 'r.example', username: 'of r.example', password: 'get' }])
    assert.deepEqual(await read('none'), [])
    await assert.rejects(read('odd'), { message: 'docker-credential-odd does not answer as a credential helper: expected JSON with Username and Secret' })
    await assert.rejects(read('away'), /names docker-credential-away, which is not on the PATH$/)
    await assert.rejects(credentialsFromFiles('r.example', { REGISTRY_AUTH_FILE: file('{"auths": secret') }), (error: Error) => !error.message.includes('secret') && error.message.includes('is no JSON'))
    assert.deepEqual(await credentialsFromFiles('r.example', { REGISTRY_AUTH_FILE: `${work}/absent.json` }), [])
  } finally { process.env['PATH'] = before }
})
