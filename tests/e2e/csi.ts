// A CSI driver as a pod of a real node: how it registers, mounts what pods claim, and gives that back. Its provisioner and attacher are played by this test, as their sidecars work: by what they find in the API.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dirname, join } from 'node:path'
import { type Playground, typing, until } from './playground.ts'

const root = join(import.meta.dirname, '../..')
const driver = 'disks.example.com'
const [busybox, libraries] = ['localhost/skiff/busybox:1', 'localhost/skiff/libraries:1']

const hostPath = (name: string, path: string, type = ''): object => ({ name, hostPath: { path, type } })
const driverPods = {
  apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'disks', namespace: 'kube-system' },
  spec: {
    selector: { matchLabels: { app: 'disks' } },
    template: {
      metadata: { labels: { app: 'disks' } },
      spec: {
        terminationGracePeriodSeconds: 5, nodeSelector: { 'kubernetes.io/hostname': 'node-1' },
        containers: [{
          name: 'driver', image: libraries, imagePullPolicy: 'Never', securityContext: { privileged: true }, command: [process.execPath, join(import.meta.dirname, 'csi-driver.ts'), driver, '$(NODE)'],
          env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
          volumeMounts: [
            { name: 'plugins', mountPath: '/var/lib/kubelet/plugins', mountPropagation: 'Bidirectional' }, { name: 'pods', mountPath: '/var/lib/kubelet/pods', mountPropagation: 'Bidirectional' },
            { name: 'registry', mountPath: '/registration' }, { name: 'disks', mountPath: '/disks' }, { name: 'program', mountPath: root, readOnly: true }, { name: 'node', mountPath: dirname(process.execPath), readOnly: true },
          ],
        }],
        volumes: [
          hostPath('plugins', '/var/lib/kubelet/plugins', 'Directory'), hostPath('pods', '/var/lib/kubelet/pods', 'Directory'), hostPath('registry', '/var/lib/kubelet/plugins_registry', 'Directory'),
          hostPath('disks', '/var/lib/disks', 'DirectoryOrCreate'), hostPath('program', root), hostPath('node', dirname(process.execPath)),
        ],
      },
    },
  },
}
const web = {
  apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'web' },
  spec: {
    replicas: 1, serviceName: 'web', selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { terminationGracePeriodSeconds: 0, nodeSelector: { 'kubernetes.io/hostname': 'node-1' }, containers: [{ name: 'main', image: busybox, imagePullPolicy: 'Never', command: ['sh', '-c', 'cat /data/kept; echo from $HOSTNAME >> /data/kept; exec sleep 100000'], volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
    },
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'disks', resources: { requests: { storage: '1Gi' } } } }],
  },
}

