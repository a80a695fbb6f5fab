// APIService aggregation: groups and versions that another server serves, reached through a Service.
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import { type APIService, apiServices } from '../../api/resources.ts'
import type { User } from '../access/types.ts'
import type { Call } from '../call.ts'
import type { Machine } from '../machine.ts'
import type { Registry } from '../registry.ts'
import type { Answer } from '../reply.ts'
import type { Proxy } from '../types.ts'
import { serviceTarget, type Target } from './target.ts'

/** The APIService that serves what a path asks for, where that is not this server itself: '/apis/GROUP/VERSION/…', '/openapi/v3/apis/GROUP/VERSION'. */
export function aggregatorOf({ registry, store }: Machine, path: string): APIService | undefined {
  const [, group = '', version = ''] = /^(?:\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)/.exec(path) ?? []
  if (group === '' || version === '' || isOwn(registry, group, version)) return undefined
  const found = store.view.get(apiServices, '', `${version}.${group}`)
  return found?.spec.service === undefined ? undefined : found
}

/** Is it this server's for good? What is only computed is given to whoever registers for it, as a metrics-server does. */
function isOwn(registry: Registry, group: string, version: string): boolean {
  const [first] = registry.served(group, version)
  return first !== undefined && first.kind.computed === undefined
}

/** Answers with where the other server is; 503 while it is not available. */
export function aggregated(machine: Machine, call: Call, service: APIService, user: User): Answer | Refusal {
  const available = service.status.conditions?.find(({ type }) => type === 'Available')
  if (available !== undefined && available.status !== 'True') return unavailable
  const proxy = proxyTo(machine, call, service, `${call.request.path}${call.request.query === '' ? '' : `?${call.request.query}`}`)
  return isRefusal(proxy) ? unavailable : { is: 'proxy', asOf: machine.store.view.revision, proxy: { ...proxy, headers: remoteUser(user) } }
}
const unavailable: Refusal = { refused: true, code: 503, reason: 'ServiceUnavailable', message: 'service unavailable' }

/** How a path of an aggregated server is reached. Refused where its Service leads nowhere. */
export function proxyTo(machine: Machine, { draws }: Pick<Call, 'draws'>, service: APIService, path: string): Proxy | Refusal {
  const { name = '', namespace = '', port = 443 } = service.spec.service ?? {}
  const target = serviceTarget(machine.store.view, { namespace, name, port: String(port) }, draws.random)
  return isRefusal(target) ? target : proxyAt(target, service, path)
}

/** The same where it is known who answers. */
export function proxyAt({ address, port }: Target, { spec }: APIService, path: string): Proxy {
  return {
    address, port, scheme: 'https', path, prefix: '', identity: 'front-proxy', headers: {},
    verify: spec.insecureSkipTLSVerify === true ? { is: 'never' }
      : { is: 'as', serverName: `${spec.service?.name}.${spec.service?.namespace}.svc`, ...(spec.caBundle !== undefined && { authority: textOf(spec.caBundle) }) },
  }
}

function textOf(base64: string): string {
  try { return atob(base64) } catch { return '' }
}

/** Who asks, as the front proxy tells it. Header values are bytes: what is not plain is written as in a URL. */
function remoteUser({ name, uid, groups, extra }: User): Readonly<Record<string, string>> {
  return {
    'x-remote-user': oneLine(name), ...(uid !== undefined && { 'x-remote-uid': oneLine(uid) }), 'x-remote-group': lines(groups),
    ...Object.fromEntries(Object.entries(extra ?? {}).map(([key, values]) => [`x-remote-extra-${encodeURIComponent(key.toLowerCase())}`, lines(values)])),
  }
}
/** A value a line: none may pass for two. */
const lines = (values: readonly string[]): string => values.map(oneLine).join('\n')
const oneLine = (value: string): string => value.replaceAll('\n', ' ')

/** Groups and versions of aggregated servers that answer, in the order of their priorities. */
export function aggregatedVersions({ store, registry }: Machine): readonly { readonly group: string; readonly version: string; readonly service: APIService }[] {
  const found: { readonly group: string; readonly version: string; readonly service: APIService }[] = []
  for (const service of store.view.list(apiServices)) {
    const { group = '', version = '' } = service.spec
    if (service.spec.service !== undefined && !isOwn(registry, group, version)) found.push({ group, version, service })
  }
  return found.sort((a, b) => b.service.spec.groupPriorityMinimum - a.service.spec.groupPriorityMinimum || b.service.spec.versionPriority - a.service.spec.versionPriority)
}
