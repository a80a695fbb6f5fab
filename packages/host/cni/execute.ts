import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../linux/processes.ts'
import { isRecord } from '@kubeskiff/core/api/text'

export type Verb = 'ADD' | 'CHECK' | 'DEL' | 'GC' | 'STATUS' | 'VERSION'

/** How a plugin is called, apart from the configuration that it reads. */
export interface Call {
  readonly verb: Verb
  readonly folders: readonly string[]
  /** The network namespace that is the plugin's host: the node's. */
  readonly host: string
  /** Absent where it is about no pod. */
  readonly pod?: { readonly id: string; readonly namespace: string; readonly interface: string; readonly args: string }
}

/** A plugin that hangs is given up after this long: less than a kubelet waits for a sandbox. */
const pluginTimeoutMs = 120_000

/** A plugin is in none of the folders. */
export class PluginMissing extends Error {}

/** Runs one plugin; answers what it printed, undefined for nothing. Rejects with its own words, or with libcni's where it has none. */
export async function execute(type: string, configuration: object, { verb, folders, host, pod }: Call): Promise<Readonly<Record<string, unknown>> | undefined> {
  const path = folders.map((folder) => join(folder, type)).find((candidate) => existsSync(candidate))
  if (path === undefined) throw new PluginMissing(`failed to find plugin ${JSON.stringify(type)} in path [${folders.join(' ')}]`)
  const { code, stdout, stderr } = await run('nsenter', [`--net=${host}`, '--', path], {
    input: JSON.stringify(configuration), timeoutMs: pluginTimeoutMs,
    environment: {
      ...process.env, CNI_COMMAND: verb, CNI_PATH: folders.join(':'),
      ...(pod === undefined ? {} : { CNI_CONTAINERID: pod.id, CNI_NETNS: pod.namespace, CNI_IFNAME: pod.interface, CNI_ARGS: pod.args }),
    },
  })
  if (code !== 0) throw new Error(whatWentWrong(code, stdout, stderr))
  if (stdout.trim() === '') return undefined
  const answer = parsed(stdout)
  if (answer === undefined) throw new Error(`error decoding version from network config: the answer ${JSON.stringify(stdout.slice(0, shownMax))} is no JSON object`)
  return answer
}
const shownMax = 500

function whatWentWrong(code: number, stdout: string, stderr: string): string {
  if (stdout === '') return stderr === '' ? `netplugin failed with no error message: exit status ${code}` : `netplugin failed: ${JSON.stringify(stderr)}`
  const told = parsed(stdout)
  if (told === undefined) return `netplugin failed but error parsing its diagnostic message ${JSON.stringify(stdout)}`
  const details = typeof told['details'] === 'string' && told['details'] !== '' ? `; ${told['details']}` : ''
  return `${typeof told['msg'] === 'string' ? told['msg'] : ''}${details}`
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined // Not JSON: who asks says so.
  }
}
