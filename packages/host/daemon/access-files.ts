import { existsSync, readFileSync } from 'node:fs'
import { wordsOf } from '@kubeskiff/core/base'
import type { Ask } from '@kubeskiff/core/api'
import { secretTokenIssuer } from '@kubeskiff/core/rules'
import { type AuditPolicy, type JwtAuthenticator, readAuditPolicy, readAuthenticators, type User } from '@kubeskiff/core/server'
import { readSchedulerConfiguration, type SchedulerConfiguration } from '@kubeskiff/core/scheduler'
import { readTokenFile } from '../credentials/index.ts'
import { type AuditLog, openAuditLog } from './audit-log.ts'

/** Files of the user's that say who signs in, what is written down and how pods are placed: the names of their options are upstream's. */
export interface AccessFiles {
  /** --authentication-config: an AuthenticationConfiguration. */
  readonly authenticationConfig?: string
  /** --token-auth-file: CSV lines of token, user, uid, groups. */
  readonly tokenAuthFile?: string
  /** --audit-policy-file: an audit.k8s.io Policy. */
  readonly auditPolicyFile?: string
  /** --audit-log-path: '-' is the standard output. */
  readonly auditLogPath?: string
  /** --scheduler-config: a KubeSchedulerConfiguration. */
  readonly schedulerConfig?: string
}

export interface Access {
  readonly tokens?: ReadonlyMap<string, User>
  readonly authenticators?: readonly JwtAuthenticator[]
  readonly anonymous?: boolean | readonly string[]
  readonly audit?: AuditPolicy
  readonly log?: AuditLog
  readonly scheduling?: SchedulerConfiguration
  /** Checks tokens of other issuers than the cluster itself; undefined: the token is none of theirs. */
  verify(token: string, now: number): Promise<unknown> | undefined
}

/** Reads all files that are named. Throws, naming the file, where one can't be read or understood. */
export async function openAccess(files: AccessFiles, own: string, say: (line: string) => void): Promise<Access> {
  // '' takes back what an earlier start was given.
  const named = (file: string | undefined): string | undefined => file || undefined
  const [authenticationConfig, tokenAuthFile, auditPolicyFile, auditLogPath] = [named(files.authenticationConfig), named(files.tokenAuthFile), named(files.auditPolicyFile), named(files.auditLogPath)]
  if (auditLogPath !== undefined && auditPolicyFile === undefined) throw new Error('--audit-log-path needs --audit-policy-file, which says what is written down')
  const tokens = tokenAuthFile === undefined ? undefined : understood(tokenAuthFile, readTokenFile)
  const configured = authenticationConfig === undefined ? undefined : understood(authenticationConfig, (text) => withoutFault(readAuthenticators(text)))
  if (configured?.jwt.some(({ issuer }) => issuer.url === own) === true) throw new Error(`${authenticationConfig}: ${own} issues the service accounts' tokens: it can't be configured as another issuer`)
  const audit = auditPolicyFile === undefined ? undefined : understood(auditPolicyFile, (text) => withoutFault(readAuditPolicy(text)))
  const schedulerConfig = named(files.schedulerConfig)
  const scheduling = schedulerConfig === undefined ? undefined : understood(schedulerConfig, (text) => withoutFault(readSchedulerConfiguration(text)))
  // Loaded when there are issuers: most clusters have none, and every start would wait for it.
  const issuers = configured === undefined || configured.jwt.length === 0 ? undefined : (await import('../credentials/issuers.ts')).openIssuers(configured.jwt.map(({ issuer }) => issuer))
  return {
    ...(tokens !== undefined && { tokens }),
    ...(configured !== undefined && { authenticators: configured.jwt, ...(configured.anonymous !== undefined && { anonymous: anonymousOf(configured.anonymous) }) }),
    ...(scheduling !== undefined && { scheduling }),
    ...(audit !== undefined && { audit, log: openAuditLog(auditLogPath ?? '-', say) }),
    verify: (token, now) => {
      const issuer = issuerIn(token)
      if (issuers === undefined || issuer === undefined || issuer === own || issuer === secretTokenIssuer) return undefined
      return issuers.verify(token, issuer, now).then((verified) => (verified.is === 'good' ? { is: 'valid', claims: verified.claims } : { is: 'invalid', why: verified.why }))
    },
  }
}

/** Answers what `answer` does, and of tokens those of other issuers first. */
export const withIssuers = (access: Access, now: () => number, answer: (ask: Ask) => Promise<unknown>) => (ask: Ask): Promise<unknown> =>
  ((ask.what === 'verify-token' ? access.verify(String((ask.input as { readonly token?: unknown }).token), now()) : undefined) ?? answer(ask))

const anonymousOf = ({ enabled, paths }: { readonly enabled: boolean; readonly paths: readonly string[] }): boolean | readonly string[] => (enabled && paths.length > 0 ? paths : enabled)

function understood<Value>(file: string, read: (text: string) => Value): Value {
  if (!existsSync(file)) throw new Error(`there is no file ${file}`)
  try { return read(readFileSync(file, 'utf8')) } catch (error) { throw new Error(`${file}: ${wordsOf(error)}`) }
}
function withoutFault<Value extends object>(read: Value | { readonly fault: string }): Value {
  if ('fault' in read) throw new Error(read.fault)
  return read
}

/** The issuer that a token names; undefined when it is no JWT. */
function issuerIn(token: string): string | undefined {
  try {
    const { iss } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { readonly iss?: unknown }
    return typeof iss === 'string' ? iss : undefined
  } catch { return undefined }
}
