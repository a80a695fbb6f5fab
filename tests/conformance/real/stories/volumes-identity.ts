// What a pod is given to prove who it is and whom to trust: tokens, trust bundles, certificates; and images as volumes.
import assert from 'node:assert/strict'
import { at, list, type Fields, text, until } from '../../api.ts'
import { aPod, type RealStory, type RealWorld, shell } from '../world.ts'
import { issueAuthority, signRequest } from '../authority.ts'
import { withRegistry } from '../registry.ts'

const bundleRow = (says: string): string => `[sig-auth] [FeatureGate:ClusterTrustBundle] [FeatureGate:ClusterTrustBundleProjection] should ${says} [MinimumKubeletVersion:1.37] [Conformance]`
const projection = (name: string, sources: readonly object[]): object => ({ name, projected: { sources } })
const bundles = (world: RealWorld, name?: string): string => world.everywhere('certificates.k8s.io/v1', 'clustertrustbundles', name)

/** Bundles of two signers, of living and dead ones, and of none; what they hold by who asks. They are of the whole cluster, and go again. */
async function withBundles(world: RealWorld, tell: (made: { readonly signer: string; readonly alive: readonly string[]; readonly dead: readonly string[]; readonly other: string; readonly unsigned: string; readonly name: string }) => Promise<void>): Promise<void> {
  const signer = `test.test/${world.namespace}-one`
  const made: string[] = []
  const make = async (owner: string, name: string, labels: object): Promise<string> => {
    const { certificate } = await issueAuthority(`root of ${name}`)
    const whole = owner === '' ? name : `${owner.replace('/', ':')}:${name}`
    await world.create(bundles(world), { metadata: { name: whole, labels }, spec: { ...(owner !== '' && { signerName: owner }), trustBundle: certificate } })
    made.push(whole)
    return certificate
  }
  try {
    const alive = [await make(signer, 'first', { 'signer.alive': 'true' }), await make(signer, 'second', { 'signer.alive': 'true' })]
    const dead = [await make(signer, 'third', { 'signer.alive': 'false' })]
    const other = await make(`test.test/${world.namespace}-two`, 'fourth', { 'signer.alive': 'true' })
    const name = world.unique('trusted')
    const unsigned = await make('', name, { 'signer.alive': 'true' })
    await tell({ signer, alive, dead, other, unsigned, name })
  } finally { for (const name of made) await world.ask('DELETE', bundles(world, name)) }
}

const reads = (world: RealWorld, source: object, pod = 'reader'): Promise<string> =>
  world.says(aPod(pod, [shell(`cat /trust/${String((source as Fields)['path'])}; stat -Lc %a /trust/${String((source as Fields)['path'])}`, { volumeMounts: [{ name: 'trust', mountPath: '/trust' }] })], { volumes: [projection('trust', [{ clusterTrustBundle: source }])] }))
const blocks = (log: string): readonly string[] => (log.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? []).toSorted()
const mode = (log: string): string => log.slice(-4)

interface Query { readonly says: string; readonly selector?: object; readonly optional?: true; readonly of: 'alive' | 'all' | 'none' }
const queries: readonly Query[] = [
  { says: 'can combine multiple CTBs with signer name and label selector', selector: { matchLabels: { 'signer.alive': 'true' } }, of: 'alive' },
  { says: 'can combine all signer CTBs with an empty label selector', selector: {}, of: 'all' },
  { says: 'should start if only signer name and explicit label selector matches nothing + optional=true', selector: { matchLabels: { thismatches: 'nothing' } }, optional: true, of: 'none' },
  { says: 'should start if only signer name and nil label selector + optional=true', optional: true, of: 'none' },
]

/** A pod whose bundle is not there waits, is told why, and starts when the bundle comes. */
const prevented = (source: (signer: string) => object, why: string): RealStory['tell'] => (world) => withBundles(world, async ({ signer }) => {
  await world.create(world.pod(), aPod('reader', [shell('true', { volumeMounts: [{ name: 'trust', mountPath: '/trust' }] })], { volumes: [projection('trust', [{ clusterTrustBundle: { path: 'file', optional: false, ...source(signer) } }])] }))
  await until(world.api, 'the pod is told why it waits', async () => (await world.events('reader')).some((event) => event === `FailedMount: MountVolume.SetUp failed for volume "trust" : ${why}`))
  const pod = await world.get(world.pod('reader'))
  assert.equal(at(pod, 'status', 'phase'), 'Pending')
  const ready = list(pod, 'status', 'conditions').find((one) => one['type'] === 'Ready')
  assert.deepEqual([ready?.['status'], ready?.['reason'], ready?.['message']], ['False', 'ContainersNotReady', 'containers with unready status: [main]'])
})

