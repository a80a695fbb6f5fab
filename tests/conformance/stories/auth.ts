import assert from 'node:assert/strict'
import { at, type Fields, good, list, refused, text, until, versionOf } from '../api.ts'
import { contains, isDiscovered, sees, supports, update, withAnnotation } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { certificateRequest, selfSigned, stubRequest } from './certificates.ts'
import { emptied } from './lists-and-watches.ts'

const accounts = (world: World, name?: string): string => world.path('v1', 'serviceaccounts', name)
const maps = (world: World, name?: string): string => world.path('v1', 'configmaps', name)
const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

async function mountsToken(world: World, name: string, account: object, pod: object): Promise<boolean> {
  await world.create(accounts(world), { metadata: { name }, ...account })
  const made = await world.create(world.path('v1', 'pods'), { metadata: { name }, spec: { serviceAccountName: name, containers: [{ name: 'main', image: 'main:1' }], ...pod } })
  return list(list(made, 'spec', 'containers')[0], 'volumeMounts').some(({ mountPath }) => mountPath === '/var/run/secrets/kubernetes.io/serviceaccount')
}

/** A pod that projects a certificate of this length of life. */
const withCertificate = (world: World, maxExpirationSeconds: number): Promise<Parameters<typeof refused>[0]> => world.ask('POST', world.path('v1', 'pods'), {
  metadata: { name: 'certified' },
  spec: {
    containers: [{ name: 'main', image: 'main:1', volumeMounts: [{ name: 'certificate', mountPath: '/certificate' }] }],
    volumes: [{ name: 'certificate', projected: { sources: [{ podCertificate: { signerName: 'example.com/story', keyType: 'ED25519', credentialBundlePath: 'bundle.pem', maxExpirationSeconds } }] } }],
  },
})

async function certificateOperations(world: World): Promise<void> {
  await isDiscovered(world, { apiVersion: 'certificates.k8s.io/v1', plural: 'certificatesigningrequests', kind: 'CertificateSigningRequest', scope: 'Cluster' }, ['approval', 'status'])
  const request = (await certificateRequest('story')).toString('base64')
  const fields = { spec: { request, signerName: 'example.com/story', expirationSeconds: 3600, usages: ['digital signature', 'key encipherment', 'client auth'] } }
  await supports(world, { apiVersion: 'certificates.k8s.io/v1', plural: 'certificatesigningrequests', kind: 'CertificateSigningRequest', scope: 'Cluster', fields })

  const name = world.unique('csr')
  const path = `${requests}/${name}`
  const created = await world.create(requests, { metadata: { name }, ...fields })
  const self = await world.create('/apis/authentication.k8s.io/v1/selfsubjectreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' })
  assert.deepEqual([text(created, 'spec', 'username'), at(created, 'spec', 'groups')], [text(self, 'status', 'userInfo', 'username'), at(self, 'status', 'userInfo', 'groups')])
  const approval = { type: 'Approved', status: 'True', reason: 'Story', message: 'Approved by a story' }
  const approved = await update(world, path, (object) => ({ ...object, status: { conditions: [approval] } }), '/approval')
  contains(list(approved, 'status', 'conditions'), [approval])
  contains(list(await world.get(`${path}/approval`), 'status', 'conditions'), [approval])
  const patched = await world.merge(`${path}/approval`, { metadata: { annotations: { approval: 'patched' } }, status: { conditions: [approval, { type: 'ApprovalPatch', status: 'True', reason: 'Story', message: 'patched' }] } })
  assert.deepEqual(list(patched, 'status', 'conditions').map(({ type }) => type).sort(), ['ApprovalPatch', 'Approved'])
  // The signer writes the certificate into the status.
  const certificate = (await selfSigned('story')).toString('base64')
  const issued = await update(world, path, (object) => ({ ...object, status: { ...object['status'] as Fields, certificate } }), '/status')
  assert.equal(text(issued, 'status', 'certificate'), certificate)
  await world.merge(`${path}/status`, { status: { conditions: [...list(issued, 'status', 'conditions'), { type: 'StatusPatch', status: 'True', reason: 'Story', message: 'patched' }] } })
  const read = await world.get(`${path}/status`)
  assert.deepEqual([text(read, 'status', 'certificate'), list(read, 'status', 'conditions').length], [certificate, 3])
  await world.remove(path)
}

