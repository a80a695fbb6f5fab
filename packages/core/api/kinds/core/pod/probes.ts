// What upstream's validation of probes and hooks refuses.
import type { Container, HTTPGetAction, LifecycleHandler, Probe } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkNonNegative, checkOneOf, forbidden, invalid, required } from '../../problems.ts'
import { checkPortOrName, isPort, portFault } from '../../ports.ts'

const counts = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const

export function checkProbes({ livenessProbe, readinessProbe, startupProbe }: Container, at: string): readonly Problem[] {
  return [
    ...checkProbe(livenessProbe, `${at}.livenessProbe`),
    ...checkOneSuccess(livenessProbe, `${at}.livenessProbe`),
    ...checkProbe(readinessProbe, `${at}.readinessProbe`),
    ...(readinessProbe?.terminationGracePeriodSeconds === undefined ? [] : [invalid(`${at}.readinessProbe.terminationGracePeriodSeconds`, readinessProbe.terminationGracePeriodSeconds, 'must not be set for readinessProbes')]),
    ...checkProbe(startupProbe, `${at}.startupProbe`),
    ...checkOneSuccess(startupProbe, `${at}.startupProbe`),
  ]
}

function checkProbe(probe: Probe | undefined, at: string): readonly Problem[] {
  if (probe === undefined) return []
  const seconds = probe.terminationGracePeriodSeconds
  return [
    ...checkHandler(probe, at, 0),
    ...counts.flatMap((field) => checkNonNegative(`${at}.${field}`, probe[field])),
    ...(seconds !== undefined && seconds <= 0 ? [invalid(`${at}.terminationGracePeriodSeconds`, seconds, 'must be greater than 0')] : []),
  ]
}

function checkOneSuccess(probe: Probe | undefined, at: string): readonly Problem[] {
  return probe?.successThreshold !== undefined && probe.successThreshold !== 1 ? [invalid(`${at}.successThreshold`, probe.successThreshold, 'must be 1')] : []
}

/** The one thing that a probe or hook does. `grace` in seconds bounds a hook that sleeps. */
export function checkHandler(handler: Probe & Pick<LifecycleHandler, 'sleep'>, at: string, grace: number): readonly Problem[] {
  const given = (['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const).filter((kind) => handler[kind] !== undefined)
  if (given.length === 0) return [required(at, 'must specify a handler type')]
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  return [
    ...given.slice(1).map((kind) => forbidden(`${at}.${kind}`, 'may not specify more than 1 handler type')),
    ...(exec !== undefined && (exec.command ?? []).length === 0 ? [required(`${at}.exec.command`)] : []),
    ...(httpGet === undefined ? [] : checkRequest(httpGet, `${at}.httpGet`)),
    ...(tcpSocket === undefined ? [] : checkPortOrName(`${at}.tcpSocket.port`, tcpSocket.port ?? 0)),
    ...(grpc === undefined || isPort(grpc.port) ? [] : [invalid(`${at}.grpc.port`, grpc.port ?? 0, portFault)]),
    ...(sleep !== undefined && (sleep.seconds < 0 || sleep.seconds > grace) ? [invalid(`${at}.sleep`, sleep.seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`)] : []),
  ]
}

function checkRequest({ path, port, scheme, httpHeaders = [] }: HTTPGetAction, at: string): readonly Problem[] {
  return [
    ...(path ? [] : [required(`${at}.path`)]),
    ...checkPortOrName(`${at}.port`, port ?? 0),
    ...checkOneOf(`${at}.scheme`, scheme ?? '', ['HTTP', 'HTTPS']),
    ...httpHeaders.flatMap(({ name }) => (/^[-A-Za-z0-9]+$/.test(name ?? '') ? [] : [invalid(`${at}.httpHeaders`, name ?? '', "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')")])),
  ]
}
