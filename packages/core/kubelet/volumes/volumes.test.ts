import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Volume } from '../../api/generated/types.ts'
import type { Resource } from '../../api/resource.ts'
import { viewOf } from '../../rules/view-of.ts'
import { textOf } from '../../base/bytes.ts'
import type { CredentialAnswer } from '../decision.ts'
import { aCluster, aPod, aShape, start } from '../test-cluster.ts'
import { mountsOf } from './mounts.ts'
import { planVolumes } from './plan.ts'

const real = aShape('a', { simulated: false, capacity: { memory: '8Gi' } })
const object = (kind: string, name: string, more: object = {}): Resource => ({ apiVersion: 'v1', kind, metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '' }, ...more }) as Resource
const bundle = (name: string, signerName: string | undefined, bytes: string, labels = {}): Resource => ({
  apiVersion: 'certificates.k8s.io/v1', kind: 'ClusterTrustBundle', metadata: { name, labels, uid: name, resourceVersion: '1', creationTimestamp: '' },
  spec: { ...(signerName !== undefined && { signerName }), trustBundle: `-----BEGIN CERTIFICATE-----\n${bytes}\n-----END CERTIFICATE-----\n` },
}) as Resource

const plan = (volume: Omit<Volume, 'name'>, objects: readonly Resource[] = [], { spec = {}, credentials }: { readonly spec?: object; readonly credentials?: ReadonlyMap<string, CredentialAnswer> } = {}): ReturnType<typeof planVolumes> =>
  planVolumes({ pod: aPod({ spec: { ...spec, volumes: [{ name: 'v', ...volume }] } }), view: viewOf(objects), node: real, podIps: [], credentials, now: start })
/** What is made, or what is missing. */
const shown = (made: ReturnType<typeof planVolumes>): unknown => {
  const [volume] = made.volumes
  if (volume === undefined) return made.missing.map(({ message }) => message).join()
  return volume.is === 'files' ? volume.files.map(({ path, mode, user, bytes }) => [path, mode.toString(8), ...(user === undefined ? [] : [user]), textOf(bytes)]) : volume
}

test('what is missing is said in upstream’s words', () => {
  const failed = 'MountVolume.SetUp failed for volume "v" : '
  const settings = object('ConfigMap', 'settings', { data: { mode: 'fast' } })
  const keys = object('Secret', 'keys', { data: {} })
  const claim = (more: object): Resource => object('PersistentVolumeClaim', 'data', more)
  const rows: readonly (readonly [string, Omit<Volume, 'name'>, readonly Resource[], string])[] = [
    ['no ConfigMap', { configMap: { name: 'settings' } }, [], `${failed}configmap "settings" not found`],
    ['no key in a ConfigMap', { configMap: { name: 'settings', items: [{ key: 'x', path: 'x' }] } }, [settings], `${failed}configmap references non-existent config key: x`],
    ['no key in a Secret', { secret: { secretName: 'keys', items: [{ key: 'x', path: 'x' }] } }, [keys], `${failed}references non-existent secret key: x`],
    ['several faults', { projected: { sources: [{ secret: { name: 'a' } }, { secret: { name: 'b' } }] } }, [], `${failed}[secret "a" not found, secret "b" not found]`],
    ['no bundle', { projected: { sources: [{ clusterTrustBundle: { name: 'x', path: 'x' } }] } }, [], `${failed}while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io "x" not found`],
    ['no bundle of the signer', { projected: { sources: [{ clusterTrustBundle: { signerName: 'a/b', labelSelector: {}, path: 'x' } }] } }, [bundle('one', 'other/b', 'AAAA')], `${failed}combination of signerName and labelSelector matched zero ClusterTrustBundles`],
    ['no claim', { persistentVolumeClaim: { claimName: 'data' } }, [], 'error processing PVC default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found'],
    ['an unbound claim', { persistentVolumeClaim: { claimName: 'data' } }, [claim({ spec: {} })], 'error processing PVC default/data: PVC is not bound'],
  ]
  assert.deepEqual(rows.map(([name, volume, objects]) => [name, shown(plan(volume, objects))]), rows.map(([name, , , message]) => [name, message]))
})

