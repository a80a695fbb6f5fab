// examples/placement, typed into a stock kubectl.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withKubectl } from '../kubectl.ts'
import { fileOf } from './folder.ts'

const file = fileOf('placement')
const created = (name: string): readonly [string, string] => [`apply -f ${file(`${name}.yaml`)}`, `deployment.apps/${name} created`]
const rolled = (name: string): readonly [string, RegExp] => [`rollout status deployment/${name} --timeout=30s`, /successfully rolled out\n$/]

withKubectl('examples/placement', (shell) => {
  const nodesOf = (app: string): readonly string[] => shell().run(`get pods -l app=${app} -o jsonpath={.items[*].spec.nodeName}`).split(' ').filter((name) => name !== '').sort()

  test('required and preferred node labels; told why where there is no such node', () => {
    const { story, eventually } = shell()
    story([created('preference')])
    eventually('describe pods -l app=preference', /Warning +FailedScheduling .*default-scheduler +0\/3 nodes are available: 3 node\(s\) didn't match Pod's node affinity\/selector\./)
    story([['label node sim-1 disk=nvme', 'node/sim-1 labeled'], ['label node sim-2 disk=ssd', 'node/sim-2 labeled'], rolled('preference'), ['get nodes -L disk --no-headers', /^sim-1 .* nvme\nsim-2 .* ssd\nsim-3 .*\n$/]])
    assert.deepEqual(nodesOf('preference').filter((node) => node === 'sim-3'), [])
    story([['scale deployment preference --replicas=0', 'deployment.apps/preference scaled']])
    eventually('get pods -l app=preference', /^No resources found/)
    story([['scale deployment preference --replicas=1', 'deployment.apps/preference scaled'], rolled('preference')])
    assert.deepEqual(nodesOf('preference'), ['sim-1'])
  })

  test('apart, together, and evenly over zones', () => {
    const { story, eventually } = shell()
    story([
      created('apart'), rolled('apart'), created('together'), rolled('together'),
      ['scale deployment apart --replicas=4', 'deployment.apps/apart scaled'],
    ])
    eventually('describe pods -l app=apart', /0\/3 nodes are available: 3 node\(s\) didn't match pod anti-affinity rules\./)
    assert.deepEqual(nodesOf('apart'), ['sim-1', 'sim-2', 'sim-3'])
    story([
      ['delete deployment apart together', 'deployment.apps "apart" deleted\ndeployment.apps "together" deleted'],
      ['label node sim-1 sim-2 topology.kubernetes.io/zone=west', 'node/sim-1 labeled\nnode/sim-2 labeled'],
      ['label node sim-3 topology.kubernetes.io/zone=east', 'node/sim-3 labeled'],
      created('even'), rolled('even'),
    ])
    assert.deepEqual(nodesOf('even').filter((node) => node === 'sim-3').length, 3)
    story([['delete deployment even', 'deployment.apps "even" deleted']])
  })

  test('a taint keeps pods away that do not tolerate it, and NoExecute sends them away', () => {
    const { story, eventually } = shell()
    story([
      ['label node sim-3 night=yes', 'node/sim-3 labeled'],
      ['taint node sim-3 dedicated=night:NoSchedule', 'node/sim-3 tainted'],
      ['describe node sim-3', /\nTaints: +dedicated=night:NoSchedule\n/],
      created('guest'), rolled('guest'),
      [`run stranger --image=localhost/skiff/busybox:1 --overrides '{"spec":{"nodeSelector":{"night":"yes"}}}'`, 'pod/stranger created'],
    ])
    assert.deepEqual(nodesOf('guest'), ['sim-3'])
    eventually('describe pod stranger', /0\/3 nodes are available: 1 node\(s\) had untolerated taint\(s\), 2 node\(s\) didn't match Pod's node affinity\/selector\./)
    story([
      ['taint node sim-3 dedicated:NoSchedule-', 'node/sim-3 untainted'],
      ['wait --for=condition=Ready pod/stranger --timeout=20s', 'pod/stranger condition met'],
      ['taint node sim-3 leave=now:NoExecute', 'node/sim-3 tainted'],
    ])
    eventually('get pod stranger --ignore-not-found', /^$/)
    eventually('get pods -l app=guest --no-headers', /^guest-\S+ +0\/1 +Pending +0 +\d+s\n$/)
    story([['taint node sim-3 leave-', 'node/sim-3 untainted'], rolled('guest'), ['delete deployment guest', 'deployment.apps "guest" deleted']])
  })

  test('an urgent pod drives out one that can wait; a cordoned node takes nothing', () => {
    const { story, eventually } = shell()
    story([
      ['delete deployment preference', 'deployment.apps "preference" deleted'],
      [`apply -f ${file('urgent.yaml')}`, 'priorityclass.scheduling.k8s.io/urgent created\npriorityclass.scheduling.k8s.io/can-wait created\ndeployment.apps/filler created\ndeployment.apps/urgent created'],
      rolled('urgent'),
      ['get pods -l app=urgent -o jsonpath={.items[*].spec.priority}', /^100000$/],
    ])
    eventually('get deployment filler --no-headers', /^filler +2\/3 /)
    eventually('get pods -l app=filler --field-selector status.phase=Pending --no-headers', /^filler-\S+ +0\/1 +Pending +0 +\d+s\n$/)
    eventually('describe pods -l app=filler', /0\/3 nodes are available: 3 Insufficient cpu\./)
    story([
      ['get priorityclass can-wait urgent --no-headers', /^can-wait +100 +false +\S+( +Never)?\nurgent +100000 +false +\S+( +PreemptLowerPriority)?\n$/],
      ['delete deployment urgent', 'deployment.apps "urgent" deleted'], rolled('filler'),
      ['cordon sim-1', 'node/sim-1 cordoned'],
      ['delete pods -l app=filler --field-selector spec.nodeName=sim-1', /^pod "filler-\S+" deleted\n$/],
    ])
    eventually('describe pods -l app=filler', /0\/3 nodes are available: 1 node\(s\) were unschedulable, 2 Insufficient cpu\./)
    story([['uncordon sim-1', 'node/sim-1 uncordoned'], rolled('filler'), [`delete -f ${file('urgent.yaml')} --ignore-not-found`, /priorityclass.scheduling.k8s.io "urgent" deleted\n/]])
  })
})
