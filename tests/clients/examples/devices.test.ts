// examples/devices, typed into a stock kubectl.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withKubectl } from '../kubectl.ts'
import { fileOf } from './folder.ts'

const file = fileOf('devices')

withKubectl('examples/devices', (shell) => {
  test('simulated nodes publish devices', () => {
    const { cluster, story, eventually } = shell()
    assert.equal(cluster.skiff(['node', 'add', '-f', file('pool.yaml'), '--data-dir', cluster.dataDir]).out, 'added shop-1, shed-1\n')
    eventually('get resourceslices', /^NAME +NODE +DRIVER +POOL +AGE\nshed-1-lathe.example.com +shed-1 +lathe.example.com +shed-1 +\S+\nshop-1-lathe.example.com +shop-1 +lathe.example.com +shop-1 +\S+\n$/)
    story([
      ['get resourceslices --field-selector spec.nodeName=shop-1 -o jsonpath={.items[*].spec.devices[*].name}', /^lathe-0 lathe-1 lathe-2 lathe-3$/],
      [`apply -f ${file('lathes.yaml')}`, 'deviceclass.resource.k8s.io/lathe created\nresourceclaimtemplate.resource.k8s.io/large-lathe created'],
    ])
  })

  test('each pod of a Job gets a device of its own; who gets none waits and is told why', () => {
    const { story, eventually } = shell()
    story([[`apply -f ${file('turning.yaml')}`, 'job.batch/turning created']])
    eventually('get resourceclaims --no-headers', /^(?=(?:[^]*allocated,reserved){4})turning-\S+ +(allocated,reserved|pending) +\S+\n/)
    eventually('get events --field-selector reason=FailedScheduling', /0\/5 nodes are available: 5 cannot allocate all claims\. still not schedulable, preemption: 0\/5 nodes are available: 5 Preemption is not helpful for scheduling\./)
    eventually('get job turning --no-headers', /^turning +Complete +10\/10 /)
    eventually('get resourceclaims', /^No resources found/)
  })

  test('pods share a claim, which goes when nobody uses it', () => {
    const { story } = shell()
    story([
      [`apply -f ${file('bench.yaml')}`, 'resourceclaim.resource.k8s.io/bench created\ndeployment.apps/bench created'],
      ['rollout status deployment/bench --timeout=30s', /successfully rolled out\n$/],
      ['get resourceclaim bench --no-headers', /^bench +allocated,reserved +\S+\n$/],
      ['get resourceclaim bench -o jsonpath={.status.allocation.devices.results[*].device},{.status.reservedFor[*].resource}', /^lathe-0 lathe-1,pods pods$/],
    ])
  })

  test('a tainted device sends its pods away', () => {
    const { story, eventually } = shell()
    story([[`apply -f ${file('repair.yaml')}`, 'devicetaintrule.resource.k8s.io/repair created']])
    eventually('get events --field-selector reason=DeviceTaintManagerEviction', /Marking for deletion/)
    eventually('get devicetaintrule repair -o jsonpath={.status.conditions[0].type}', /^EvictionInProgress$/)
    // The claim is given back, and other lathes than lathe-0 are taken for it.
    eventually('get resourceclaim bench -o jsonpath={.status.allocation.devices.results[*].device}', /^lathe-1 lathe-2$/)
    story([
      ['rollout status deployment/bench --timeout=30s', /successfully rolled out\n$/],
      ['delete deployment bench', 'deployment.apps "bench" deleted'], ['delete resourceclaim bench', 'resourceclaim.resource.k8s.io "bench" deleted'],
      ['delete devicetaintrule repair', 'devicetaintrule.resource.k8s.io "repair" deleted'],
    ])
    eventually('get resourceclaims', /^No resources found/)
  })
})
