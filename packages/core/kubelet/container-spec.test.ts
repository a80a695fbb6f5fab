import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '../api/generated/types.ts'
import { createStore } from '../store/index.ts'
import { containerSpec } from './container-spec.ts'
import { aPod, aShape } from './test-cluster.ts'

test('for want of memory a sidecar is ended no sooner than those that it serves, and what the node needs last', () => {
  const asking = (name: string, memory: string, more: object = {}): Container => ({ name, image: 'web:1', resources: { requests: { memory } }, ...more })
  const [proxy, prepare, small, large] = [asking('proxy', '1Mi', { restartPolicy: 'Always' }), asking('prepare', '1Mi'), asking('small', '10Mi'), asking('large', '20Mi')]
  const rank = (container: Container, more: object = {}): unknown => {
    const made = containerSpec(container, { pod: aPod({ spec: { initContainers: [proxy, prepare], containers: [small, large], ...more } }), view: createStore().view, node: aShape(), podIps: [] })
    return made.is === 'spec' ? made.spec.outOfMemoryRank : made
  }
  assert.deepEqual([rank(proxy), rank(prepare), rank(small)], [10 << 20, undefined, undefined])
  assert.equal(rank(proxy, { containers: [asking('tiny', '0')] }), undefined)
  assert.deepEqual([rank(proxy, { priorityClassName: 'system-node-critical' }), rank(small, { priorityClassName: 'system-cluster-critical' })], ['last', undefined])
})

test('the AppArmor profile is the container\'s own, else that of the annotation there was before fields, else the pod\'s', () => {
  const key = 'container.apparmor.security.beta.kubernetes.io/web'
  const profile = (own?: object, annotation?: string, shared?: object): unknown => {
    const container = { name: 'web', image: 'web:1', ...(own !== undefined && { securityContext: { appArmorProfile: own } }) } as Container
    const pod = aPod({ ...(annotation !== undefined && { annotations: { [key]: annotation } }), spec: { containers: [container], ...(shared !== undefined && { securityContext: { appArmorProfile: shared } }) } as object })
    const made = containerSpec(container, { pod, view: createStore().view, node: aShape(), podIps: [] })
    return made.is === 'spec' ? made.spec.security.appArmor : made
  }
  const shared = { type: 'Unconfined' }
  const own = { type: 'Localhost', localhostProfile: 'web' }
  assert.deepEqual([profile(), profile(own, 'unconfined', shared), profile(undefined, 'localhost/other', shared), profile(undefined, 'runtime/default'), profile(undefined, '', shared)], [
    undefined, { is: 'localhost', name: 'web' }, { is: 'localhost', name: 'other' }, { is: 'default' }, { is: 'unconfined' },
  ])
})

test('who does not say is filtered where the node does so by default; unconfined and privileged containers are not', () => {
  const seccomp = (own: object | undefined, shared: object | undefined, seccompDefault?: true): unknown => {
    const container: Container = { name: 'web', image: 'web:1', ...(own !== undefined && { securityContext: own }) }
    const made = containerSpec(container, { pod: aPod({ spec: { containers: [container], ...(shared !== undefined && { securityContext: shared }) } }), view: createStore().view, node: { ...aShape(), ...(seccompDefault && { kubelet: { seccompDefault } }) }, podIps: [] })
    return made.is === 'spec' ? made.spec.security.seccomp : made
  }
  const unconfined = { seccompProfile: { type: 'Unconfined' } }
  assert.deepEqual([seccomp(undefined, undefined), seccomp(undefined, undefined, true), seccomp(unconfined, undefined, true), seccomp(undefined, unconfined, true), seccomp({ privileged: true }, undefined, true)], [undefined, { is: 'default' }, undefined, undefined, undefined])
})