/** Tests of a driver on node-1 of a playground that is up and has the image of busybox. */
export function testsOfCsi(kubectl: string, ground: () => Playground): void {
  const { run, ok, apply, get } = typing(kubectl, ground)
  const events = (name: string): string => ok('get', 'events', '--field-selector', `involvedObject.name=${name}`, '-o', 'jsonpath={range .items[*]}{.type} {.reason}: {.message}{"\\n"}{end}')
  const mounts = (): readonly string[] => ground().run(['nsenter', `--mount=${join(ground().dataDir, 'agent/namespace')}`, 'cat', '/proc/self/mountinfo']).out.split('\n').map((line) => line.split(' ')[4] ?? '').filter((path) => path.includes('/agent/kubelet/'))
  const driverSays = (): string => ok('logs', '-n', 'kube-system', 'daemonset/disks')
  /** What the driver was asked for, one a line: the log has it soon after it was answered. */
  const calls = (): readonly string[] => driverSays().split('\n').filter((line) => /^(un)?(stage|publish) /.test(line))

  test('a CSI driver registers: the cluster knows what it is called there, where its volumes can be, and how many', async () => {
    const built = ground().buildImage([libraries, '--package', 'busybox-static', '--package', 'libstdc++6', '--package', 'libatomic1'])
    assert.equal(built.code, 0, built.out + built.err)
    apply(
      { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: driver }, spec: { attachRequired: true, podInfoOnMount: true, volumeLifecycleModes: ['Persistent', 'Ephemeral'] } },
      { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'disks' }, provisioner: driver, volumeBindingMode: 'WaitForFirstConsumer' },
      driverPods, web,
    )
    await until('it has registered', () => run('get', 'csinode', 'node-1').code === 0 || run('get', 'pods', '-A').out + run('logs', '-n', 'kube-system', 'daemonset/disks').out)
    const csiNode = JSON.parse(ok('get', 'csinode', 'node-1', '-o', 'json')) as { readonly metadata: { readonly ownerReferences: readonly object[] }; readonly spec: object }
    assert.deepEqual(csiNode.spec, { drivers: [{ name: driver, nodeID: 'id-of-node-1', topologyKeys: ['topology.disks.example.com/node'], allocatable: { count: 3 } }] })
    assert.deepEqual(csiNode.metadata.ownerReferences, [{ apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: get('node node-1', '.metadata.uid') }])
    assert.deepEqual([get('node node-1', '.metadata.annotations.csi\\.volume\\.kubernetes\\.io/nodeid'), get('node node-1', '.metadata.labels.topology\\.disks\\.example\\.com/node')], [`{"${driver}":"id-of-node-1"}`, 'node-1'])
  })

  test('a claim of a CSI driver is provisioned for its node, attached, staged and published, with what the driver wants to know of the pod', async () => {
    await until('a node is chosen', () => get('pvc data-web-0', '.metadata.annotations').includes('"volume.kubernetes.io/selected-node":"node-1"') || ok('get', 'events'))
    assert.equal(get('pvc data-web-0', '.metadata.annotations.volume\\.kubernetes\\.io/storage-provisioner'), driver)
    apply({
      apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pvc-1', annotations: { 'pv.kubernetes.io/provisioned-by': driver } },
      spec: {
        capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'disks', persistentVolumeReclaimPolicy: 'Delete', claimRef: { namespace: 'default', name: 'data-web-0' }, csi: { driver, volumeHandle: 'disk-1', fsType: 'ext4', volumeAttributes: { pool: 'fast' } },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'topology.disks.example.com/node', operator: 'In', values: ['node-1'] }] }] } },
      },
    })
    await runs('web-0')
    await until('the log tells of it', () => calls().length > 1 || driverSays())
    const uid = get('pod web-0', '.metadata.uid')
    const place = `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~csi/pvc-1/mount`
    const context = { pool: 'fast', 'csi.storage.k8s.io/pod.name': 'web-0', 'csi.storage.k8s.io/pod.namespace': 'default', 'csi.storage.k8s.io/pod.uid': uid, 'csi.storage.k8s.io/serviceAccount.name': 'default', 'csi.storage.k8s.io/ephemeral': 'false' }
    const [stage, publish = '', ...more] = calls()
    assert.match(stage ?? '', /^stage \/var\/lib\/kubelet\/plugins\/kubernetes\.io\/csi\/disks\.example\.com\/[0-9a-f]{64}\/globalmount$/)
    assert.deepEqual([publish.startsWith(`publish ${place} rw `), JSON.parse(publish.slice(publish.indexOf('['))), more], [true, [{ slot: '1' }, context], []])
    assert.match(events('web-0'), /Normal SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "pvc-1"/)
    await until('what the driver counts is told', () => {
      const summary = ok('get', '--raw', '/api/v1/nodes/node-1/proxy/stats/summary')
      return /"availableBytes":700,"capacityBytes":1000,"usedBytes":300,"inodesFree":7,"inodes":10,"inodesUsed":3,"name":"data","pvcRef":\{"name":"data-web-0"/.test(summary) || summary
    })
    assert.deepEqual([get('node node-1', '.status.volumesInUse'), get('node node-1', '.status.volumesAttached[*].name')], [`["kubernetes.io/csi/${driver}^disk-1"]`, `kubernetes.io/csi/${driver}^disk-1`])
  })

  test('another agent finds the driver\'s volume mounted; the next pod finds what the first has written', async () => {
    const before = calls().length
    await ground().killAgent(30_000)
    assert.equal(ok('exec', 'web-0', '--', 'cat', '/data/kept'), 'from web-0\n')
    assert.equal(calls().length, before, 'it was asked for nothing')
    const first = get('pod web-0', '.metadata.uid')
    ok('delete', 'pod', 'web-0', '--wait=false')
    await runs('web-0', first)
    assert.equal(ok('logs', 'web-0'), 'from web-0\n')
  })

  test('a volume that is written down in a pod is published for it only', async () => {
    apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'inline' }, spec: { nodeName: 'node-1', terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: busybox, imagePullPolicy: 'Never', command: ['sleep', '100000'], volumeMounts: [{ name: 'all', mountPath: '/all' }] }], volumes: [{ name: 'all', csi: { driver, readOnly: true } }] } })
    ok('wait', '--for=condition=Ready', 'pod/inline', '--timeout=30s')
    assert.equal(ok('exec', 'inline', '--', 'ls', '/all'), 'disk-1\n')
    // A pod without a grace period is gone from the API before its volumes are given back: others may be asked for meanwhile.
    await until('the log tells of it', () => calls().some((line) => /^publish \/var\/lib\/kubelet\/pods\/[^/]+\/volumes\/kubernetes\.io~csi\/all\/mount ro /.test(line)) || driverSays())
    ok('delete', 'pod', 'inline')
  })

  test('what nobody claims of a driver any more is unmounted, detached and reclaimed; a driver that goes is known no more', async () => {
    ok('delete', 'statefulset', 'web')
    ok('delete', 'pvc', 'data-web-0')
    await until('it is detached', () => { attacher(); return run('get', 'volumeattachments', '-o', 'name').out === '' || ok('get', 'node', 'node-1', '-o', 'jsonpath={.status}') })
    const count = (call: string): number => calls().filter((line) => line.startsWith(`${call} `)).length
    await until('all is given back', () => (count('publish') === count('unpublish') && count('stage') === count('unstage')) || driverSays())
    assert.equal(get('node node-1', '.status.volumesAttached'), '')
    await until('the volume is free', () => get('pv pvc-1', '.status.phase') === 'Released')
    ok('delete', 'pv', 'pvc-1')
    await until('nothing is mounted', () => mounts().length === 0 || mounts().join('\n'))
    ok('delete', 'daemonset', '-n', 'kube-system', 'disks')
    await until('the driver is gone', () => get('csinode node-1', '.spec.drivers[*].name') === '')
    assert.equal(get('node node-1', '.metadata.annotations').includes(driver), false)
  })

  /** As the driver's attacher: keeps attachments, tells what nodes need to know of them, and lets go of what is to be detached. */
  function attacher(): void {
    interface Attachment { readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }; readonly status?: { readonly attached?: boolean } }
    for (const { metadata: { name, deletionTimestamp }, status } of (JSON.parse(ok('get', 'volumeattachments', '-o', 'json')) as { readonly items: readonly Attachment[] }).items) {
      const patch = (more: readonly string[], change: object): void => { ok('patch', 'volumeattachment', name, '--type=merge', ...more, '-p', JSON.stringify(change)) }
      if (deletionTimestamp !== undefined) { patch([], { metadata: { finalizers: null } }); continue }
      if (status?.attached === true) continue
      patch([], { metadata: { finalizers: ['external-attacher/disks-example-com'] } })
      patch(['--subresource=status'], { status: { attached: true, attachmentMetadata: { slot: '1' } } })
    }
  }
  /** Waits for a pod that is none of before. */
  async function runs(name: string, before = ''): Promise<void> {
    await until(`${name} runs`, () => {
      attacher()
      const seen = run('get', 'pod', name, '-o', 'jsonpath={.metadata.uid} {.status.conditions[?(@.type=="Ready")].status}').out
      return (seen.endsWith(' True') && !seen.startsWith(`${before} `)) || events(name)
    }, 40_000)
  }
}
