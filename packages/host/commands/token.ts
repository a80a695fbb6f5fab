import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Secret } from '@kubeskiff/core/api'
import { type Connection, requestObject } from '../client/index.ts'
import { caHashOf } from '../credentials/index.ts'
import { type DataDirectory, dataDirectory } from '../daemon/directory.ts'
import { addressForOthers, urlOf } from '../daemon/cluster-info.ts'
import { readSettings, type Settings } from '../daemon/settings.ts'
import { parse, UsageError } from './arguments.ts'
import { commandName } from './name.ts'
import { adminConnection, ownerOf } from './running.ts'

const usage = `usage: skiff token create [--ttl 24h] [--description TEXT]   a token by which machines join: prints what to type on them
       skiff token list
       skiff token delete ID…

A token is a password: whoever has it may make its machine a node of the cluster, until it expires or is deleted.
The cluster must be up and listen for other machines ('skiff up --listen ADDRESS').
`
const options = { 'data-dir': { type: 'string' }, ttl: { type: 'string' }, description: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const
const verbs: readonly string[] = ['create', 'list', 'delete']
const secretsPath = '/api/v1/namespaces/kube-system/secrets'
const secretPrefix = 'bootstrap-token-'
const secretType = 'bootstrap.kubernetes.io/token'
const idLength = 6
const secretLength = 16

/** `skiff token`: the tokens by which machines join. */
export async function token(words: readonly string[]): Promise<number> {
  const { values, positionals: [verb, ...ids] } = parse(words, options)
  if (values.help === true || verb === undefined) { process.stdout.write(usage); return values.help === true ? 0 : 2 }
  if (!verbs.includes(verb)) throw new UsageError(`there is no 'skiff token ${verb}': expected one of ${verbs.join(', ')}`)
  if (verb !== 'delete' && ids.length > 0) throw new UsageError(`'skiff token ${verb}' takes options only, not '${ids[0]}'`)
  if (verb === 'delete' && ids.length === 0) throw new UsageError("'skiff token delete' takes the first six characters of tokens: 'skiff token list' shows them")
  const ttlMs = durationOf(values.ttl ?? '24h')
  const directory = dataDirectory(values['data-dir'])
  const settings = readSettings(directory.settings)
  if (settings === undefined || await ownerOf(directory) === undefined) throw new UsageError(`no cluster runs in ${directory.root}: start it with '${commandName} up --listen ADDRESS'`)
  const connection = adminConnection(directory, settings)
  try {
    if (verb === 'create') return await create(connection, directory, settings, ttlMs, values.description)
    if (verb === 'list') return await list(connection)
    for (const id of ids) {
      await requestObject(connection, 'DELETE', `${secretsPath}/${secretPrefix}${encodeURIComponent(id.split('.')[0] ?? '')}`)
      console.log(`deleted ${id.split('.')[0]}`)
    }
    return 0
  } finally { connection.close() }
}

async function create(connection: Connection, directory: DataDirectory, settings: Settings, ttlMs: number, description: string | undefined): Promise<number> {
  const address = addressForOthers(settings.listen)
  if (address === undefined) throw new UsageError(`this cluster is reached from this machine only: start it with '${commandName} up --listen ADDRESS', an address of this machine that the others reach`)
  const [id, secret] = [letters(idLength), letters(secretLength)]
  await requestObject(connection, 'POST', secretsPath, {
    apiVersion: 'v1', kind: 'Secret', metadata: { name: `${secretPrefix}${id}`, namespace: 'kube-system' }, type: secretType,
    stringData: {
      'token-id': id, 'token-secret': secret, 'usage-bootstrap-authentication': 'true', 'usage-bootstrap-signing': 'true',
      ...(ttlMs > 0 && { expiration: `${new Date(Date.now() + ttlMs).toISOString().slice(0, 19)}Z` }), ...(description !== undefined && { description }),
    },
  })
  const authority = readFileSync(join(directory.credentials, 'ca.crt'), 'utf8')
  console.log(`${commandName} join ${urlOf(address, settings.port)} --token ${id}.${secret} --ca-hash ${caHashOf(authority)}`)
  return 0
}

async function list(connection: Connection): Promise<number> {
  const { items } = await requestObject(connection, 'GET', `${secretsPath}?fieldSelector=${encodeURIComponent(`type=${secretType}`)}`) as { readonly items: readonly Secret[] }
  for (const { data = {} } of items) {
    const value = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString()
    const ends = value('expiration')
    console.log([value('token-id'), ends === '' ? 'never expires' : Date.parse(ends) > Date.now() ? `until ${ends}` : 'expired', value('description')].join('\t').trimEnd())
  }
  return 0
}

/** Of lower-case letters and digits, each as likely as the others. */
const letters = (length: number): string => Array.from({ length }, () => '0123456789abcdefghijklmnopqrstuvwxyz'[randomInt(36)]).join('')

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }
function durationOf(text: string): number {
  const parts = [...text.matchAll(/(\d+)([smh])/g)]
  if (text === '0') return 0
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) throw new UsageError(`--ttl takes a duration such as 24h or 30m (0: it never expires), not '${text}'`)
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0)
}
