// Claims, disks, propagation, snapshots and CSI drivers on real nodes, as stock kubectl sees them. What pods read of ConfigMaps, Secrets and themselves is told by the conformance stories.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { testsOfCsi } from './csi.ts'
import { examples, Playground, stockKubectl, typing, until, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl() ?? ''
const skip = whyNoContainers() ?? (kubectl === '' ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)
const noDisks = existsSync('/dev/loop-control') ? false : 'this kernel has no loop devices'
const image = 'localhost/skiff/busybox:1'

describe('volumes that outlive pods, and how they are mounted', { skip, timeout: 240_000 }, () => {
  let ground: Playground
  const { run, ok } = typing(kubectl, () => ground)
  const apply = (input: string): void => {
    const applied = ground.kubectl(kubectl, ['apply', '-f', '-'], { input })
    assert.equal(applied.code, 0, applied.out + applied.err)
  }
  const applyAll = (...items: readonly object[]): void => { apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items })) }
  const sh = (pod: string, script: string, container = 'main'): string => ok('exec', pod, '-c', container, '--', 'sh', '-c', script)
  const get = (what: string, path: string): string => run('get', ...what.split(' '), '-o', `jsonpath={${path}}`).out
  const events = (name: string): string => ok('get', 'events', '--field-selector', `involvedObject.name=${name}`, '-o', 'jsonpath={range .items[*]}{.type} {.reason}: {.message}{"\\n"}{end}')
  const runs = (pod: string): void => { ok('wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=40s') }
  const manifests = (): string => readFileSync(join(import.meta.dirname, 'volumes.yaml'), 'utf8').replaceAll('IMAGE', image).replaceAll('FOLDER', ground.folder)
  const onlyPod = (name: string): string => manifests().split('\n---\n').find((one) => one.includes(`kind: Pod\nmetadata: {name: ${name}}`)) ?? ''
  /** What stands for disks of this cluster in the kernel. */
  const loops = (): readonly string[] => readdirSync('/sys/block').filter((name) => name.startsWith('loop') && existsSync(`/sys/block/${name}/loop`) && readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').startsWith(ground.folder))
  const mounts = (): readonly string[] => ground.run(['nsenter', `--mount=${join(ground.dataDir, 'agent/namespace')}`, 'cat', '/proc/self/mountinfo']).out.split('\n').filter((line) => line.includes('/agent/pods/'))

  before(async () => {
    ground = new Playground()
    await ground.ready()
    mkdirSync(ground.dataDir, { recursive: true })
    const built = ground.buildImage([image, '--package', 'busybox-static'])
    assert.equal(built.code, 0, built.out + built.err)
    mkdirSync(join(ground.folder, 'outer/inner'), { recursive: true })
    assert.equal(ground.run(['mount', '-t', 'tmpfs', 'inner', join(ground.folder, 'outer/inner')]).code, 0)
    const up = ground.skiff(['up', '--nodes', '2', '--detach', '--bare'], { timeoutMs: 60_000 })
    assert.equal(up.code, 0, up.out + up.err)
    // The second comes when the first has its claim.
    apply(manifests().split('\n---\n').filter((one) => one !== onlyPod('second')).join('\n---\n'))
  })
  after(() => { ground?.close() })

  test('claims are provisioned where their pod runs: directories, disks with a size of their own, bare disks, and what the machine has', { skip: noDisks }, () => {
    runs('claims')
    assert.equal(sh('claims', 'dd if=/dev/zero of=/small/big bs=1M count=9 2>&1 | grep -o "No space left on device"; rm /small/big'), 'No space left on device\n')
    assert.equal(sh('claims', 'dd if=/dev/zero of=/dev/raw bs=1M count=4 2>&1 | tail -1; dd if=/dev/zero of=/dev/raw bs=1M count=5 2>&1 | grep -o "No space"; stat -c "%F %g" /dev/raw'), '4+0 records out\nNo space\nblock special file 3000\n')
    assert.equal(sh('claims', 'stat -c "%a %g" /plain; echo from the pod > /machine/file; echo x > /scratch/x && echo scratch'), '2777 3000\nscratch\n')
    // It stays with the node.
    assert.equal(existsSync(join(ground.folder, 'machine/file')), false)
    assert.equal(get('pvc plain raw small', '.items[*].spec.volumeMode'), 'Filesystem Block Filesystem')
  })

  test('a claim for one pod only keeps the second out', async () => {
    apply(onlyPod('second'))
    await until('it is refused', () => events('second').includes('FailedScheduling'))
    assert.match(events('second'), /Warning FailedScheduling: .*node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode/)
  })

  test('claims grow: directories and bare disks at once, a file system no later than when its pod starts again', { skip: noDisks }, async () => {
    for (const claim of ['small', 'raw', 'plain']) ok('patch', 'pvc', claim, '-p', '{"spec":{"resources":{"requests":{"storage":"16Mi"}}}}')
    const size = (claim: string): string => get(`pvc ${claim}`, '.status.capacity.storage')
    await until('both have grown', () => (size('raw') === '16Mi' && size('plain') === '16Mi') || `${size('raw')} ${size('plain')}`)
    assert.equal(sh('claims', 'dd if=/dev/zero of=/dev/raw bs=1M count=16 2>&1 | tail -1'), '16+0 records out\n')
    assert.match(events('plain'), /Normal Resizing: External resizer is resizing volume pvc-.*\nNormal VolumeResizeSuccessful: Resize volume succeeded/)
    // Without CAP_SYS_RESOURCE a mounted file system cannot be grown.
    await until('the file system has grown or waits', () => size('small') === '16Mi' || get('pvc small', '.status.conditions[*].type') === 'FileSystemResizePending')
    sh('claims', 'echo kept > /small/file; sync')
    ok('delete', 'pod', 'claims', 'second')
    apply(onlyPod('claims'))
    runs('claims')
    await until('the file system has grown', () => size('small') === '16Mi' || get('pvc small', '.status'))
    assert.equal(sh('claims', 'cat /small/file /machine/file; [ $(df -k /small | tail -1 | tr -s " " | cut -d" " -f2) -gt 12000 ] && echo larger'), 'kept\nfrom the pod\nlarger\n')
    assert.equal(get('pvc small', '.status.conditions'), '')
  })

  test('a claim is cloned, a snapshot is taken and restored, and goes with its data', async () => {
    ok('apply', '-f', join(examples, 'volumes/snapshot-definitions.yaml'))
    await until('the definitions are served', () => run('get', 'volumesnapshots').code === 0)
    const own = { apiVersion: 'snapshot.storage.k8s.io/v1' }
    applyAll({ ...own, kind: 'VolumeSnapshotClass', metadata: { name: 'copies' }, driver: 'skiff.dev/local', deletionPolicy: 'Delete' }, { ...own, kind: 'VolumeSnapshot', metadata: { name: 'before' }, spec: { volumeSnapshotClassName: 'copies', source: { persistentVolumeClaimName: 'plain' } } })
    await until('the snapshot is ready', () => get('volumesnapshot before', '.status.readyToUse') === 'true' || get('volumesnapshot before', '.status'))
    sh('claims', 'echo second > /plain/file; sync')
    const claim = (name: string, dataSource: object): object => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '16Mi' } }, dataSource } })
    const both = ['clone', 'again']
    applyAll(claim('clone', { kind: 'PersistentVolumeClaim', name: 'plain' }), claim('again', { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'before' }), {
      apiVersion: 'v1', kind: 'Pod', metadata: { name: 'reader' }, spec: {
        terminationGracePeriodSeconds: 0, volumes: both.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
        containers: [{ name: 'main', image, command: ['sleep', '100000'], volumeMounts: both.map((name) => ({ name, mountPath: `/${name}` })) }],
      },
    })
    runs('reader')
    assert.equal(sh('reader', 'cat /clone/file /again/file'), 'second\nfirst\n')
    assert.match(events('before'), /Normal SnapshotReady: Snapshot default\/before is ready to use\./)
    const copies = (): readonly string[] => readdirSync(join(ground.dataDir, 'agent/volumes')).filter((name) => name.startsWith('snapshot-'))
    assert.equal(copies().length, 1)
    ok('delete', 'volumesnapshot', 'before', '--timeout=20s')
    await until('the copy is gone', () => copies().length === 0 && get('volumesnapshotcontents', '.items') === '[]')
  })

  test('mounts made inside reach those who want to see them, and no others', () => {
    runs('mounter')
    runs('watchers')
    // Nothing is mounted before they look.
    sh('mounter', 'touch /shared/go')
    sh('mounter', 'until [ -e /shared/inner/file ]; do sleep 0.1; done')
    assert.equal(sh('watchers', 'cat /shared/inner/file'), 'seen\n')
    assert.equal(sh('watchers', 'cat /shared/inner/file 2>&1 || true', 'private').includes('No such file'), true)
  })

  test('read only covers what is mounted below only where that is asked for', () => {
    runs('read-only')
    assert.equal(sh('read-only', 'for at in /plain /plain/inner /whole /whole/inner; do touch $at/x 2>/dev/null && echo $at; done; true'), '/plain/inner\n')
    assert.match(sh('read-only', 'grep " /pages " /proc/mounts'), / hugetlbfs .*pagesize=2M/)
  })

  test('what cannot be mounted says why', () => {
    assert.match(events('wrong-type'), /Warning FailedMount: MountVolume\.SetUp failed for volume "v" : hostPath type check failed: .*\/outer is not a socket file/)
    assert.match(events('far'), /Warning FailedMount: MountVolume\.SetUp failed for volume "v" : mount failed: exit status \d+\nMounting command: mount\nMounting arguments: -t nfs 127\.0\.0\.1:\/export /)
  })

  testsOfCsi(kubectl, () => ground)

  test('after all pods nothing is mounted, and after all claims nothing is left', { timeout: 90_000 }, async () => {
    ok('delete', 'pod', '--all', '--timeout=40s')
    await until('nothing is mounted', () => mounts().length === 0 || mounts().join('\n'))
    await until('no disk is attached', () => loops().length === 0 || loops().join())
    ok('delete', 'pvc', '--all', '--timeout=40s')
    const kept = (): readonly string[] => readdirSync(join(ground.dataDir, 'agent/volumes'))
    await until('no volume is left', () => kept().length === 0 || kept().join())
  })
})