/** A request for a pod's certificate is made by the pod's node, for a pod that runs there. */
async function podCertificateOperations(world: World): Promise<void> {
  const denied = { type: 'Denied', status: 'True', reason: 'Story', message: 'Denied by a story', lastTransitionTime: '2026-01-01T00:00:00Z' }
  const apiVersion = 'certificates.k8s.io/v1'
  await isDiscovered(world, { apiVersion, plural: 'podcertificaterequests', kind: 'PodCertificateRequest', scope: 'Namespaced' })
  await world.create(world.path('v1', 'pods'), { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'main:1' }] } })
  const pod = await until(world.api, 'the pod runs', async () => {
    const found = await world.get(world.path('v1', 'pods', 'web'))
    return text(found, 'status', 'phase') === 'Running' && found
  })
  const nodeName = text(pod, 'spec', 'nodeName')
  const [account, node] = [await world.get(accounts(world, 'default')), await world.get(`/api/v1/nodes/${nodeName}`)]
  await supports(world, {
    apiVersion, plural: 'podcertificaterequests', kind: 'PodCertificateRequest', scope: 'Namespaced',
    fields: {
      spec: {
        signerName: 'example.com/story', podName: 'web', podUID: text(pod, 'metadata', 'uid'), serviceAccountName: 'default', serviceAccountUID: text(account, 'metadata', 'uid'),
        nodeName, nodeUID: text(node, 'metadata', 'uid'), maxExpirationSeconds: 86_400,
        stubPKCS10Request: await stubRequest(),
      },
    },
    status: [{ conditions: [denied] }, { conditions: [denied] }],
  })
}
export const authStories: readonly Story[] = [
  { row: '[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations [Conformance]', tell: certificateOperations },
  { row: '[sig-auth] PodCertificateRequest API [Privileged:ClusterAdmin] should support PodCertificateRequest API operations [Conformance]', tell: podCertificateOperations },
  {
    row: '[sig-auth] [FeatureGate:ClusterTrustBundle] [FeatureGate:ClusterTrustBundleProjection] CRUD Tests certificates.k8s.io/v1 ClusterTrustBundles [MinimumKubeletVersion:1.37] [Conformance]',
    tell: async (world) => {
      const trustBundle = (await selfSigned('story')).toString()
      await supports(world, { apiVersion: 'certificates.k8s.io/v1', plural: 'clustertrustbundles', kind: 'ClusterTrustBundle', scope: 'Cluster', fields: { spec: { trustBundle } } })
      await supports(world, { apiVersion: 'certificates.k8s.io/v1', plural: 'clustertrustbundles', kind: 'ClusterTrustBundle', scope: 'Cluster', name: (plain) => `example.com:story:${plain}`, fields: { spec: { signerName: 'example.com/story', trustBundle } } })
    },
  },
  {
    row: '[sig-auth] Projected PodCertificate [FeatureGate:PodCertificateRequest] [FeatureGate:ClusterTrustBundle] [FeatureGate:ClusterTrustBundleProjection] MaxExpirationSeconds validations should reject pod creation when MaxExpirationSeconds exceeds maximum (91d) [MinimumKubeletVersion:1.37] [Conformance]',
    tell: async (world) => {
      refused(await withCertificate(world, 91 * 86_400 + 1), 422, 'Invalid', /spec.volumes\[0\].projected.sources\[0\].podCertificate.maxExpirationSeconds: Invalid value: 7862401/)
      good(await withCertificate(world, 91 * 86_400), 201)
    },
  },
  {
    row: '[sig-auth] Projected PodCertificate [FeatureGate:PodCertificateRequest] [FeatureGate:ClusterTrustBundle] [FeatureGate:ClusterTrustBundleProjection] MaxExpirationSeconds validations should reject pod creation when MaxExpirationSeconds is less than minimum (1h) [MinimumKubeletVersion:1.37] [Conformance]',
    tell: async (world) => {
      refused(await withCertificate(world, 3599), 422, 'Invalid', /spec.volumes\[0\].projected.sources\[0\].podCertificate.maxExpirationSeconds: Invalid value: 3599/)
      good(await withCertificate(world, 3600), 201)
    },
  },
  {
    row: '[sig-auth] ServiceAccounts should allow opting out of API token automount [Conformance]',
    tell: async (world) => {
      const [yes, no] = [{ automountServiceAccountToken: true }, { automountServiceAccountToken: false }]
      const found = []
      for (const [index, [account, pod]] of [[{}, {}], [{}, yes], [{}, no], [yes, {}], [yes, yes], [yes, no], [no, {}], [no, yes], [no, no]].entries()) found.push(await mountsToken(world, `a-${index}`, account ?? {}, pod ?? {}))
      assert.deepEqual(found, [true, true, false, true, true, false, false, true, false])
    },
  },
  {
    row: '[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview [Conformance]',
    tell: async (world) => {
      const account = await world.create(accounts(world), { metadata: { name: 'bot' } })
      const asked = await world.create(`${accounts(world, 'bot')}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} })
      const token = text(asked, 'status', 'token')
      assert.notEqual(token, '')
      const review = await world.create('/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } })
      assert.deepEqual([at(review, 'status', 'authenticated'), at(review, 'status', 'error')], [true, undefined])
      contains(at(review, 'status', 'user'), { username: `system:serviceaccount:${world.namespace}:bot`, uid: text(account, 'metadata', 'uid'), groups: ['system:serviceaccounts', `system:serviceaccounts:${world.namespace}`, 'system:authenticated'] })
      const bad = await world.create('/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: `${token}x` } })
      assert.notEqual(at(bad, 'status', 'authenticated'), true)
      const itself = await world.api.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { anonymous: true, headers: { authorization: `Bearer ${token}` }, body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' } })
      assert.equal(text(good(itself, 201), 'status', 'userInfo', 'username'), `system:serviceaccount:${world.namespace}:bot`)
    },
  },
  {
    row: '[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace [Conformance]',
    tell: async (world) => {
      const path = maps(world, 'kube-root-ca.crt')
      const authority = (object: unknown): string => text(object, 'data', 'ca.crt')
      const found = await until(world.api, 'it is there', async () => {
        const reply = await world.ask('GET', path)
        return reply.status === 200 && reply.body
      })
      assert.match(authority(found), /^-----BEGIN CERTIFICATE-----/)
      await world.remove(path)
      const again = await until(world.api, 'it is there again', async () => {
        const reply = await world.ask('GET', path)
        return reply.status === 200 && text(reply.body, 'metadata', 'uid') !== text(found, 'metadata', 'uid') && reply.body
      })
      assert.equal(authority(again), authority(found))
      await update(world, path, (object) => ({ ...object, data: { 'ca.crt': '' } }))
      await until(world.api, 'it says what it said', async () => authority(await world.get(path)) === authority(found))
    },
  },
  {
    row: '[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]',
    tell: async (world) => {
      const start = versionOf(await world.get(accounts(world)))
      const watch = await world.api.watch(`${accounts(world)}?watch=true&resourceVersion=${start}&labelSelector=story%3Dlife`)
      await world.create(accounts(world), { metadata: { name: 'bot', labels: { story: 'life' } } })
      await sees(watch, 'ADDED', ['bot'])
      const patched = await world.patch(accounts(world, 'bot'), { automountServiceAccountToken: false }, 'strategic-merge')
      assert.equal(at(patched, 'automountServiceAccountToken'), false)
      await sees(watch, 'MODIFIED', ['bot'], ({ object }) => at(object, 'automountServiceAccountToken') === false)
      assert.deepEqual(await world.names(`${world.everywhere('v1', 'serviceaccounts')}?fieldSelector=metadata.name%3Dbot,metadata.namespace%3D${world.namespace}`), ['bot'])
      await emptied(world, accounts(world), 'story=life')
      await sees(watch, 'DELETED', ['bot'])
      watch.stop()
    },
  },
  {
    row: '[sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]',
    tell: async (world) => {
      const created = await world.create(accounts(world), { metadata: { name: 'bot' } })
      assert.equal(at(created, 'automountServiceAccountToken'), undefined)
      await update(world, accounts(world, 'bot'), (object) => ({ ...withAnnotation(object, 'updated'), automountServiceAccountToken: false }))
      assert.equal(at(await world.get(accounts(world, 'bot')), 'automountServiceAccountToken'), false)
    },
  },
  {
    row: '[sig-auth] SubjectReview should support SubjectReview API operations [Conformance]',
    tell: async (world) => {
      await world.create(accounts(world), { metadata: { name: 'bot' } })
      const user = `system:serviceaccount:${world.namespace}:bot`
      const [apiVersion, path] = ['authorization.k8s.io/v1', (plural: string) => world.everywhere('authorization.k8s.io/v1', plural)]
      const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${world.namespace}`]
      const resourceAttributes = { namespace: world.namespace, verb: 'get', resource: 'configmaps' }
      const own = { 'impersonate-user': user }
      const allowed = async (): Promise<readonly unknown[]> => {
        const of = await world.create(path('subjectaccessreviews'), { apiVersion, kind: 'SubjectAccessReview', spec: { user, groups, resourceAttributes } })
        const self = good(await world.ask('POST', path('selfsubjectaccessreviews'), { apiVersion, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } }, own), 201)
        const local = await world.create(world.path(apiVersion, 'localsubjectaccessreviews'), { apiVersion, kind: 'LocalSubjectAccessReview', metadata: { namespace: world.namespace }, spec: { user, groups, resourceAttributes } })
        return [of, self, local].map((review) => at(review, 'status', 'allowed'))
      }
      assert.deepEqual(await allowed(), [false, false, false])
      await world.create(world.path('rbac.authorization.k8s.io/v1', 'rolebindings'), { metadata: { name: 'bot' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: world.namespace }] })
      assert.deepEqual(await allowed(), [true, true, true])
      const rules = good(await world.ask('POST', path('selfsubjectrulesreviews'), { apiVersion, kind: 'SelfSubjectRulesReview', spec: { namespace: world.namespace } }, own), 201)
      assert.ok(list(rules, 'status', 'resourceRules').some((rule) => JSON.stringify(rule).includes('configmaps')))
      good(await world.ask('GET', maps(world), undefined, own), 200)
      refused(await world.ask('GET', world.path('v1', 'secrets'), undefined, own), 403, 'Forbidden')
    },
  },
]
