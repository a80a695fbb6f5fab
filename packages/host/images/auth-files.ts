// With what one has signed in to registries elsewhere on this machine: docker's and podman's files, and the programs that they name.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { credentialsIn, type RegistryCredentials } from '@kubeskiff/core/rules'

type Environment = Readonly<Record<string, string | undefined>>
/** Asks a program ('docker-credential-…') for what it keeps of a registry; undefined where it knows nothing. */
export type AskHelper = (program: string, registry: string) => Promise<{ readonly username: string; readonly password: string } | undefined>

const helperTimeoutMs = 30_000
const answerBytesMax = 1 << 20
const dockersOwn = 'https://index.docker.io/v1/'

/** Where credentials may stand, as podman looks for them: the first file that has some for a registry counts. */
export function authFiles(environment: Environment): readonly string[] {
  if (environment['REGISTRY_AUTH_FILE']) return [environment['REGISTRY_AUTH_FILE']]
  const home = environment['HOME'] ?? '/'
  return [
    ...(environment['XDG_RUNTIME_DIR'] ? [join(environment['XDG_RUNTIME_DIR'], 'containers/auth.json')] : []),
    join(environment['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers/auth.json'),
    join(environment['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
  ]
}

/** What this user's files hold for a registry ('docker.io', 'registry.example:5000'). Throws when a file can't be read as such. */
export async function credentialsFromFiles(registry: string, environment: Environment = process.env, ask: AskHelper = askHelper): Promise<readonly RegistryCredentials[]> {
  const found: RegistryCredentials[] = []
  for (const file of authFiles(environment)) {
    const configuration = readConfiguration(file)
    if (configuration === undefined) continue
    const name = registry === 'docker.io' ? dockersOwn : registry
    const helper = configuration.credHelpers?.[registry] ?? (registry === 'docker.io' ? configuration.credHelpers?.[dockersOwn] ?? configuration.credHelpers?.['index.docker.io'] : undefined) ?? configuration.credsStore
    const told = helper === undefined || helper === '' ? undefined : await ask(`docker-credential-${helper}`, name)
    if (told !== undefined) found.push({ registry: name, ...told })
    found.push(...credentialsIn(configuration.auths))
  }
  return found
}

interface Configuration { readonly auths?: unknown; readonly credHelpers?: Readonly<Record<string, string>>; readonly credsStore?: string }

function readConfiguration(file: string): Configuration | undefined {
  let text: string
  try { text = readFileSync(file, 'utf8') } catch { return undefined } // none, or not ours to read
  try { return JSON.parse(text) as Configuration } catch { throw new Error(`${file} is no JSON: mend it, or set REGISTRY_AUTH_FILE to another`) } // without the parser's words: they quote it
}

/** The helpers' protocol: the registry on standard input, JSON on standard output. What is secret is no argument. */
const askHelper: AskHelper = (program, registry) => new Promise((resolve, reject) => {
  const child = execFile(program, ['get'], { timeout: helperTimeoutMs, maxBuffer: answerBytesMax }, (error, stdout) => {
    if (error !== null && 'code' in error && error.code === 'ENOENT') { reject(new Error(`the docker configuration names ${program}, which is not on the PATH`)); return }
    // A helper that knows nothing of a registry ends with an error.
    if (error !== null) { resolve(undefined); return }
    try {
      const { Username: username, Secret: password } = JSON.parse(stdout) as { readonly Username?: unknown; readonly Secret?: unknown }
      resolve(typeof username === 'string' && typeof password === 'string' ? { username, password } : undefined)
    } catch { reject(new Error(`${program} does not answer as a credential helper: expected JSON with Username and Secret`)) }
  })
  child.stdin?.on('error', () => undefined) // it ended without reading
  child.stdin?.end(registry)
})
