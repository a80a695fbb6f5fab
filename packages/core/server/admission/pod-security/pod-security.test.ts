import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec } from '../../../api/generated/types.ts'
import { aPod, aWorld, type Said, type World } from '../../testing.ts'
import { detailOf, violationsOf } from './checks.ts'
import type { Bar } from './policy.ts'

const latest = (level: Bar['level']): Bar => ({ level, version: 'latest' })
const specOf = (container: object, more: object = {}): PodSpec => ({ containers: [{ name: 'a', image: 'i', ...container }], ...more }) as PodSpec
const said = (bar: Bar, spec: PodSpec, annotations: Readonly<Record<string, string>> = {}): string => detailOf(violationsOf(bar, spec, { annotations }))

const safe = { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }
const safely = { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } }

test('a bare pod is not restricted, and told why in upstream\'s words', () => {
  assert.equal(said(latest('restricted'), specOf({})), 'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), '
    + 'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), '
    + 'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")')
})

for (const [rule, level, spec, expected] of [
  ['a bare pod is baseline', 'baseline', specOf({}), ''],
  ['a careful pod is restricted', 'restricted', specOf(safe, safely), ''],
  ['everything is privileged', 'privileged', specOf({ securityContext: { privileged: true } }), ''],
  ['privileged', 'baseline', specOf({ securityContext: { privileged: true } }), 'privileged (container "a" must not set securityContext.privileged=true)'],
  ['host namespaces', 'baseline', specOf({}, { hostNetwork: true, hostPID: true }), 'host namespaces (hostNetwork=true, hostPID=true)'],
  ['host ports', 'baseline', specOf({ ports: [{ containerPort: 1, hostPort: 80 }, { containerPort: 2, hostPort: 443 }] }), 'hostPort (container "a" uses hostPorts 443, 80)'],
  ['host paths', 'baseline', specOf({}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }), 'hostPath volumes (volume "v")'],
  ['host paths in restricted', 'restricted', specOf(safe, { ...safely, volumes: [{ name: 'v', hostPath: { path: '/' } }, { name: 'n', nfs: {} }] }), 'restricted volume types (volumes "v", "n" use restricted volume types "hostPath", "nfs")'],
  ['capabilities', 'baseline', specOf({ securityContext: { capabilities: { add: ['NET_ADMIN', 'CHOWN'] } } }), 'non-default capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)'],
  ['capabilities in restricted', 'restricted', specOf({ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['CHOWN', 'NET_BIND_SERVICE'] } } }, safely), 'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)'],
  ['sysctls', 'baseline', specOf({}, { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }, { name: 'net.ipv4.tcp_syncookies', value: '1' }] } }), 'forbidden sysctls (kernel.msgmax)'],
  ['seccomp', 'baseline', specOf({}, { securityContext: { seccompProfile: { type: 'Unconfined' } } }), 'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")'],
  ['SELinux', 'baseline', specOf({ securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } }), 'seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)'],
  ['probes of other hosts', 'baseline', specOf({ livenessProbe: { httpGet: { port: 1, host: 'example.com' } } }), 'probe or lifecycle host (container "a" uses probe or lifecycle host "example.com")'],
  ['the mount of /proc', 'baseline', specOf({ securityContext: { procMount: 'Unmasked' } }), 'procMount (container "a" must not set securityContext.procMount to "Unmasked")'],
  ['root', 'restricted', specOf({ securityContext: { ...safe.securityContext, runAsUser: 0, runAsNonRoot: false } }, safely), 'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false), runAsUser=0 (container "a" must not set runAsUser=0)'],
  ['Windows\' host', 'baseline', specOf({}, { securityContext: { windowsOptions: { hostProcess: true } } }), 'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)'],
] as const) {
  test(`${level}: ${rule}`, () => { assert.equal(said(latest(level), spec), expected) })
}

test('older versions ask what they asked then', () => {
  assert.equal(said({ level: 'baseline', version: 30 }, specOf({ livenessProbe: { httpGet: { port: 1, host: 'example.com' } } })), '')
  assert.equal(said({ level: 'restricted', version: 5 }, specOf({ securityContext: { runAsNonRoot: true } })), '')
  assert.equal(said({ level: 'baseline', version: 18 }, specOf({}), { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }), 'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")')
})

const messageOf = ({ body }: Said): string => (body as { message: string }).message
function worldWith(labels: Readonly<Record<string, string>>): World {
  const world = aWorld()
  world.ask('POST /api/v1/namespaces', { metadata: { name: 'default', labels } })
  world.ask('POST /api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  return world
}
const enforce = 'pod-security.kubernetes.io/enforce'
const template = { metadata: { labels: { a: 'b' } }, spec: { hostPID: true, containers: [{ name: 'a', image: 'i' }] } }

test('a pod below what is enforced is refused', () => {
  const refused = worldWith({ [enforce]: 'baseline' }).ask('POST /api/v1/namespaces/default/pods', { metadata: { name: 'x' }, spec: template.spec })
  assert.deepEqual([refused.status, messageOf(refused)], [403, 'pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)'])
})

test('workloads and pods are warned of', () => {
  const deployment = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } }
  const world = worldWith({ [enforce]: 'baseline', [`${enforce}-version`]: 'v1.30' })
  assert.equal(world.ask('POST /apis/apps/v1/namespaces/default/deployments', deployment).headers['warning'], '299 - "would violate PodSecurity \\"baseline:v1.30\\": host namespaces (hostPID=true)"')
  const warned = worldWith({ 'pod-security.kubernetes.io/warn': 'baseline' }).ask('POST /api/v1/namespaces/default/pods', { metadata: { name: 'x' }, spec: template.spec })
  assert.deepEqual([warned.status, warned.headers['warning']], [201, '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostPID=true)"'])
})

test('labels that say nothing are refused', () => {
  const refused = aWorld().ask('POST /api/v1/namespaces', { metadata: { name: 'x', labels: { [enforce]: 'strict' } } })
  assert.deepEqual([refused.status, messageOf(refused)], [422, 'Namespace "x" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted'])
})

test('a namespace that becomes stricter tells of the pods it has', () => {
  const world = worldWith({})
  for (const name of ['a', 'b', 'c']) world.ask('POST /api/v1/namespaces/default/pods', aPod(name))
  world.ask('POST /api/v1/namespaces/default/pods', { metadata: { name: 'd' }, spec: template.spec })
  const patched = world.ask('PATCH /api/v1/namespaces/default', { metadata: { labels: { [enforce]: 'restricted' } } }, { headers: { 'content-type': 'application/merge-patch+json' } })
  const usual = 'allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile'
  assert.equal(patched.headers['warning'], `299 - "existing pods in namespace \\"default\\" violate the new PodSecurity enforce level \\"restricted:latest\\"", 299 - "a (and 2 other pods): ${usual}", 299 - "d: host namespaces, ${usual}"`)
})