test('bundles are joined, each certificate once; no selector selects nothing', () => {
  const objects = [bundle('one', 'a/b', 'AAAA', { alive: 'yes' }), bundle('two', 'a/b', 'BBBB'), bundle('twin', 'a/b', 'AAAA'), bundle('other', 'a/c', 'CCCC'), bundle('free', undefined, 'DDDD')]
  const of = (source: object): unknown => {
    const files = shown(plan({ projected: { sources: [{ clusterTrustBundle: { path: 'x', ...source } }] } }, objects))
    return Array.isArray(files) ? String(files[0]).match(/^[A-Z]{4}$/gm) ?? [] : files
  }
  assert.deepEqual([of({ name: 'free' }), of({ signerName: 'a/b', labelSelector: {} }), of({ signerName: 'a/b', labelSelector: { matchLabels: { alive: 'yes' } } }), of({ signerName: 'a/b', optional: true })], [['DDDD'], ['AAAA', 'BBBB'], ['AAAA'], []])
})

test('who may read a token: everybody, or the one user of all containers, or the group', () => {
  const credentials = new Map<string, CredentialAnswer>([['/3600', { is: 'token', token: 't', issuedAt: start, expiresAt: start + 3_600_000 }]])
  const token = (spec: object): unknown => shown(plan({ projected: { sources: [{ serviceAccountToken: { path: 'x', expirationSeconds: 3600 } }] } }, [], { spec, credentials }))
  const two = [{ name: 'web', image: 'web:1', securityContext: { runAsUser: 7 } }, { name: 'other', image: 'web:1' }]
  assert.deepEqual([token({}), token({ securityContext: { runAsUser: 5 } }), token({ securityContext: { fsGroup: 5 } }), token({ containers: two })], [[['x', '644', 't']], [['x', '600', 5, 't']], [['x', '600', 't']], [['x', '644', 't']]])
})

test('a certificate is asked for, waited for, and asked for again when its signer says so', () => {
  const source = { signerName: 'a/b', keyType: 'ED25519', credentialBundlePath: 'both', keyPath: 'key', certificateChainPath: 'chain' }
  const volume = { projected: { sources: [{ podCertificate: source }] } }
  const asked = plan(volume)
  assert.deepEqual([shown(asked), asked.asks.map(({ is, id }) => [is, id])], ['MountVolume.SetUp failed for volume "v" : credential bundle is not issued yet', [['certificate', 'v/0']]])
  const answered = (answer: CredentialAnswer): ReturnType<typeof planVolumes> => plan(volume, [], { credentials: new Map([['v/0', answer]]) })
  const fresh = answered({ is: 'certificate', key: 'K', chain: 'C', issuedAt: start, renewAt: start + 5 })
  assert.deepEqual([shown(fresh), fresh.asks, fresh.renewAt], [[['both', '644', 'KC'], ['key', '644', 'K'], ['chain', '644', 'C']], [], start + 5])
  const due = answered({ is: 'certificate', key: 'K', chain: 'C', issuedAt: start - 9, renewAt: start })
  assert.deepEqual([due.missing, due.asks.length], [[], 1])
  const denied = answered({ is: 'denied', message: 'no', event: { reason: 'Denied', message: 'no' } })
  assert.deepEqual([shown(denied), denied.asks], ['MountVolume.SetUp failed for volume "v" : no', []])
})