async function hundreds(world: RealWorld): Promise<void> {
  const count = 120
  const signer = `test.test/${world.namespace}-hundreds`
  const nameOf = (index: number): string => `${signer.replace('/', ':')}:${index}`
  const certificates: string[] = []
  try {
    for (let index = 0; index < count; index++) {
      const { certificate } = await issueAuthority(`root ${index}`)
      certificates.push(certificate)
      await world.create(bundles(world), { metadata: { name: nameOf(index) }, spec: { signerName: signer, trustBundle: certificate } })
    }
    const sources = certificates.map((_, index) => ({ clusterTrustBundle: { name: nameOf(index), path: `anchors-${index}.pem` } }))
    const each = certificates.map((_, index) => ({ mount: { name: `trust-${index}`, mountPath: `/trust-${index}` }, volume: projection(`trust-${index}`, sources.slice(index, index + 1)) }))
    const one = await world.says(aPod('one-volume', [shell('cat /trust/anchors-77.pem', { volumeMounts: [{ name: 'trust', mountPath: '/trust' }] })], { volumes: [projection('trust', sources)] }))
    assert.equal(one, certificates[77])
    const many = await world.says(aPod('many-volumes', [shell('cat /trust-99/anchors-99.pem', { volumeMounts: each.map(({ mount }) => mount) })], { volumes: each.map(({ volume }) => volume) }))
    assert.equal(many, certificates[99])
    assert.deepEqual(blocks(await reads(world, { signerName: signer, labelSelector: {}, path: 'all.pem' }, 'one-file')), certificates.toSorted())
  } finally { for (let index = 0; index < certificates.length; index++) await world.ask('DELETE', bundles(world, nameOf(index))) }
}

const certificateRow = (says: string): string =>
  `[sig-auth] Projected PodCertificate [FeatureGate:PodCertificateRequest] [FeatureGate:ClusterTrustBundle] [FeatureGate:ClusterTrustBundleProjection] ${says} [MinimumKubeletVersion:1.37] [Conformance]`

/** Plays a signer of pods' certificates while a pod starts that asks for one: the request that came, and what the pod was given. */
async function certified(world: RealWorld, more: object): Promise<{ readonly request: Fields; readonly bundle: string; readonly chain: string }> {
  const signerName = `e2e.example.com/${world.namespace}`
  const authority = await issueAuthority('signer of pods')
  const source = { signerName, keyType: 'ECDSAP256', credentialBundlePath: 'bundle.pem', ...more }
  await world.create(world.pod(), aPod('asker', [shell('cat /run/creds/bundle.pem; sleep 100000', { volumeMounts: [{ name: 'creds', mountPath: '/run/creds' }] })], { volumes: [projection('creds', [{ podCertificate: source }])] }))
  const requests = world.path('certificates.k8s.io/v1', 'podcertificaterequests')
  const request = await until(world.api, 'the kubelet has asked for a certificate', async () => list(await world.get(requests), 'items')[0])
  const { chain, ...times } = await signRequest(authority, { request: text(request, 'spec', 'stubPKCS10Request'), seconds: Number(at(request, 'spec', 'maxExpirationSeconds')), uri: `spiffe://cluster.local${String(at(request, 'spec', 'unverifiedUserAnnotations', 'spiffe/path-overriding') ?? `/ns/${world.namespace}`)}` })
  const conditions = [{ type: 'Issued', status: 'True', reason: 'Issued', message: 'Issued', lastTransitionTime: new Date().toISOString() }]
  await world.merge(`${requests}/${text(request, 'metadata', 'name')}/status`, { status: { conditions, certificateChain: chain, ...times } })
  await world.ready('asker')
  return { request, chain, bundle: await world.logged('asker', (log) => log.includes('END CERTIFICATE')) }
}

async function holdsItsKey({ bundle, chain }: { readonly bundle: string; readonly chain: string }): Promise<void> {
  const { createPrivateKey, X509Certificate } = await import('node:crypto')
  const [key = '', ...rest] = bundle.split(/(?=-----BEGIN CERTIFICATE)/)
  assert.equal(rest.join(''), chain)
  assert.ok(new X509Certificate(chain).checkPrivateKey(createPrivateKey(key)))
}

const lifetime = (request: Fields): number => Number(at(request, 'spec', 'maxExpirationSeconds'))

