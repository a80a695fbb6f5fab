// examples/stateful, typed into a stock kubectl.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withKubectl } from '../kubectl.ts'
import { fileOf } from './folder.ts'

const file = fileOf('stateful')
/** The pods in the order in which they first were so, by lines of a watch. */
const firsts = (text: string, phase: string): readonly string[] => [...new Set(text.split(',').filter((line) => line.endsWith(`=${phase}`)).map((line) => line.split('=')[0] ?? ''))]
const watched = `get pods --watch -o 'jsonpath={.metadata.name}={.status.conditions[?(@.type=="Ready")].status},'`

withKubectl('examples/stateful', (shell) => {
  test('pods come in order, each after the one before is ready, each with a claim of its own', async () => {
    const { story, start, eventually } = shell()
    const pods = start(`${watched} -l app=ledger`)
    story([
      [`apply -f ${file('ledger.yaml')}`, 'service/ledger-pods created\nstatefulset.apps/ledger created'],
    ])
    const seen = await pods.sees(/ledger-2=True/)
    pods.stop()
    assert.deepEqual(firsts(seen, 'True'), ['ledger-0', 'ledger-1', 'ledger-2'])
    assert.ok(seen.indexOf('ledger-1=') > seen.indexOf('ledger-0=True') && seen.indexOf('ledger-2=') > seen.indexOf('ledger-1=True'), seen)
    story([
      ['rollout status statefulset/ledger', /^(partitioned roll out complete: 3 new pods have been updated|statefulset rolling update complete 3 pods at revision ledger-\S+)\.\.\.\n$/],
      ['get statefulset ledger -o wide', /^NAME +READY +AGE +CONTAINERS +IMAGES\nledger +3\/3 +\d+s +book +localhost\/skiff\/busybox:1\n$/],
      ['get pods -l app=ledger --sort-by=.metadata.name -o name', 'pod/ledger-0\npod/ledger-1\npod/ledger-2'],
      ['get pvc -l app=ledger --no-headers', /^(pages-ledger-\d +Bound +pvc-\S+ +64Mi +RWO +standard( +<unset>)? +\d+s\n){3}$/],
      [`get pod ledger-1 -o 'jsonpath={.spec.hostname}.{.spec.subdomain},{.metadata.labels.apps\\.kubernetes\\.io/pod-index},{.spec.volumes[?(@.name=="pages")].persistentVolumeClaim.claimName}'`, /^ledger-1\.ledger-pods,1,pages-ledger-1$/],
      ['get endpointslices -l kubernetes.io/service-name=ledger-pods -o jsonpath={.items[*].endpoints[*].hostname}', /^ledger-\d ledger-\d ledger-\d$/],
    ])
    eventually('describe statefulset ledger', /create Claim pages-ledger-0 Pod ledger-0 in StatefulSet ledger success\n[^]*create Pod ledger-0 in StatefulSet ledger successful\n/)
  })

  test('scaled up in order, down from the end; claims stay and are found again', async () => {
    const { story, start, run, eventually } = shell()
    const volume = (claim: string): string => run(`get pvc ${claim} -o jsonpath={.spec.volumeName}`)
    const before = volume('pages-ledger-2')
    const up = start(`${watched} -l app=ledger`)
    story([['scale statefulset ledger --replicas=5', 'statefulset.apps/ledger scaled']])
    assert.deepEqual(firsts(await up.sees(/ledger-4=True/), 'True').slice(-2), ['ledger-3', 'ledger-4'])
    up.stop()
    const down = start('get pods -l app=ledger --watch --output-watch-events -o jsonpath={.type}={.object.metadata.name},')
    await down.sees(/ledger-4/)
    story([['scale statefulset ledger --replicas=2', 'statefulset.apps/ledger scaled']])
    const gone = await down.sees(/DELETED=ledger-2/)
    down.stop()
    assert.deepEqual([...gone.matchAll(/DELETED=(ledger-\d)/g)].map(([, name]) => name), ['ledger-4', 'ledger-3', 'ledger-2'])
    story([
      ['get pvc -l app=ledger -o name', /^(persistentvolumeclaim\/pages-ledger-[0-4]\n){5}$/],
      ['scale statefulset ledger --replicas=3', 'statefulset.apps/ledger scaled'],
    ])
    eventually('get statefulset ledger --no-headers', /^ledger +3\/3 /)
    assert.equal(volume('pages-ledger-2'), before)
  })

  test('a deleted pod comes back under its name, on its volume', () => {
    const { story, run, eventually } = shell()
    const identity = 'get pod ledger-0 -o jsonpath={.metadata.uid}/{.spec.volumes[0].persistentVolumeClaim.claimName}'
    const [uid, claim] = run(identity).split('/')
    story([['delete pod ledger-0', 'pod "ledger-0" deleted']])
    eventually('get pod ledger-0 --no-headers', /^ledger-0 +1\/1 +Running +0 +\d+s\n$/)
    const [nextUid, nextClaim] = run(identity).split('/')
    assert.deepEqual([nextUid === uid, nextClaim], [false, claim])
  })

  test('a rollout goes from the last pod to the first, and stops at the partition', async () => {
    const { story, start, run, eventually } = shell()
    const images = (): string => run('get pods -l app=ledger --sort-by=.metadata.name -o jsonpath={.items[*].spec.containers[0].image}')
    story([
      [`patch statefulset ledger -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}'`, 'statefulset.apps/ledger patched'],
      ['set image statefulset/ledger book=localhost/skiff/busybox:2', 'statefulset.apps/ledger image updated'],
      ['rollout status statefulset/ledger', /partitioned roll out complete: 1 new pods have been updated\.\.\.\n$/],
    ])
    assert.equal(images(), 'localhost/skiff/busybox:1 localhost/skiff/busybox:1 localhost/skiff/busybox:2')
    const down = start('get pods -l app=ledger --watch --output-watch-events -o jsonpath={.type}={.object.metadata.name},')
    await down.sees(/ledger-2/)
    story([[`patch statefulset ledger -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'`, 'statefulset.apps/ledger patched']])
    assert.deepEqual([...(await down.sees(/DELETED=ledger-0/)).matchAll(/DELETED=(ledger-\d)/g)].map(([, name]) => name), ['ledger-1', 'ledger-0'])
    down.stop()
    story([['rollout status statefulset/ledger', /(3 new pods have been updated|rolling update complete 3 pods at revision ledger-\S+)\.\.\.\n$/]])
    assert.match(images(), /^(localhost\/skiff\/busybox:2 ?){3}$/)
    story([
      ['rollout history statefulset/ledger', /^statefulset.apps\/ledger \nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/],
      ['rollout undo statefulset/ledger', 'statefulset.apps/ledger rolled back'],
    ])
    eventually('get pods -l app=ledger --sort-by=.metadata.name -o jsonpath={.items[*].spec.containers[0].image}', /^(localhost\/skiff\/busybox:1 ?){3}$/)
  })

  test('deleted with orphans, the pods are adopted again; deleted outright, the claims stay', () => {
    const { story, run, eventually } = shell()
    eventually('get statefulset ledger --no-headers', /^ledger +3\/3 /)
    const uids = run('get pods -l app=ledger -o jsonpath={.items[*].metadata.uid}')
    story([
      ['delete statefulset ledger --cascade=orphan', 'statefulset.apps "ledger" deleted'],
      ['get pods -l app=ledger -o name', 'pod/ledger-0\npod/ledger-1\npod/ledger-2'],
      [`apply -f ${file('ledger.yaml')}`, 'service/ledger-pods unchanged\nstatefulset.apps/ledger created'],
    ])
    eventually('get statefulset ledger --no-headers', /^ledger +3\/3 /)
    assert.equal(run('get pods -l app=ledger -o jsonpath={.items[*].metadata.uid}'), uids)
    story([['delete statefulset ledger', 'statefulset.apps "ledger" deleted']])
    eventually('get pods -l app=ledger', /^No resources found/)
    story([['get pvc -l app=ledger -o name', /^(persistentvolumeclaim\/pages-ledger-[0-4]\n){5}$/]])
  })

  test('Parallel: all at once; with whenDeleted: Delete, the claims go too', () => {
    const { story, eventually } = shell()
    story([[`apply -f ${file('scratch.yaml')}`, 'service/scratch-pods created\nstatefulset.apps/scratch created']])
    eventually('get statefulset scratch --no-headers', /^scratch +3\/3 /)
    story([['scale statefulset scratch --replicas=1', 'statefulset.apps/scratch scaled']])
    eventually('get pvc -l app=scratch -o name', /^persistentvolumeclaim\/pages-scratch-0\n$/)
    story([['delete statefulset scratch', 'statefulset.apps "scratch" deleted']])
    eventually('get pods,pvc -l app=scratch', /^No resources found/)
  })
})