test('memory is given to scratch space as far as the volume, the pod and the node allow', () => {
  const limited = { containers: [{ name: 'web', image: 'web:1', resources: { limits: { memory: '64Mi' } } }] }
  const size = (emptyDir: object, spec = {}): unknown => { const made = shown(plan({ emptyDir: { medium: 'Memory', ...emptyDir } }, [], { spec })); return typeof made === 'object' && made !== null && 'sizeBytes' in made ? made.sizeBytes : made }
  assert.deepEqual([size({}), size({}, limited), size({ sizeLimit: '1Mi' }, limited), size({ sizeLimit: '1Gi' }, limited)], [8 * 2 ** 30, 64 * 2 ** 20, 2 ** 20, 64 * 2 ** 20])
  assert.deepEqual(shown(plan({ emptyDir: { medium: 'HugePages-1Gi' } })), { name: 'v', is: 'emptyDir', medium: 'HugePages', pageSize: '1Gi' })
})

test('parts of volumes: what an expression may make, and what not', () => {
  const variables = new Map([['NAME', 'a'], ['UP', '..'], ['ROOT', '/tmp'], ['NONE', '']])
  const of = (subPathExpr: string): unknown => { const made = mountsOf({ name: 'web', volumeMounts: [{ name: 'v', mountPath: '/v', subPathExpr }] } as Container, [], variables); return typeof made === 'string' ? made : made[0]?.subPath }
  const rows = [['$(NAME)/b', 'a/b'], ['$(UP)', "unable to provision SubPath `..`: must not contain '..'"], ['$(ROOT)', 'error SubPath `/tmp` must not be an absolute path'], ['$(NONE)/$(NAME)', 'error SubPath `/a` must not be an absolute path'], ['$(LOST)', 'missing value for "LOST"'], ['$$(NAME)', '$(NAME)']] as const
  assert.deepEqual(rows.map(([expression]) => [expression, of(expression)]), rows)
})

test('nobody writes to a volume that a pod has for reading only, whatever its containers say', () => {
  const volumes = [{ name: 'claim', persistentVolumeClaim: { claimName: 'data', readOnly: true } }, { name: 'inline', csi: { driver: 'disks.example.com', readOnly: true } }, { name: 'other', persistentVolumeClaim: { claimName: 'data' } }]
  const made = mountsOf({ name: 'web', volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/${name}` })) } as Container, volumes, new Map())
  assert.deepEqual(typeof made === 'string' ? made : made.map(({ volume, readOnly }) => [volume, readOnly]), [['claim', true], ['inline', true], ['other', false]])
})

test('what does not come is said again, ever more rarely, and after two minutes that it does not come', () => {
  const cluster = aCluster()
  cluster.put(aPod({ spec: { volumes: [{ name: 'v', configMap: { name: 'settings' } }] } }))
  cluster.settle()
  cluster.pass(130_000)
  const told = cluster.events.filter((event) => event.startsWith('Warning FailedMount MountVolume.SetUp'))
  // At 0, 0.5, 1.5, 3.5 … 127.5 s.
  assert.equal(told.length, 9)
  assert.deepEqual(cluster.events.filter((event) => event.includes('Unable')), ['Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[]: context deadline exceeded'])
})

test('what is missing after all was there has been waited for since then only', () => {
  const cluster = aCluster()
  const settings: Resource = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'settings', uid: 'uid-settings', resourceVersion: '1', creationTimestamp: '' } }
  const told = (what: string): number => cluster.events.splice(0).filter((event) => event.startsWith(`Warning FailedMount ${what}`)).length
  cluster.put(aPod({ spec: { volumes: [{ name: 'v', configMap: { name: 'settings' } }] } }))
  cluster.pass(100_000)
  cluster.put(settings)
  cluster.pass(30_000)
  assert.equal(cluster.pod()?.status.phase, 'Running')
  cluster.events.splice(0)
  cluster.remove({ resource: 'configmaps', namespace: 'default', name: 'settings' })
  cluster.pass(122_000)
  assert.equal(told('Unable'), 0)
  cluster.pass(2_000)
  assert.equal(told('Unable'), 1)
})