export const volumesIdentity: readonly RealStory[] = [
  {
    row: '[sig-auth] ServiceAccounts should mount projected service account token [Conformance]',
    tell: async (world) => {
      const volumes = [projection('token', [{ serviceAccountToken: { path: 'token', audience: 'somebody', expirationSeconds: 7200 } }])]
      const log = await world.says(aPod('reader', [shell('cat /who/token; stat -Lc " %a" /who/token', { volumeMounts: [{ name: 'token', mountPath: '/who' }] })], { volumes }))
      const [token = '', seen] = log.trim().split(' ')
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Fields
      assert.deepEqual([seen, claims['sub'], claims['aud'], Number(claims['exp']) - Number(claims['iat'])], ['644', `system:serviceaccount:${world.namespace}:default`, ['somebody'], 7200])
      assert.equal(at(claims, 'kubernetes.io', 'pod', 'name'), 'reader')
    },
  },
  {
    row: bundleRow('be able to mount a single ClusterTrustBundle by name'),
    tell: (world) => withBundles(world, async ({ unsigned, name }) => {
      const log = await reads(world, { name, path: 'trust-anchors.pem' })
      assert.deepEqual([blocks(log), mode(log)], [[unsigned], '644\n'])
      assert.equal(await reads(world, { name: 'does-not-exist.at.all', optional: true, path: 'trust-anchors.pem' }, 'other'), '644\n')
    }),
  },
  ...queries.map(({ says, selector, optional, of }): RealStory => ({
    row: bundleRow(`be capable to mount multiple trust bundles by signer+labels ${says}`),
    tell: (world) => withBundles(world, async ({ signer, alive, dead }) => {
      const log = await reads(world, { signerName: signer, path: 'trust-bundle.crt', ...(selector !== undefined && { labelSelector: selector }), ...(optional && { optional }) })
      assert.deepEqual([blocks(log), mode(log)], [{ alive, all: [...alive, ...dead], none: [] }[of].toSorted(), '644\n'])
    }),
  })),
  { row: bundleRow('prevent a pod from starting if: sets optional=false and no trust bundle matches query'), tell: prevented((signerName) => ({ signerName, labelSelector: { matchLabels: { 'signer.alive': 'unknown' } } }), 'combination of signerName and labelSelector matched zero ClusterTrustBundles') },
  { row: bundleRow('prevent a pod from starting if: sets optional=false and the configured CTB does not exist'), tell: prevented(() => ({ name: 'does-not-exist' }), 'while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io "does-not-exist" not found') },
  {
    row: bundleRow('be able to specify multiple CTB volumes'),
    tell: (world) => withBundles(world, async ({ signer, dead, unsigned, name }) => {
      const looking = (index: number, path: string): object => shell(`cat /trust/${path}`, { name: `looker-${index}`, volumeMounts: [{ name: `trust-${index}`, mountPath: '/trust' }] })
      const volumes = [projection('trust-0', [{ clusterTrustBundle: { name, path: 'anchors.pem' } }]), projection('trust-1', [{ clusterTrustBundle: { signerName: signer, labelSelector: { matchLabels: { 'signer.alive': 'false' } }, path: 'bundle.crt' } }])]
      assert.deepEqual(blocks(await world.says(aPod('reader', [looking(0, 'anchors.pem'), looking(1, 'bundle.crt')], { volumes }), 'looker-0')), [unsigned])
      assert.deepEqual(blocks(await world.log('reader', 'looker-1')), dead)
    }),
  },
  { row: bundleRow('be able to mount a big number (>100) of CTBs'), tell: hundreds },
  {
    row: certificateRow('MaxExpirationSeconds validations should issue certificate with default life time (24h) when MaxExpirationSeconds is not set'),
    tell: async (world) => {
      const got = await certified(world, {})
      assert.equal(lifetime(got.request), 86_400)
      await holdsItsKey(got)
    },
  },
  {
    row: certificateRow('MaxExpirationSeconds validations should issue certificate with specified duration (1h) when MaxExpirationSeconds is set'),
    tell: async (world) => {
      const got = await certified(world, { maxExpirationSeconds: 3600 })
      assert.equal(lifetime(got.request), 3600)
      await holdsItsKey(got)
    },
  },
  {
    row: certificateRow('should honor UserAnnotations for SPIFFE URI path'),
    tell: async (world) => {
      const { X509Certificate } = await import('node:crypto')
      const { bundle } = await certified(world, { userAnnotations: { 'spiffe/path-overriding': '/custom-workload' } })
      assert.equal(new X509Certificate(bundle.slice(bundle.indexOf('-----BEGIN CERTIFICATE'))).subjectAltName, 'URI:spiffe://cluster.local/custom-workload')
    },
  },
  {
    row: '[sig-node] ImageVolume should succeed with pod and pull policy of Always [LinuxOnly] [MinimumKubeletVersion:1.35] [Conformance]',
    tell: (world) => withRegistry({ data: 'artifact\n' }, async (reference, asked) => {
      const script = 'cat /image/data; touch /image/new 2>&1; test ! -e /image/new'
      const log = await world.says(aPod('reader', [shell(script, { volumeMounts: [{ name: 'artifact', mountPath: '/image' }] })], { volumes: [{ name: 'artifact', image: { reference, pullPolicy: 'Always' } }] }))
      assert.equal(log, 'artifact\ntouch: /image/new: Read-only file system\n')
      assert.ok(asked.some((one) => one.includes('/manifests/1')))
      const told = await world.events('reader')
      assert.ok(told.includes(`Pulling: Pulling image "${reference}"`), told.join('\n'))
    }),
  },
]
